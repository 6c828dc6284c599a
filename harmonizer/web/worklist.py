"""Pages for the names that need a person: one at a time, by keyboard, and the way to a release.

No script: the first suggestion has the focus, the arrows choose another, Enter decides.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from harmonizer.api.access import Caller, audited
from harmonizer.api.nomenclature import LARGEST_FILE
from harmonizer.domain.nomenclature import HELPER, Rule
from harmonizer.errors import HarmonizerError, NotFoundError, RefusedError
from harmonizer.services.nomenclature import NomenclatureService
from harmonizer.services.thumbnails import ThumbnailService
from harmonizer.web.rendering import missing, page, shown_to

LISTED: Final = 200
OTHER: Final = "other"
LOOKS: Any = shown_to("curator", "admin")
DECIDES: Any = shown_to("curator")

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Text = Annotated[str, Form(max_length=500)]
Skip = Annotated[int, Query(ge=0, le=100_000)]


@router.get("/names")
def show_names(request: Request, caller: Caller = LOOKS) -> Response:
    """Show the names to decide about, the rule set that is open, and how centres stand."""
    return _overview(request, caller)


@router.get("/names/next")
def show_next(request: Request, skip: Skip = 0, told: str = "", caller: Caller = LOOKS) -> Response:
    """Show one name to decide about: the one after `skip` more frequent ones."""
    return _one(request, caller, skip, told[:200])


@router.post("/names/next")
def decide(
    request: Request,
    local_name: Text,
    choice: Text,
    skip: Skip = 0,
    other: Text = "",
    centre: Text = "",
    reason: Text = "",
    caller: Caller = DECIDES,
) -> Response:
    """Keep the decision and go on with the next name."""
    name = other.strip() if choice == OTHER else choice
    rule = Rule(local_name, name, "", reason.strip() or "decided in the worklist", "", centre)
    try:
        audited(request, caller, "names.decide", local_name)
        _names(request).decide(rule, caller.name)
    except RefusedError as error:
        return _one(request, caller, skip, "", str(error))
    shown = "a planning aid" if name == HELPER else name
    told = quote(f"{local_name} = {shown}")
    return RedirectResponse(f"/names/next?skip={skip}&told={told}", 303)


@router.post("/names/sets/{act}")
def move_set(
    request: Request,
    act: str,
    version: Annotated[int, Form()] = 0,
    note: Text = "",
    caller: Caller = DECIDES,
) -> Response:
    """Propose the draft, release or refuse a set, or go back to one."""
    names, by = _names(request), caller.name
    acts: dict[str, Callable[[], object]] = {
        "propose": lambda: names.propose(by, note),
        "release": lambda: names.release(version, by),
        "refuse": lambda: names.refuse(version, by, note),
        "roll-back": lambda: names.roll_back(version, by, note or "no reason given"),
    }
    if act not in acts:
        return missing(request, caller, "page")
    try:
        audited(request, caller, f"names.{act}", str(version))
        acts[act]()
    except HarmonizerError as error:
        return _overview(request, caller, str(error))
    return RedirectResponse("/names", 303)


@router.post("/names/rules/remove")
def take_out(
    request: Request,
    local_name: Text,
    centre: Text = "",
    site: Text = "",
    caller: Caller = DECIDES,
) -> Response:
    """Take a rule out of the draft: the name waits for a decision again."""
    try:
        audited(request, caller, "names.take-out", local_name)
        _names(request).take_out(Rule(local_name, "", "", "", "", centre, site), caller.name)
    except HarmonizerError as error:
        return _overview(request, caller, str(error))
    return RedirectResponse("/names", 303)


@router.post("/names/rules")
def bring_in(
    request: Request, file: UploadFile | None = None, caller: Caller = DECIDES
) -> Response:
    """Put the rules of a YAML or CSV file in the draft."""
    if file is None:
        return _overview(request, caller, "No file was chosen.")
    form = "csv" if (file.filename or "").lower().endswith(".csv") else "yaml"
    data = file.file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        return _overview(request, caller, "The file has more than 20 MB: these are no rules.")
    try:
        audited(request, caller, "names.bring-in", form)
        _names(request).bring_in(data.decode("utf-8-sig"), form, caller.name, whole=False)
    except UnicodeDecodeError:
        return _overview(request, caller, "The file is no text in UTF-8; save it as that.")
    except HarmonizerError as error:
        return _overview(request, caller, str(error))
    return RedirectResponse("/names", 303)


@router.get("/names/picture/{course_uid}/{roi_number}")
def show_picture(
    request: Request, course_uid: str, roi_number: int, _caller: Caller = LOOKS
) -> Response:
    """Show a region on its image."""
    thumbnails: ThumbnailService = request.app.state.thumbnails
    return Response(thumbnails.png(course_uid, roi_number), media_type="image/png")


def _one(request: Request, caller: Caller, skip: int, told: str, wrong: str = "") -> Response:
    names = _names(request)
    found = names.worklist()
    at = min(skip, max(0, len(found) - 1))
    name = found[at] if found else None
    return page(
        request,
        "name.html",
        422 if wrong else 200,
        caller=caller,
        found=name,
        example=names.example(name) if name else None,
        decided=names.decisions(name.local_name) if name else (),
        standard=names.standard_names(),
        skip=at,
        total=len(found),
        told=told,
        wrong=wrong,
        helper=HELPER,
        open_set=names.open_set(),
    )


def _overview(request: Request, caller: Caller, wrong: str = "") -> Response:
    names = _names(request)
    found = names.worklist()
    try:
        preview = names.preview()
    except NotFoundError:
        preview = None
    sets = names.releases()
    new, dropped = names.differences(preview.version) if preview else ((), ())
    return page(
        request,
        "names.html",
        422 if wrong else 200,
        caller=caller,
        names=found[:LISTED],
        total=len(found),
        preview=preview,
        open_set=next((r for r in sets if preview and r.version == preview.version), None),
        sets=sets,
        new=new,
        dropped=dropped,
        compliance=names.compliance(),
        wrong=wrong,
    )


def _names(request: Request) -> NomenclatureService:
    service: NomenclatureService = request.app.state.names
    return service

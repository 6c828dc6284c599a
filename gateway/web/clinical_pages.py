"""Importing clinical files, with a preview."""

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, HTTPException, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.api.access import OPERATORS
from gateway.contract.records import SOURCE, SOURCE_CHARACTERS, WORDS
from gateway.services.clinical import FORMS, ImportOptions
from gateway.web.frame import caller, opened, page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/clinical")
def show_clinical(request: Request) -> Response:
    return _clinical_page(opened(request, *OPERATORS), request)


@router.post("/clinical")
def import_clinical(
    request: Request,
    file: Annotated[UploadFile, File()],
    what: Annotated[str, Form(max_length=32)],
    source: Annotated[str, Form(pattern=SOURCE, max_length=SOURCE_CHARACTERS)] = "console",
    action: Annotated[str, Form(max_length=16)] = "preview",
) -> Response:
    state = opened(request, *OPERATORS)
    options = ImportOptions(source, partial=action == "partial", check_only=action == "preview")
    if what not in (*WORDS, *FORMS):
        raise HTTPException(404, "there is no such kind of file")
    result = state.clinical.import_file(what, file.file.read(), caller(request), options)
    return _clinical_page(state, request, result=result, action=action, what=what)


@router.post("/clinical/again")
def send_refused_again(request: Request) -> Response:
    opened(request, *OPERATORS).clinical_sending.send_refused_again(caller(request))
    return RedirectResponse("/clinical", 303)


def _clinical_page(state: Any, request: Request, **told: Any) -> Response:
    result = told.get("result")
    code = 422 if result is not None and result.problems and told["action"] != "partial" else 200
    return page(
        request,
        "clinical.html",
        code,
        counts=state.clinical.counts(),
        kinds=list(WORDS),
        forms=FORMS,
        **told,
    )

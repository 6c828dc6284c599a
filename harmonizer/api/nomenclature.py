"""HTTP for structure names: the worklist, decisions, rule sets, vocabulary."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from gateway.contract.vocabulary import PublishedVocabulary
from harmonizer.api.access import READERS, Caller, audited, require
from harmonizer.api.studies import CourseUid
from harmonizer.domain.nomenclature import Release, Rule
from harmonizer.services.nomenclature import NomenclatureService, Preview
from harmonizer.services.renamed import RenamedStructureSets

router = APIRouter(prefix="/api/v1/names", tags=["names"])

LARGEST_FILE = 20_000_000
Form = Literal["yaml", "csv"]
Name = Annotated[str, Field(min_length=1, max_length=256)]
Short = Annotated[str, Field(max_length=80)]
Note = Annotated[str, Body(embed=True, max_length=500)]
Offset = Annotated[int, Query(ge=0)]
Limit = Annotated[int, Query(ge=1, le=1000)]


class RuleIn(BaseModel):
    """What a curator decides about a name; "-" as the standard name marks a planning aid."""

    local_name: Name
    tg263_name: Annotated[str, Field(min_length=1, max_length=64)]
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    centre: Short = ""
    site: Short = ""
    guideline: Short = ""
    examples: Annotated[list[Name], Field(max_length=50)] = []

    def rule(self) -> Rule:
        """Return it as a rule; author and day are the server's to say."""
        given = self.model_dump(exclude={"examples"})
        return Rule(author="", decided_on="", examples=tuple(self.examples), **given)


def names_service(request: Request) -> NomenclatureService:
    service: NomenclatureService = request.app.state.names
    return service


Names = Annotated[NomenclatureService, Depends(names_service)]
READ = require("curator", "admin")
DECIDE = require("curator")


@router.get("/worklist")
def read_worklist(
    names: Names,
    centre: str | None = None,
    offset: Offset = 0,
    limit: Limit = 100,
    _caller: Caller = READ,
) -> dict[str, Any]:
    """Return names that need a decision, the most frequent first."""
    found = names.worklist(centre)
    return {"total": len(found), "names": _dicts(found[offset : offset + limit])}


@router.post("/decisions", status_code=201)
def decide(decision: RuleIn, request: Request, names: Names, caller: Caller = DECIDE) -> Any:
    """Keep a decision and put its rule in the draft."""
    audited(request, caller, "names.decide", decision.local_name)
    return _release(names.decide(decision.rule(), caller.name))


@router.get("/decisions")
def read_decisions(
    names: Names, local_name: str | None = None, _caller: Caller = READ
) -> list[dict[str, Any]]:
    """Return what was decided, by whom and when."""
    return [
        {**asdict(decision.rule), "at": decision.at} for decision in names.decisions(local_name)
    ]


@router.get("/disagreements")
def read_disagreements(names: Names, _caller: Caller = READ) -> list[dict[str, Any]]:
    """Return names about which curators decided differently."""
    return _dicts(names.disagreements())


@router.get("/compliance")
def read_compliance(names: Names, _caller: Caller = require(*READERS)) -> list[dict[str, Any]]:
    """Return per centre how its names stand: exact, by rule, suggested, unmapped, aids."""
    return [
        {
            "centre": row.centre,
            "structures": row.structures,
            "statuses": dict(row.statuses),
            "applied": row.applied,
            "exact_share": row.exact_share,
        }
        for row in names.compliance()
    ]


@router.get("/rule-sets")
def read_rule_sets(names: Names, _caller: Caller = READ) -> list[dict[str, Any]]:
    """Return every rule set with who did what, the newest first."""
    return [_release(release) for release in names.releases()]


@router.get("/rule-sets/{version}.{form}")
def read_rules(version: int, form: Form, names: Names, _caller: Caller = READ) -> PlainTextResponse:
    """Return a set's rules as a file."""
    kind = "application/yaml" if form == "yaml" else "text/csv"
    return PlainTextResponse(names.written(version, form), media_type=f"{kind}; charset=utf-8")


@router.get("/rule-sets/{version}/concept-maps")
def read_concept_maps(
    version: int, request: Request, names: Names, _caller: Caller = READ
) -> Mapping[str, Any]:
    """Return a set as a FHIR Bundle of ConceptMaps, one per centre."""
    return names.concept_maps(version, request.app.state.service.settings.public_url)


@router.get("/rule-sets/{version}/preview")
def preview_rules(version: int, names: Names, _caller: Caller = READ) -> dict[str, Any]:
    """Return what the set would change in the archive, name by name."""
    return _preview(names.preview(version))


@router.put("/draft/rules")
def bring_in_rules(
    request: Request,
    names: Names,
    text: Annotated[str, Body(media_type="text/plain", max_length=LARGEST_FILE)],
    form: Form,
    whole: bool = False,
    caller: Caller = DECIDE,
) -> dict[str, Any]:
    """Put the rules of a file in the draft; `whole`: instead of those that it has."""
    audited(request, caller, "names.bring-in", form)
    return _release(names.bring_in(text, form, caller.name, whole))


@router.post("/draft/remove")
def take_out_rule(
    request: Request,
    names: Names,
    local_name: Annotated[str, Body(max_length=256)],
    centre: Annotated[str, Body(max_length=80)] = "",
    site: Annotated[str, Body(max_length=80)] = "",
    caller: Caller = DECIDE,
) -> dict[str, Any]:
    """Take one rule out of the draft."""
    audited(request, caller, "names.take-out", local_name)
    rule = Rule(local_name, "", "", "", "", centre, site)
    return _release(names.take_out(rule, caller.name))


@router.get("/draft/preview")
def preview_draft(names: Names, _caller: Caller = READ) -> dict[str, Any]:
    """Return what the open set would change in the archive."""
    return _preview(names.preview())


@router.post("/draft/propose")
def propose(
    request: Request, names: Names, note: Note = "", caller: Caller = DECIDE
) -> dict[str, Any]:
    """Put the draft up for release by another curator."""
    audited(request, caller, "names.propose", "draft")
    return _release(names.propose(caller.name, note))


@router.post("/rule-sets/{version}/release")
def release(
    version: int, request: Request, names: Names, caller: Caller = DECIDE
) -> dict[str, Any]:
    """Put a proposed set in force; not for the curator who proposed it."""
    audited(request, caller, "names.release", str(version))
    return _preview(names.release(version, caller.name))


@router.post("/rule-sets/{version}/refuse")
def refuse(
    version: int, request: Request, names: Names, note: Note = "", caller: Caller = DECIDE
) -> dict[str, Any]:
    """Give up a draft or a proposed set."""
    audited(request, caller, "names.refuse", str(version))
    return _release(names.refuse(version, caller.name, note))


@router.post("/rule-sets/{version}/roll-back")
def roll_back(
    version: int, request: Request, names: Names, note: Note, caller: Caller = DECIDE
) -> dict[str, Any]:
    """Propose an earlier set's rules again; version 0 has none."""
    audited(request, caller, "names.roll-back", str(version))
    return _release(names.roll_back(version, caller.name, note))


@router.get("/courses/{course_uid}/structure-set")
def read_structure_set(
    course_uid: CourseUid,
    request: Request,
    caller: Caller = require(*READERS),
) -> Response:
    """Return a course's structure set with standard names, derived from the original."""
    audited(request, caller, "names.structure-set", course_uid)
    renamed: RenamedStructureSets = request.app.state.renamed
    headers = {"Content-Disposition": 'attachment; filename="structures-tg263.dcm"'}
    data = renamed.structure_set(course_uid)
    return Response(data, media_type="application/dicom", headers=headers)


@router.get("/vocabulary")
def read_vocabulary(
    names: Names, _caller: Caller = require("site", *READERS)
) -> PublishedVocabulary:
    """Return the words of structure names that free text may keep, with their version."""
    return names.vocabulary()


def _release(release: Release) -> dict[str, Any]:
    return asdict(release)


def _preview(found: Preview) -> dict[str, Any]:
    return {
        "version": found.version,
        "summary": found.summary(),
        "structures": found.structures,
        "patients": found.patients,
        "changes": [
            {**asdict(change.use), "before": change.before, "after": change.after}
            for change in found.changes
        ],
        "obstacles": [conflict.text for conflict in found.obstacles],
        "disagreements": _dicts(found.disagreements),
    }


def _dicts(rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]

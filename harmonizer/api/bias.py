"""HTTP for who takes part and who answers: counts in; differences and weights out."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from gateway.contract.recruitment import RecruitmentCounts
from harmonizer.api.access import READERS, Caller, audited, require
from harmonizer.api.csv_answers import csv_answer
from harmonizer.services.bias import BiasService

router = APIRouter(prefix="/api/v1", tags=["bias"])

Instrument = Annotated[str, Query(pattern=r"^[a-z0-9-]{1,40}$")]
Timepoint = Annotated[str, Query(pattern=r"^[a-z0-9-]{1,40}$")]


def bias_service(request: Request) -> BiasService:
    service: BiasService = request.app.state.bias
    return service


@router.put("/recruitment")
def receive_counts(
    counts: RecruitmentCounts, request: Request, caller: Caller = require("site")
) -> dict[str, int]:
    """Take a centre's counts in the place of those before."""
    now = request.app.state.clock.now()
    bias_service(request).receive(counts, caller.centre or "", now)
    return {"groups": len(counts.groups)}


@router.get("/recruitment")
def read_recruitment(request: Request, _caller: Caller = require(*READERS)) -> list[dict[str, Any]]:
    """Return eligible, asked, consented, declined and withdrawn by centre and group."""
    return [
        {"centre": centre, **asdict(group), "consent_rate": group.consent_rate}
        for centre, groups in bias_service(request).recruitment().items()
        for group in groups
    ]


@router.get("/recruitment/differences")
def read_differences(request: Request, _caller: Caller = require(*READERS)) -> list[dict[str, Any]]:
    """Return standardised differences of who consented and who did not, by centre."""
    return [
        {"centre": centre, **asdict(one), "notable": one.is_notable}
        for centre, found in bias_service(request).consent_differences().items()
        for one in found
    ]


@router.get("/proms/responders")
def read_responders(
    instrument: Instrument,
    timepoint: Timepoint,
    request: Request,
    _caller: Caller = require(*READERS),
) -> dict[str, Any]:
    """Return standardised differences of who answered and who did not when it was due."""
    today = request.app.state.clock.now().date()
    found = bias_service(request).responders(instrument, timepoint, today)
    return {**asdict(found), "share": found.share}


@router.get("/proms/weights.csv")
def read_weights(
    instrument: Instrument,
    timepoint: Timepoint,
    request: Request,
    caller: Caller = require(*READERS),
) -> StreamingResponse:
    """Return inverse-probability weights of those who answered; others have an empty one."""
    today = request.app.state.clock.now().date()
    what = f"{instrument} {timepoint}"
    audited(request, caller, "read-weights", what)
    rows = list(bias_service(request).weights(instrument, timepoint, today))
    return csv_answer(rows, f"weights-{instrument}-{timepoint}")

"""HTTP for readers: the registry extract as CSV, and what its columns mean."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from harmonizer.api.access import READERS, Caller, require
from harmonizer.services.registry import RegistryService

router = APIRouter(prefix="/api/v1", tags=["registry"])


@router.get("/registry-extract")
def read_extract(request: Request, caller: Caller = require(*READERS)) -> StreamingResponse:
    """Return one row per harmonized course: plan, quality and doses of every structure."""
    service: RegistryService = request.app.state.registry
    request.app.state.audit.record(caller.name, caller.role, "read-registry-extract", "all courses")
    return _answer(service.rows(), "registry-extract")


@router.get("/registry-extract/dictionary")
def read_dictionary(request: Request, _caller: Caller = require(*READERS)) -> StreamingResponse:
    """Return the extract's columns with unit and meaning."""
    service: RegistryService = request.app.state.registry
    return _answer(service.dictionary(), "registry-dictionary")


def _answer(rows: Iterable[Sequence[object]], name: str) -> StreamingResponse:
    headers = {"content-disposition": f'attachment; filename="kasari-{name}.csv"'}
    return StreamingResponse(_csv(rows), media_type="text/csv; charset=utf-8", headers=headers)


def _csv(rows: Iterable[Sequence[object]], part: int = 100) -> Iterator[str]:
    """Yield the text some rows at a time."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for number, row in enumerate(rows, start=1):
        writer.writerow(row)
        if number % part == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()

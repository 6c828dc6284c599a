"""HTTP for readers: the registry extract as CSV or Parquet, and what its columns mean."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain
from typing import Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from harmonizer.api.access import READERS, Caller, require
from harmonizer.services.registry import RegistryService

router = APIRouter(prefix="/api/v1", tags=["registry"])

PARQUET: Final = "application/vnd.apache.parquet"


@router.get("/registry-extract")
def read_extract(
    request: Request,
    format: Literal["csv", "parquet"] = "csv",
    caller: Caller = require(*READERS),
) -> StreamingResponse:
    """Return one row per harmonized course: plan, quality and doses of every structure."""
    service: RegistryService = request.app.state.registry
    request.app.state.audit.record(caller.name, caller.role, "read-registry-extract", "all courses")
    columns, rows = service.table()
    table: Iterator[Sequence[object]] = chain([[c.name for c in columns]], rows)
    if format == "csv":
        return _csv_answer(table, "registry-extract")
    parts = request.app.state.parquet(
        table,
        {column.name: column.kind for column in columns},
        {column.name: f"{column.meaning} [{column.unit or '1'}]" for column in columns},
    )
    return StreamingResponse(parts, media_type=PARQUET, headers=_named("registry-extract.parquet"))


@router.get("/registry-extract/dictionary")
def read_dictionary(request: Request, _caller: Caller = require(*READERS)) -> StreamingResponse:
    """Return the extract's columns with unit, kind and meaning, as CSV."""
    service: RegistryService = request.app.state.registry
    return _csv_answer(service.dictionary(), "registry-dictionary")


def _csv_answer(rows: Iterable[Sequence[object]], name: str) -> StreamingResponse:
    headers = _named(f"{name}.csv")
    return StreamingResponse(_csv(rows), media_type="text/csv; charset=utf-8", headers=headers)


def _named(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="kasari-{name}"'}


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

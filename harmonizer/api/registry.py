"""HTTP for readers: the registry extract as CSV or Parquet, and what its columns mean."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from harmonizer.api.access import READERS, Caller, audited, require
from harmonizer.api.csv_answers import PARQUET, csv_answer, named
from harmonizer.services.registry import RegistryService

router = APIRouter(prefix="/api/v1", tags=["registry"])


@router.get("/registry-extract")
def read_extract(
    request: Request,
    format: Literal["csv", "parquet"] = "csv",
    caller: Caller = require(*READERS),
) -> StreamingResponse:
    """Return one row per harmonized course: plan, quality and doses of every structure."""
    service: RegistryService = request.app.state.registry
    audited(request, caller, "read-registry-extract", "all courses")
    columns, rows = service.table()
    table: Iterator[Sequence[object]] = chain([[c.name for c in columns]], rows)
    if format == "csv":
        return csv_answer(table, "registry-extract")
    parts = request.app.state.parquet(
        table,
        {column.name: column.kind for column in columns},
        {column.name: f"{column.meaning} [{column.unit or '1'}]" for column in columns},
    )
    return StreamingResponse(parts, media_type=PARQUET, headers=named("registry-extract.parquet"))


@router.get("/registry-extract/dictionary")
def read_dictionary(request: Request, _caller: Caller = require(*READERS)) -> StreamingResponse:
    """Return the extract's columns with unit, kind and meaning, as CSV."""
    service: RegistryService = request.app.state.registry
    return csv_answer(service.dictionary(), "registry-dictionary")

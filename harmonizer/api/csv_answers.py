"""Tables as answers: CSV, some hundred rows at a time, and what names a file."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Final

from fastapi.responses import StreamingResponse

from harmonizer.domain.spreadsheets import as_text

PARQUET: Final = "application/vnd.apache.parquet"


def csv_answer(rows: Iterable[Sequence[object]], name: str) -> StreamingResponse:
    """Return rows, the header among them, as a file to keep."""
    return StreamingResponse(
        csv_text(rows), media_type="text/csv; charset=utf-8", headers=named(f"{name}.csv")
    )


def named(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="kasari-{name}"'}


def csv_text(rows: Iterable[Sequence[object]], part: int = 200) -> Iterator[str]:
    """Yield the text part by part: memory does not grow with the table."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for number, row in enumerate(rows, start=1):
        writer.writerow([as_text(c) if type(c) is str else c for c in row])
        if number % part == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()

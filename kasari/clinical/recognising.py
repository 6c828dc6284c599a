"""What a file is, by its first bytes and its columns."""

import csv
from io import StringIO
from typing import Final

from gateway.contract.records import WORDS
from gateway.domain.clinical import TableError
from gateway.domain.clinical.columns import COLUMNS
from gateway.domain.tabular.table import DELIMITERS, decode
from kasari.errors import InputError

HEAD_BYTES: Final = 1 << 16
KAIKU: Final = ({"questionnaire", "question_id", "answer"}, {"patient_id", "symptom", "grade"})
REDCAP: Final = {"record_id", "redcap_event_name", "redcap_repeat_instrument"}


def recognise(data: bytes) -> tuple[str, str]:
    """Return the form of a file and, of our own, the kind of its rows.

    Raises
    ------
    InputError
        If its columns fit no kind, or two kinds alike.
    """
    start = data[:HEAD_BYTES].lstrip(b"\xef\xbb\xbf \r\n\t")
    if start[:1] in {b"{", b"["}:
        return ("fhir" if b'"resourceType"' in start else "kaiku"), ""
    columns = _header(data)
    if any(known <= columns for known in KAIKU):
        return "kaiku", ""
    if columns & REDCAP:
        return "redcap", ""
    return "csv", _kind(columns)


def _kind(columns: set[str]) -> str:
    """Return the kind whose needed columns are all there; of several, the one that knows most."""
    fits: list[tuple[int, str]] = []
    for word, kind in WORDS.items():
        needed = {c.name for c in COLUMNS[kind] if c.required}
        if needed <= columns:
            fits.append((len(columns & {c.name for c in COLUMNS[kind]}), word))
    best = sorted(fits, reverse=True)
    if not best or (len(best) > 1 and best[0][0] == best[1][0]):
        words = ", ".join(WORDS)
        raise InputError(
            f"what the file is cannot be told from its columns; say --kind ({words}) or --form, "
            "or write a mapping with `kasari clinical map`"
        )
    return best[0][1]


def _header(data: bytes) -> set[str]:
    head = data[: HEAD_BYTES - HEAD_BYTES % 2]
    if not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.split(b"\n", 1)[0]  # further on, the cut may go through a character
    try:
        line = decode(head).split("\n", 1)[0]
    except TableError as error:
        raise InputError(f"{error.problem.reason}; {error.problem.mend}") from error
    delimiter = max(DELIMITERS, key=line.count)
    return {name.strip().lower() for name in next(csv.reader(StringIO(line), delimiter=delimiter))}

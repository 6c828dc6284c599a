"""Reading who must not be found, from whatever file a hospital has: JSON, CSV or lines of text.

Every value counts, wherever it stands: there is no form to fill in. A date is sought in all the
ways in which people write one, a name by its parts, anything with digits as a whole as well.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.domain.checker import KnownIdentity
from gateway.domain.deid import fold
from gateway.domain.identity import birth_date_of, is_identity_code, normalise_patient_id
from kasari.errors import InputError

SHORTEST_NAME = 3
SHORTEST_NUMBER = 4
SHORTEST_PART = 4
"""Of a text that has digits too, as an address: shorter words of it are not sought alone."""
NOT_WHO = frozenset(
    ("sex", "gender", "sukupuoli", "kon", "status", "version", "scope", "date", "consent")
)
"""Columns and keys whose values are no identifiers, as in a consent sheet."""

_DATES = (
    re.compile(r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)"),
    re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d\d?)[-/.](?P<d>\d\d?)"),
    re.compile(r"(?P<d>\d\d?)[-/.](?P<m>\d\d?)[-/.](?P<y>\d{4})"),
)
_BETWEEN = re.compile(r"[\^=,;|\s]+")
_LETTERS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


@dataclass(frozen=True)
class KnownPeople:
    """What to look for. Shows nothing."""

    words: tuple[str, ...] = field(default=(), repr=False)
    birth_dates: tuple[str, ...] = field(default=(), repr=False)
    """As YYYYMMDD."""

    def identity(self, anatomy: frozenset[str]) -> KnownIdentity:
        """As the checker takes it; names that are also anatomy are sought two at a time."""
        everyday = (word.casefold() for word in self.words if fold(word) in anatomy)
        return KnownIdentity(self.words, self.birth_dates, frozenset(everyday))


def read_people(path: Path | None) -> KnownPeople:
    """Read a file of identifiers.

    Raises
    ------
    InputError
        When it cannot be read, or there is nothing in it to look for.
    """
    if path is None:
        return KnownPeople()
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_bytes().decode("latin-1")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({type(error).__name__})") from None
    words: dict[str, None] = {}
    dates: dict[str, None] = {}
    for value in _values(text, path):
        _take(value.strip(), words, dates)
    if not words and not dates:
        raise InputError(f"{path} holds nothing that could be looked for; see --help for examples")
    return KnownPeople(tuple(words), tuple(dates))


def _values(text: str, path: Path) -> Iterator[str]:
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield from _leaves(json.loads(text))
        except ValueError:
            raise InputError(f"{path} begins like JSON and is none") from None
        return
    lines = [line for line in text.splitlines() if line.strip()]
    delimiter = next((sign for sign in "\t;," if lines and sign in lines[0]), None)
    if delimiter is None or path.suffix.lower() == ".txt":
        yield from lines
        return
    heads, *rows = csv.reader(lines, delimiter=delimiter)
    if any(any(map(str.isdigit, cell)) for cell in heads):  # a table without a heading
        rows = [heads, *rows]
        heads = [""] * len(heads)
    for row in rows:
        named = zip(row, [*heads, *[""] * len(row)], strict=False)
        yield from (cell for cell, head in named if not _is_no_identifier(head))


def _leaves(told: Any) -> Iterator[str]:
    if isinstance(told, dict):
        for key, value in told.items():
            if any(map(str.isdigit, key)):
                yield key
            if not _is_no_identifier(key):
                yield from _leaves(value)
    elif isinstance(told, list):
        for value in told:
            yield from _leaves(value)
    elif isinstance(told, str | int) and not isinstance(told, bool):
        yield str(told)


def _is_no_identifier(head: str) -> bool:
    return fold(head).strip().replace(" ", "_") in NOT_WHO


def _take(value: str, words: dict[str, None], dates: dict[str, None]) -> None:
    for pattern in _DATES:
        if found := pattern.fullmatch(value):
            dates[f"{found['y']}{found['m']:0>2}{found['d']:0>2}"] = None
            return
    digits = sum(map(str.isdigit, value))
    if not digits:
        parts = (part for text in _BETWEEN.split(value) for part in _LETTERS.findall(text))
        words.update(dict.fromkeys(part for part in parts if len(part) >= SHORTEST_NAME))
        return
    if len(re.sub(r"\W", "", value)) >= SHORTEST_NUMBER:
        words[value] = None
        if value.startswith("+358"):  # the same number as it is dialled at home
            words["0" + value[4:].strip()] = None
    plain = normalise_patient_id(value)
    if is_identity_code(plain):
        dates[birth_date_of(plain)] = None
    elif digits < len(value) / 2:
        words.update(
            dict.fromkeys(part for part in _LETTERS.findall(value) if len(part) >= SHORTEST_PART)
        )

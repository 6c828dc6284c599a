"""A checked row into one that may leave: national id, shifted dates, age for birth date.

The same keys and the same shift as for the patient's DICOM objects, so that days between a dose
and an answer stay exact.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from gateway.contract.ages import ADULT_YEARS, OLDEST_YEARS, age_on
from gateway.contract.clinical import ClinicalRow, PromRow, RowKind, ToxicityRow
from gateway.contract.facts import FACTS, FactRow
from gateway.contract.records import WORDS
from gateway.contract.variables import Content, variables
from gateway.domain.clinical.checking import CheckedRow
from gateway.domain.clinical.columns import COLUMNS
from gateway.domain.deid import fold, name_words
from gateway.domain.tabular.problems import Problem

TravellingRow = ClinicalRow | ToxicityRow | PromRow | FactRow

IDENTIFYING = frozenset(c.name for kind in COLUMNS.values() for c in kind if c.identifying)
OUR_SOURCES: Final = frozenset({"csv", "console", "demo", "kaiku", "redcap", "fhir", *WORDS})
"""Names that we give ourselves: they say nothing of a patient who happens to be called so."""
FREE: Final[Mapping[RowKind, tuple[str, ...]]] = {
    kind: tuple(
        one.name
        for one in variables(model)
        if one.content is Content.CODE and re.fullmatch(one.pattern, "ANYNAME")
    )
    for kind, model in FACTS.items()
}
"""Codes whose form leaves room for a name: no list that we have says what they may be."""
LONG_NUMBER: Final = re.compile(r"\d{6}")
SHORT_WORD: Final = 3
"""A name of so few letters stands inside other words by chance; it is sought as a word."""


@dataclass(frozen=True)
class Person:
    """A consented patient: how the centre's rows about them are named and shifted."""

    pseudonym: str
    national_id: str
    shift_days: int
    birth_date: date | None = field(default=None, repr=False)
    words: frozenset[str] = field(default=frozenset(), repr=False)
    """What names the patient, folded: see `name_words`."""


@dataclass(frozen=True)
class Origin:
    """Where the rows of one file are from."""

    source: str
    """The system at the centre."""
    form: str = ""
    code_lists: str = ""
    import_batch: str = ""


def batch_name(key: bytes, data: bytes) -> str:
    """Name an import after its file. Keyed: whoever has the name cannot try files."""
    return hmac.digest(key, b"import-batch" + data, "sha256").hex()[:16]


def deidentify(
    row: CheckedRow, person: Person, key: bytes, origin: Origin
) -> TravellingRow | Problem:
    """Return the row as it travels, or why it may not.

    Parameters
    ----------
    key : bytes
        Secret of the centre; keys the row's identity, so that nobody can guess it by trying.
    """
    shift = timedelta(days=person.shift_days)
    born = row.values.get("birth_date") or person.birth_date
    if isinstance(born, date) and row.on < born:
        return Problem(row.line, "birth_date", "the row is before the birth date", "correct it")
    telling = _telling(row, person, origin)
    if telling:
        return Problem(row.line, telling, "it may name the patient", "give a code, not a name")
    identity = row_identity(row, shift)
    given: dict[str, object] = {
        "national_id": person.national_id,
        "row_key": row_key(key, person.pseudonym, identity),
        **vars(origin),
    }
    kept = _kept(row, shift)
    if row.kind is RowKind.TOXICITY:
        return ToxicityRow.model_validate(given | kept | {"assessed_on": row.on + shift})
    if row.kind is RowKind.PROM:
        answered: dict[str, object] = {"answered_on": row.on + shift, "answers": row.answers}
        return PromRow.model_validate(given | kept | answered)
    if row.kind in FACTS:
        happened: dict[str, object] = {"happened_on": row.on + shift}
        return FACTS[row.kind].model_validate(given | kept | happened)
    age = age_at(born, row.values.get("rt_start") or row.on)
    if age is not None and age < ADULT_YEARS:
        return Problem(
            row.line, "birth_date", f"the patient is under {ADULT_YEARS}", "leave the row out"
        )
    mine: dict[str, object] = {"recorded_on": row.on + shift, "age_years": age}
    return ClinicalRow.model_validate(given | kept | mine)


def _telling(row: CheckedRow, person: Person, origin: Origin) -> str | None:
    """Return which free code of the row tells who the patient is."""
    if origin.source not in OUR_SOURCES and _names(*_source(origin.source), person):
        return "source"
    free = (name for name in FREE.get(row.kind, ()) if row.values.get(name))
    return next((n for n in free if _names(*_searched(str(row.values[n])), person)), None)


def _searched(text: str) -> tuple[str, frozenset[str]]:
    """Return a code as it is searched, and its words."""
    return fold(text), name_words(text)


_source = lru_cache(maxsize=16)(_searched)
"""Every row of a file has the same one."""


def _names(plain: str, parts: frozenset[str], person: Person) -> bool:
    """Whether a code holds a word that names the patient, or what a date of birth may be in."""
    return LONG_NUMBER.search(plain) is not None or any(
        word in parts if len(word) <= SHORT_WORD else word in plain for word in person.words
    )


def age_at(born: object, on: object) -> int | None:
    """Return whole years, 90 for 90 and more; None without both days."""
    if not isinstance(born, date) or not isinstance(on, date):
        return None
    return min(age_on(born, on), OLDEST_YEARS)


def row_identity(row: CheckedRow, shift: timedelta) -> tuple[str, ...]:
    """Return what makes two rows the same row: a corrected one keeps it."""
    day = (row.on + shift).isoformat()
    if row.kind is RowKind.TOXICITY:
        return (row.kind, day, str(row.values["ctcae_version"]), str(row.values["term"]))
    if row.kind is RowKind.PROM:
        return (row.kind, day, str(row.values["instrument"]))
    if row.kind in FACTS:
        model = FACTS[row.kind]
        said = (row.values.get(n, model.model_fields[n].default) for n in model.IDENTITY)
        return (row.kind, day, *map(str, said))
    return (row.kind, day)


def row_key(key: bytes, pseudonym: str, identity: tuple[str, ...]) -> str:
    message = "\x1f".join(("clinical-row", pseudonym, *identity))
    return hmac.digest(key, message.encode(), "sha256").hex()[:40]


def _kept(row: CheckedRow, shift: timedelta) -> dict[str, object]:
    return {
        name: value + shift if isinstance(value, date) else value
        for name, value in row.values.items()
        if name not in IDENTIFYING
    }

"""The archive's code lists as a centre knows them: CTCAE grades and instruments' answers.

They are published by the archive's side into `gateway/data/clinical/codelists.json`, so that a
centre can refuse an impossible value while the person who can mend it is still there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

SHORT: Final = {"eq-5d-5l": ("eq5d", "eq")}
"""What else people call an instrument."""


@dataclass(frozen=True)
class CodedTerm:
    code: int
    term: str
    grades: frozenset[int]


@dataclass(frozen=True)
class Questionnaire:
    version: str
    answers: Mapping[str, frozenset[int]]  # possible answers by item code
    plain: Mapping[tuple[str, str], int] = field(init=False, repr=False)
    """Item code and cell to answer, for cells that hold nothing but a possible answer."""

    def __post_init__(self) -> None:
        plain = {(code, str(n)): n for code, numbers in self.answers.items() for n in numbers}
        object.__setattr__(self, "plain", plain)


@dataclass(frozen=True)
class CodeLists:
    fingerprint: str
    ctcae: Mapping[str, Mapping[str, CodedTerm]]  # version, then casefolded term
    instruments: Mapping[str, Questionnaire]

    def instrument(self, name: str) -> str | None:
        """Return the id of the instrument that is meant, e.g. `qlq-c30` for `EORTC QLQ-C30`."""
        return instrument_meant(name, self.instruments)


def instrument_meant(name: str, known: Iterable[str]) -> str | None:
    """Return the id that a name means: also without `EORTC`, `QLQ` or hyphens, as in `C30`."""
    letters = "".join(c for c in name.lower().replace("h&n", "hn") if c.isalnum())
    wanted = letters.removeprefix("eortc")
    return next((one for one in known if wanted in _spellings(one)), None)


def _spellings(known: str) -> set[str]:
    bare = known.replace("-", "")
    return {bare, bare.removeprefix("qlq"), *SHORT.get(known, ())}

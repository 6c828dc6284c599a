"""The archive's code lists as a centre knows them: CTCAE grades and instruments' answers.

They are published by the archive's side into `gateway/data/clinical/codelists.json`, so that a
centre can refuse an impossible value while the person who can mend it is still there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
        wanted = _squeeze(name)
        return next((known for known in self.instruments if _squeeze(known) == wanted), None)


def _squeeze(name: str) -> str:
    letters = "".join(c for c in name.lower().replace("h&n", "hn") if c.isalnum())
    return letters.removeprefix("eortc")

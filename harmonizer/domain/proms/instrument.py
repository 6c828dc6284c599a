"""A questionnaire as data: item codes and ranges, scales, rules. Never the wording.

The texts of the items belong to their authors (EORTC, University of Michigan, EuroQol); what
stands here are codes, numbers and formulas.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harmonizer.errors import DataError


class Direction(StrEnum):
    """How the mean of the items becomes a score of 0 to 100."""

    FUNCTION = "function"
    """(1 - (mean - lowest) / range) * 100: a higher score is better functioning."""
    SYMPTOM = "symptom"
    """(mean - lowest) / range * 100: a higher score is more of what the items ask about."""
    MEAN = "mean"
    """The mean itself, of items that are recoded or already run from 0 to 100."""
    DIGITS = "digits"
    """The answers side by side as one number, e.g. the EQ-5D-5L profile 11213."""


@dataclass(frozen=True)
class Item:
    """One question. `recode` gives the points of each answer where they are not the answer."""

    code: str
    lowest: int
    highest: int
    recode: Mapping[int, float] = field(default_factory=dict)

    def allows(self, value: int) -> bool:
        return value in self.recode if self.recode else self.lowest <= value <= self.highest


@dataclass(frozen=True)
class Scale:
    """A score over some items. All its items have the same range."""

    code: str
    items: tuple[str, ...]
    direction: Direction
    lowest: int
    span: int  # highest minus lowest answer, so 3 for answers of 1 to 4
    least_answered: int
    turned: frozenset[str] = frozenset()  # items worded the other way round: lowest + highest - x
    unless: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """Not applicable when the item has one of these answers. An unanswered item forbids nothing."""
    confirmed: bool = True
    """False where only one public source gives the rule: shown beside every score."""


@dataclass(frozen=True)
class Summary:
    """The mean of other scales, all of which must be present. `turned` enter as 100 - score."""

    code: str
    scales: tuple[str, ...]
    turned: tuple[str, ...]


@dataclass(frozen=True)
class TestVector:
    """Answers with the scores that the rules give for them, worked out by hand."""

    __test__ = False

    answers: Mapping[str, int | None]
    scores: Mapping[str, float | None]


@dataclass(frozen=True)
class Instrument:
    """One questionnaire in one version."""

    id: str
    name: str
    version: str
    items: Mapping[str, Item]
    scales: tuple[Scale, ...]
    summaries: tuple[Summary, ...] = ()
    source: str = ""
    vectors: tuple[TestVector, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """What a scale is called, by code, where the code is no word."""

    def __post_init__(self) -> None:
        """Refuse a rule that names what is not there.

        Raises
        ------
        DataError
            `instrument-broken`, naming the scale.
        """
        known = set(self.items)
        for scale in self.scales:
            named = set(scale.items) | set(scale.unless) | scale.turned
            if not scale.items or not named <= known or scale.least_answered < 1:
                raise DataError("instrument-broken", f"{self.id}: scale {scale.code} is not usable")
        codes = {scale.code for scale in self.scales}
        for summary in self.summaries:
            if not {*summary.scales, *summary.turned} <= codes:
                raise DataError("instrument-broken", f"{self.id}: {summary.code} is not usable")
        if not set(self.names) <= set(self.codes):
            raise DataError("instrument-broken", f"{self.id}: a name belongs to no scale")

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of everything that is scored, in the order of the file."""
        return tuple(s.code for s in self.scales) + tuple(s.code for s in self.summaries)

    def label(self, code: str) -> str:
        """Name a scale for people: its code, and what it is called."""
        return f"{code} {self.names[code]}" if code in self.names else code

"""A question about studies, parsed: every condition holds of one and the same course."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"


class Comparison(StrEnum):
    AT_LEAST = ">="
    AT_MOST = "<="
    MORE = ">"
    LESS = "<"


@dataclass(frozen=True)
class Span:
    """Days from the first fraction, both ends included. None: open."""

    first: int | None = None
    last: int | None = None


@dataclass(frozen=True)
class DoseCondition:
    """`structure` and `metric` by their TG-263 names, the value in the metric's unit."""

    structure: str
    metric: str
    comparison: Comparison
    value: float


@dataclass(frozen=True)
class ToxicityCondition:
    """At some visit in the span the term was graded so."""

    term: str
    comparison: Comparison
    grade: int
    span: Span = Span()


@dataclass(frozen=True)
class PromCondition:
    """At some day in the span a scale of a questionnaire had such a score."""

    instrument: str
    scale: str
    comparison: Comparison
    value: float
    span: Span = Span()


@dataclass(frozen=True)
class Question:
    """What is asked. Within a tuple of strings any may match; conditions must all hold.

    `names` are TG-263 names, each of which the course must have; `*` and `?` stand for any
    characters and any one, there and in `patients`. `standard` goes to the archive's store.
    """

    level: Level = Level.STUDY
    studies: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    sop_classes: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    patients: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    doses: tuple[DoseCondition, ...] = ()
    toxicities: tuple[ToxicityCondition, ...] = ()
    scores: tuple[PromCondition, ...] = ()
    sides: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    centres: tuple[str, ...] = ()
    standard: tuple[tuple[str, str], ...] = ()
    fields: tuple[str, ...] = ()
    limit: int | None = None
    offset: int = 0

    @property
    def is_narrow(self) -> bool:
        """Whether our own tables leave out studies, beyond what nobody may see."""
        return any(
            (
                self.studies,
                self.patients,
                self.modalities,
                self.names,
                self.doses,
                self.toxicities,
                self.scores,
                self.sides,
                self.sites,
                self.centres,
            )
        )


@dataclass(frozen=True)
class Entry:
    """One study, series or instance that a reader may see, as our tables know it."""

    study: str
    national_id: str
    centre: str
    series: str = ""  # empty at a higher level, as the two below
    instance: str = ""
    sop_class: str = ""
    modalities: tuple[str, ...] = ()
    series_count: int = 0
    instance_count: int = 0

    @property
    def uid(self) -> str:
        """Of its own level."""
        return self.instance or self.series or self.study

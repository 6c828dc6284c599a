"""Everything that happened to one patient, counted in days from the first fraction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True)
class TimelineEvent:
    """One grade, one score or one record. `on` is shifted; intervals are true."""

    on: date
    day: int | None  # from RT start; None while that is not known
    kind: str  # "clinical", "toxicity" or "prom"
    name: str  # the CTCAE term, or the instrument and scale, or "record"
    value: float | None  # the grade or the score; None: answered, but not enough of it
    version: str = ""  # of CTCAE or of the instrument
    timepoint: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)
    """Source system, form of the file, version of the code lists, import batch."""


@dataclass(frozen=True)
class Timeline:
    national_id: str
    rt_start: date | None
    events: tuple[TimelineEvent, ...]  # in order of time


@dataclass(frozen=True)
class Latest:
    """What the newest clinical record says, field by field: a later gap hides nothing."""

    national_id: str
    site: str | None = None
    laterality: str | None = None
    diagnosis_icd10: str | None = None
    stage: str | None = None
    sex: str | None = None
    age_years: int | None = None
    rt_start: date | None = None
    rt_end: date | None = None

"""What harmonizing a course gives, ready to be kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harmonizer.domain.quality.findings import Finding


@dataclass(frozen=True)
class StructureRow:
    roi_number: int
    local_name: str
    standard_name: str | None  # None unless it may be applied unseen
    suggestion: str | None
    kind: str
    confidence: float  # 0..1
    status: str
    reason: str
    alternatives: tuple[Mapping[str, Any], ...]
    dose_status: str
    volume_cm3: float | None
    curve: tuple[tuple[float, float], ...] = ()  # dose in Gy, volume in per cent


@dataclass(frozen=True)
class MetricRow:
    roi_number: int
    standard_name: str | None
    name: str  # TG-263
    value: float | None
    unit: str
    uncertainty: float | None = None  # one sigma, in `unit`
    note: str = ""


@dataclass(frozen=True)
class PlanSummary:
    """What the course's plan says, and its records."""

    label: str | None = None
    technique: str | None = None
    prescribed_gy: float | None = None
    fractions: int | None = None
    intent: str | None = None
    fractions_delivered: int | None = None  # None without treatment records
    treatment_days: int | None = None  # from the first to the last record, both counted


@dataclass(frozen=True)
class PlanRow:
    """One of the course's plans: what it asks for, and what its records say was given."""

    plan_uid: str
    label: str | None = None
    technique: str | None = None
    fractions: int | None = None
    delivered: int | None = None  # 0 if the course has records and none is this plan's
    first_day: str | None = None  # of its records, ISO date
    last_day: str | None = None
    prescribed: tuple[tuple[int, float], ...] = ()  # ROI number and total dose, Gy


@dataclass(frozen=True)
class Harmonized:
    """Everything derived from one version of a course."""

    plan: PlanSummary
    site: str | None
    laterality: str | None
    plans: tuple[PlanRow, ...] = ()
    structures: tuple[StructureRow, ...] = ()
    metrics: tuple[MetricRow, ...] = ()
    findings: tuple[Finding, ...] = ()
    made_by: Mapping[str, str] = field(default_factory=dict)

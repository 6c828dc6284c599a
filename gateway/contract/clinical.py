"""Clinical rows as they travel: national id, shifted dates, no free text."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from gateway.contract.manifest import WireModel


class RowKind(StrEnum):
    CLINICAL = "clinical"
    TOXICITY = "toxicity"
    PROM = "prom"


class ClinicalRow(WireModel):
    """What a registry row about a patient and course says. Codes only."""

    national_id: str
    row_key: str
    """Keyed hash of the source row's identity: the same row sent again has the same key."""
    source: str
    recorded_on: date
    diagnosis_icd10: str | None = None
    laterality: str | None = Field(default=None, pattern="^(L|R|B|N)$")
    site: str | None = None
    """Treated site: breast, prostate, lung, head-neck, other."""
    stage: str | None = None
    age_years: int | None = Field(default=None, ge=18, le=90)
    sex: str | None = Field(default=None, pattern="^[FMO]$")
    smoking: str | None = None
    performance_status: int | None = Field(default=None, ge=0, le=4)
    chemotherapy: bool | None = None
    rt_start: date | None = None


class ToxicityRow(WireModel):
    """One clinician-graded adverse event."""

    national_id: str
    row_key: str
    source: str
    assessed_on: date
    ctcae_version: str
    term: str
    meddra_code: int | None = None
    grade: int = Field(ge=0, le=5)
    attribution: str | None = None


class PromRow(WireModel):
    """One answered questionnaire: item codes and raw values, None where not answered."""

    national_id: str
    row_key: str
    source: str
    answered_on: date
    instrument: str
    instrument_version: str
    answers: dict[str, int | None]


class ClinicalBatch(WireModel):
    """Rows sent together. The archive stores all of them or none."""

    batch_id: str
    """Digest of the rows: sending a batch twice changes nothing."""
    centre: str
    clinical: tuple[ClinicalRow, ...] = ()
    toxicity: tuple[ToxicityRow, ...] = ()
    prom: tuple[PromRow, ...] = ()


class RowProblem(WireModel):
    row_key: str
    field: str
    reason: str


class BatchReceipt(WireModel):
    batch_id: str
    stored: int
    unchanged: int
    superseded: int
    problems: tuple[RowProblem, ...] = ()

"""Clinical rows as they travel: national id, shifted dates, codes, no free text.

The data dictionary is generated from these models: a field's description is its entry there.
"""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from gateway.contract.ages import ADULT_YEARS, OLDEST_YEARS
from gateway.contract.facts import ICD10, Fact
from gateway.contract.model import WireModel
from gateway.contract.records import RowKind as RowKind
from gateway.contract.records import SourceRecord as SourceRecord

STAGE_PATTERN = (
    r"^((0|IS|I{1,3}|IV)[A-C]?[1-3]?"
    r"|([CPYR]{0,2}T[0-4X](IS|MI|[A-D])?)?(N[0-3X][A-C]?)?(M[01X])?)$"
)


NotAnswered = Literal["too-ill", "declined", "not-reached", "administrative", "other"]


class ClinicalRow(SourceRecord):
    """What a registry row about a patient and course says. Codes only."""

    recorded_on: date = Field(description="Day of the record, shifted with the patient's offset")
    diagnosis_icd10: str | None = Field(
        default=None, pattern=ICD10, description="Main diagnosis, ICD-10"
    )
    laterality: str | None = Field(
        default=None,
        pattern="^(L|R|B|N)$",
        description="Side of the primary: left, right, both, none",
    )
    site: str | None = Field(
        default=None,
        pattern="^(breast|prostate|lung|head-neck|other)$",
        description="Treated site",
    )
    stage: str | None = Field(
        default=None, pattern=STAGE_PATTERN, description="UICC stage group or TNM"
    )
    age_years: int | None = Field(
        default=None,
        ge=ADULT_YEARS,
        le=OLDEST_YEARS,
        description="Whole years at RT start (or at the record); 90 stands for 90 and more",
    )
    sex: str | None = Field(default=None, pattern="^[FMO]$", description="Female, male, other")
    smoking: str | None = Field(
        default=None, pattern="^(never|former|current|unknown)$", description="Smoking at baseline"
    )
    performance_status: int | None = Field(
        default=None, ge=0, le=4, description="ECOG/WHO performance status"
    )
    chemotherapy: bool | None = Field(default=None, description="Any chemotherapy for this tumour")
    rt_end: date | None = Field(default=None, description="Day of the last fraction, shifted")
    rt_start: date | None = Field(
        default=None, description="Day of the first fraction, shifted: day 0 of the timeline"
    )


class ToxicityRow(SourceRecord):
    """One clinician-graded adverse event."""

    assessed_on: date = Field(description="Day of the assessment, shifted")
    ctcae_version: str = Field(max_length=8, description="CTCAE version the grade was given by")
    term: str = Field(max_length=120, description="CTCAE term of that version")
    meddra_code: int | None = Field(default=None, description="MedDRA LLT code of the term")
    grade: int = Field(ge=0, le=5, description="Grade; 0 is assessed and absent")
    attribution: str | None = Field(
        default=None,
        pattern="^(unrelated|unlikely|possible|probable|definite)$",
        description="How far the treatment is held to be the cause",
    )


class PromRow(SourceRecord):
    """One answered questionnaire: item codes and raw values, None where not answered."""

    answered_on: date = Field(description="Day of the answer, shifted")
    instrument: str = Field(max_length=40, description="Id of the instrument, e.g. qlq-c30")
    instrument_version: str = Field(
        pattern=r"^[\d.]{1,16}$", description="Version of the instrument"
    )
    answers: dict[str, int | None] = Field(
        description="Raw answers by item code; an item without an answer is null"
    )
    not_answered: NotAnswered | None = Field(
        default=None, description="Why a questionnaire that was given was not answered"
    )


class ClinicalBatch(WireModel):
    """Rows sent together. The archive stores all of them or none."""

    batch_id: str
    """Digest of the rows: sending a batch twice changes nothing."""
    centre: str
    clinical: tuple[ClinicalRow, ...] = ()
    toxicity: tuple[ToxicityRow, ...] = ()
    prom: tuple[PromRow, ...] = ()
    facts: tuple[Fact, ...] = ()
    withdrawn: tuple[str, ...] = ()
    """National ids whose data are deleted, before the rows above are stored, and stay away:
    rows at once, courses and their objects as work of the archive (see `WithdrawalReceipt`)."""
    consented_again: tuple[str, ...] = ()
    """National ids of withdrawn patients who gave consent again: their data are taken again."""


class RowProblem(WireModel):
    row_key: str
    field: str
    reason: str


class BatchReceipt(WireModel):
    batch_id: str
    stored: int
    unchanged: int
    superseded: int
    withdrawn: int = 0
    """Rows that the archive deleted because their patients withdrew."""
    problems: tuple[RowProblem, ...] = ()


class Export(WireModel):
    """What a reader of the archive took away while it could hold data of a patient."""

    caller: str
    """The reader's name at the archive."""
    action: str
    """As the archive's audit calls it, e.g. `read-table`."""
    what: str
    """Which table; or the course or study, under the archive's UID."""
    times: int
    last_at: datetime


class WithdrawalReceipt(WireModel):
    """What the archive deleted of one patient who withdrew, and what it cannot delete."""

    national_id: str
    withdrawn_at: datetime
    erased_at: datetime | None = None
    """None while objects are still to be deleted."""
    rows: int
    courses: int
    instances: int
    exports: tuple[Export, ...] = ()
    """What is with readers: the archive's administrator asks them to delete it."""
    more_exports: int = 0
    """So many more, which are not listed."""

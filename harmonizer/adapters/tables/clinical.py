"""Clinical, toxicity and PROM rows as centres sent them, every version, and what is derived."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field

from harmonizer.adapters.tables.base import HarmonizerTable
from harmonizer.adapters.tables.types import UtcDateTime


class ClinicalPatientTable(HarmonizerTable, table=True):
    """Which centre a national id is from: no other centre may write about it."""

    __tablename__ = "clinical_patient"

    national_id: str = Field(primary_key=True)
    centre: str = Field(index=True)


class WithdrawnPatientTable(HarmonizerTable, table=True):
    """A patient whose data are deleted and stay away. The counts are of what was deleted."""

    __tablename__ = "withdrawn_patient"

    national_id: str = Field(primary_key=True)
    centre: str
    withdrawn_at: datetime = Field(sa_type=UtcDateTime)
    rows: int = 0
    courses: int = 0
    instances: int = 0
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the last object was deleted; None while that is still to be done."""
    held_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the first row or whole course of the patient was stored; None if none ever was."""
    more_exports: int = 0


class WithdrawnExportTable(HarmonizerTable, table=True):
    """What a reader took away while it could hold data of a patient who has withdrawn since."""

    __tablename__ = "withdrawn_export"

    national_id: str = Field(primary_key=True)
    caller: str = Field(primary_key=True)
    action: str = Field(primary_key=True)
    what: str = Field(primary_key=True)
    times: int
    last_at: datetime = Field(sa_type=UtcDateTime)


class ClinicalBatchTable(HarmonizerTable, table=True):
    """The receipt of a batch: the same batch again gets the same answer."""

    __tablename__ = "clinical_batch"

    batch_id: str = Field(primary_key=True)
    centre: str
    received_at: datetime = Field(sa_type=UtcDateTime)
    receipt: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class SourceRecordColumns(HarmonizerTable):
    """What every record has: whose, from where, which version of the row."""

    id: int | None = Field(default=None, primary_key=True)
    row_key: str
    digest: str
    national_id: str
    centre: str
    source: str
    form: str = Field(default="", sa_column_kwargs={"server_default": ""})
    code_lists: str = Field(default="", sa_column_kwargs={"server_default": ""})
    import_batch: str = Field(default="", sa_column_kwargs={"server_default": ""})
    batch_id: str = Field(foreign_key="clinical_batch.batch_id")
    current: bool = True
    """False once a corrected row superseded it."""


class ClinicalRecordTable(SourceRecordColumns, table=True):
    __tablename__ = "clinical_record"
    __table_args__ = (
        Index("ix_clinical_record_key", "row_key"),
        Index("ix_clinical_record_patient", "national_id"),
    )

    recorded_on: date
    diagnosis_icd10: str | None = None
    laterality: str | None = None
    site: str | None = None
    stage: str | None = None
    age_years: int | None = None
    sex: str | None = None
    smoking: str | None = None
    performance_status: int | None = None
    chemotherapy: bool | None = None
    rt_start: date | None = None
    rt_end: date | None = None


class ToxicityRecordTable(SourceRecordColumns, table=True):
    __tablename__ = "toxicity_record"
    __table_args__ = (
        Index("ix_toxicity_record_key", "row_key"),
        Index("ix_toxicity_record_patient", "national_id"),
    )

    assessed_on: date
    ctcae_version: str
    term: str
    meddra_code: int | None = None
    grade: int
    attribution: str | None = None


class PromRecordTable(SourceRecordColumns, table=True):
    __tablename__ = "prom_record"
    __table_args__ = (
        Index("ix_prom_record_key", "row_key"),
        Index("ix_prom_record_patient", "national_id"),
    )

    answered_on: date
    instrument: str
    instrument_version: str
    answers: dict[str, int | None] = Field(sa_column=Column(JSON, nullable=False))
    scores: dict[str, float | None] = Field(sa_column=Column(JSON, nullable=False))
    """Derived from the answers; None where the instrument's missing rule says so."""
    not_answered: str | None = None
    scoring_version: str
    """Of the rules and the code that gave the scores."""


class ClinicalFactTable(SourceRecordColumns, table=True):
    """Rows of every kind in `gateway.contract.facts`: what they say is one value."""

    __tablename__ = "clinical_fact"
    __table_args__ = (
        Index("ix_clinical_fact_key", "row_key"),
        Index("ix_clinical_fact_patient", "national_id"),
    )

    fact: str
    """Its kind, as in `RowKind`."""
    happened_on: date
    said: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))

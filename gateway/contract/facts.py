"""What else happened to a patient, one model per kind. All travel and are kept the same way.

A new kind is a model here and its name in `RowKind`; columns of its files, checks, identity of a
row, table and dictionary follow from the model.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, model_validator

from gateway.contract.records import RowKind, SourceRecord

ICD10: Final = r"^[A-Z]\d{2}(\.?\d{1,3})?$"
CONDITIONS: Final = (
    "myocardial-infarction",
    "heart-failure",
    "peripheral-vascular",
    "cerebrovascular",
    "dementia",
    "chronic-pulmonary",
    "rheumatic",
    "peptic-ulcer",
    "mild-liver",
    "diabetes",
    "diabetes-complicated",
    "hemiplegia",
    "renal",
    "other-cancer",
    "leukaemia",
    "lymphoma",
    "severe-liver",
    "metastatic-cancer",
    "aids",
)
"""Of the Charlson index."""
LOINC_UNITS: Final[Mapping[str, frozenset[str]]] = {
    "2857-1": frozenset({"ng/mL", "ug/L"}),  # PSA
    "718-7": frozenset({"g/L", "g/dL"}),  # haemoglobin
    "2160-0": frozenset({"mg/dL"}),  # creatinine, mass
    "14682-9": frozenset({"umol/L"}),  # creatinine, substance
    "6690-2": frozenset({"10*9/L", "10*3/uL"}),  # leucocytes
    "777-3": frozenset({"10*9/L", "10*3/uL"}),  # thrombocytes
    "751-8": frozenset({"10*9/L", "10*3/uL"}),  # neutrophils
}
"""What a result may be given in, where we know: a wrong unit is a wrong number."""

Trouble = tuple[str, str, str]  # field, reason, how to mend it


def _ends_too_early(values: Mapping[str, Any], first: str) -> Trouble | None:
    """Say that a therapy ended before it began, which was with `first`."""
    begun, ended = values.get("happened_on"), values.get("ended_on")
    if begun and ended and ended < begun:
        return "ended_on", f"this day is before {first}", "correct one of the two"
    return None


class FactRow(SourceRecord):
    """One thing that happened, was measured or was found on a day."""

    IDENTITY: ClassVar[tuple[str, ...]] = ()
    """Fields that, with kind and day, make two rows the same row."""

    happened_on: date = Field(description="Day that it happened or was found, shifted")

    @classmethod
    def trouble(cls, values: Mapping[str, Any]) -> Trouble | None:
        """Return what several fields together cannot say."""
        return None

    @model_validator(mode="after")
    def _no_trouble(self) -> "FactRow":
        found = self.trouble(self.__dict__)
        if found:
            raise ValueError(f"{found[0]}: {found[1]}")
        return self


class DiagnosisRow(FactRow):
    """One tumour; the day is that of the diagnosis."""

    IDENTITY: ClassVar = ("icd10", "tnm_basis")
    kind: Literal["diagnosis"] = Field(default="diagnosis", description="Kind of the row")
    icd10: str = Field(pattern=ICD10, description="Diagnosis, ICD-10")
    topography: str | None = Field(
        default=None, pattern=r"^C\d{2}(\.\d)?$", description="Site of the tumour, ICD-O-3"
    )
    morphology: str | None = Field(
        default=None, pattern=r"^\d{4}/[0-369]$", description="Histology and behaviour, ICD-O-3"
    )
    laterality: Literal["L", "R", "B", "N"] | None = Field(
        default=None, description="Side of the primary: left, right, both, none"
    )
    tnm_edition: Literal["6", "7", "8", "9"] | None = Field(
        default=None, description="Edition of the UICC TNM classification"
    )
    tnm_basis: Literal["clinical", "pathological"] | None = Field(
        default=None, description="What T, N and M rest on"
    )
    t: str | None = Field(
        default=None, pattern=r"^(X|IS|A|[0-4])([A-D]|MI)?$", description="Primary tumour"
    )
    n: str | None = Field(
        default=None, pattern=r"^(X|[0-3])([A-C]|MI)?$", description="Regional lymph nodes"
    )
    m: str | None = Field(default=None, pattern=r"^(X|[01])[A-D]?$", description="Metastasis")
    stage: str | None = Field(
        default=None, pattern=r"^(0|I{1,3}|IV)[A-D]?[1-3]?$", description="UICC stage group"
    )

    @classmethod
    def trouble(cls, values: Mapping[str, Any]) -> Trouble | None:
        if any(values.get(name) for name in ("t", "n", "m")) and not values.get("tnm_edition"):
            return "tnm_edition", "TNM is given without its edition", "give the edition, 6 to 9"
        return None


class RtCourseRow(FactRow):
    """One course of radiotherapy as it was given; the day is that of the first fraction."""

    IDENTITY: ClassVar = ("site",)
    kind: Literal["rt-course"] = Field(default="rt-course", description="Kind of the row")
    site: Literal["breast", "prostate", "lung", "head-neck", "other"] = Field(
        description="Treated site"
    )
    ended_on: date | None = Field(default=None, description="Day of the last fraction, shifted")
    intent: Literal["curative", "palliative"] | None = Field(
        default=None, description="What the treatment was for"
    )
    modality: Literal["photon", "electron", "proton", "brachytherapy", "mixed"] | None = Field(
        default=None, description="Kind of radiation"
    )
    fractions: int | None = Field(default=None, ge=1, le=60, description="Fractions given")
    dose_gy: float | None = Field(
        default=None, ge=0, le=200, allow_inf_nan=False, description="Total dose given, Gy"
    )

    @classmethod
    def trouble(cls, values: Mapping[str, Any]) -> Trouble | None:
        return _ends_too_early(values, "the first fraction")


class SurgeryRow(FactRow):
    """One operation for the tumour."""

    IDENTITY: ClassVar = ("procedure",)
    kind: Literal["surgery"] = Field(default="surgery", description="Kind of the row")
    procedure: str = Field(
        pattern=r"^[A-Z]{3}\d{2}$", description="Code of the operation, NOMESCO (NCSP)"
    )
    intent: Literal["curative", "palliative", "diagnostic"] | None = Field(
        default=None, description="What the operation was for"
    )
    margin: Literal["r0", "r1", "r2"] | None = Field(
        default=None, description="Residual tumour: none, microscopic, macroscopic"
    )


class SystemicTherapyRow(FactRow):
    """One systemic drug; the day is that of the first dose."""

    IDENTITY: ClassVar = ("atc",)
    kind: Literal["systemic-therapy"] = Field(
        default="systemic-therapy", description="Kind of the row"
    )
    atc: str = Field(
        pattern=r"^[A-Z]\d{2}([A-Z]([A-Z](\d{2})?)?)?$", description="Drug or its group, ATC"
    )
    ended_on: date | None = Field(default=None, description="Day of the last dose, shifted")
    setting: Literal["neoadjuvant", "concurrent", "adjuvant", "palliative"] | None = Field(
        default=None, description="When in the treatment it was given"
    )
    cycles: int | None = Field(default=None, ge=1, le=100, description="Cycles given")

    @classmethod
    def trouble(cls, values: Mapping[str, Any]) -> Trouble | None:
        return _ends_too_early(values, "the first dose")


class ComorbidityRow(FactRow):
    """One disease beside the tumour; the day is that of the finding."""

    IDENTITY: ClassVar = ("condition",)
    kind: Literal["comorbidity"] = Field(default="comorbidity", description="Kind of the row")
    condition: Literal[CONDITIONS] = Field(  # type: ignore[valid-type]
        description="Which condition of the Charlson index"
    )
    icd10: str | None = Field(default=None, pattern=ICD10, description="Diagnosis, ICD-10")


class LaboratoryRow(FactRow):
    """One laboratory result."""

    IDENTITY: ClassVar = ("loinc",)
    kind: Literal["laboratory"] = Field(default="laboratory", description="Kind of the row")
    loinc: str = Field(pattern=r"^\d{1,5}-\d$", description="What was measured, LOINC")
    value: float = Field(ge=0, le=1e9, allow_inf_nan=False, description="Result")
    unit: Literal[
        "1", "%", "g/L", "g/dL", "mg/dL", "mg/L", "ug/L", "ng/mL", "ng/L", "mmol/L", "umol/L",
        "nmol/L", "pmol/L", "10*9/L", "10*3/uL", "10*12/L", "U/L", "k[IU]/L", "mL/min",
    ] = Field(description="Unit, UCUM")  # fmt: skip

    @classmethod
    def trouble(cls, values: Mapping[str, Any]) -> Trouble | None:
        possible = LOINC_UNITS.get(str(values.get("loinc")))
        if possible and values.get("unit") not in possible:
            mend = f"give the result in {' or '.join(sorted(possible))}"
            return "unit", "this is not a unit of what was measured", mend
        return None


class SampleRow(FactRow):
    """That a sample was taken. Its own number stays at the centre, which finds it by the row."""

    IDENTITY: ClassVar = ("material", "number")
    kind: Literal["sample"] = Field(default="sample", description="Kind of the row")
    material: Literal["tissue-frozen", "tissue-ffpe", "blood", "plasma", "serum", "urine"] = Field(
        description="What was taken"
    )
    number: int = Field(default=1, ge=1, le=99, description="Which one of that day")
    biobank: str | None = Field(
        default=None, pattern=r"^[A-Z][A-Z0-9-]{1,19}$", description="Code of who keeps it"
    )


class FollowUpRow(FactRow):
    """One follow-up visit and how the disease was then."""

    kind: Literal["follow-up"] = Field(default="follow-up", description="Kind of the row")
    disease: Literal["none", "stable", "progressive", "unknown"] = Field(
        description="Evidence of disease"
    )
    performance_status: int | None = Field(
        default=None, ge=0, le=4, description="ECOG/WHO performance status"
    )


class RecurrenceRow(FactRow):
    """The tumour came back."""

    IDENTITY: ClassVar = ("extent",)
    kind: Literal["recurrence"] = Field(default="recurrence", description="Kind of the row")
    extent: Literal["biochemical", "local", "regional", "distant"] = Field(
        description="How far away from the primary"
    )
    confirmed_by: Literal["histology", "imaging", "laboratory", "clinical"] | None = Field(
        default=None, description="How it was found"
    )


class VitalStatusRow(FactRow):
    """Whether the patient lived on a day; of a death, the day is that of the death."""

    kind: Literal["vital-status"] = Field(default="vital-status", description="Kind of the row")
    status: Literal["alive", "dead"] = Field(description="Alive on the day, or died on it")
    cause_icd10: str | None = Field(
        default=None, pattern=ICD10, description="Underlying cause of death, ICD-10"
    )

    @classmethod
    def trouble(cls, values: Mapping[str, Any]) -> Trouble | None:
        if values.get("status") == "alive" and values.get("cause_icd10"):
            return "cause_icd10", "a living patient has a cause of death", "correct one of the two"
        return None


Fact = Annotated[
    DiagnosisRow
    | RtCourseRow
    | SurgeryRow
    | SystemicTherapyRow
    | ComorbidityRow
    | LaboratoryRow
    | SampleRow
    | FollowUpRow
    | RecurrenceRow
    | VitalStatusRow,
    Field(discriminator="kind"),
]
MODELS: Final[tuple[type[FactRow], ...]] = (
    DiagnosisRow,
    RtCourseRow,
    SurgeryRow,
    SystemicTherapyRow,
    ComorbidityRow,
    LaboratoryRow,
    SampleRow,
    FollowUpRow,
    RecurrenceRow,
    VitalStatusRow,
)
FACTS: Final[Mapping[RowKind, type[FactRow]]] = {
    RowKind(model.model_fields["kind"].default): model for model in MODELS
}

"""What a FHIR bundle says beside the diagnosis: operations, courses, drugs, results, death.

Only what is coded as our own columns are coded is taken; another coding is another hospital's
dictionary, and guessing would be silently wrong.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from gateway.contract.clinical import RowKind
from gateway.domain.fhir import Resource, coded, codes, extensions

Record = tuple[RowKind, dict[str, object]]

COURSE_SUMMARY: Final = "1217123003"  # SNOMED CT, radiotherapy course of treatment
NOMESCO: Final = "ncsp"
ATC: Final = "whocc.no/atc"
LOINC: Final = "loinc.org"
UCUM: Final = "unitsofmeasure.org"
SITES: Final = {
    "76752008": "breast",
    "41216001": "prostate",
    "39607008": "lung",
    "774007": "head-neck",
}
INTENTS: Final = {"373808002": "curative", "363676003": "palliative"}
"""SNOMED CT, as mCODE's procedure intent has them."""


def facts(resource: Resource) -> Iterator[Record]:
    """Yield what one resource says, without its patient."""
    reader = READERS.get(str(resource.get("resourceType")))
    if reader is not None:
        yield from reader(resource)


def _procedure(one: Resource) -> Iterator[Record]:
    period = one.get("performedPeriod") or {}
    day = one.get("performedDateTime") or period.get("start")
    if COURSE_SUMMARY in codes(one.get("code")):
        sites = [code for place in one.get("bodySite") or () for code in codes(place)]
        said = (each.get("valueCodeableConcept") for each in extensions(one, "procedure-intent"))
        intent = codes(next(said, None))
        sessions = extensions(one, "radiotherapy-sessions")
        yield (
            RowKind.RT_COURSE,
            {
                "happened_on": day,
                "site": next((SITES[code] for code in sites if code in SITES), "other"),
                "ended_on": period.get("end"),
                "intent": next((INTENTS[code] for code in intent if code in INTENTS), None),
                "fractions": next((each.get("valueUnsignedInt") for each in sessions), None),
            },
        )
    operation = coded(one.get("code"), NOMESCO)
    if operation and one.get("status", "completed") == "completed":
        yield RowKind.SURGERY, {"happened_on": day, "procedure": operation}


def _medication(one: Resource) -> Iterator[Record]:
    atc = coded(one.get("medicationCodeableConcept"), ATC)
    if atc:
        period = one.get("effectivePeriod") or {}
        begun = one.get("effectiveDateTime") or period.get("start")
        said = {"happened_on": begun, "atc": atc, "ended_on": period.get("end")}
        yield RowKind.SYSTEMIC_THERAPY, said


def _observation(one: Resource) -> Iterator[Record]:
    loinc, quantity = coded(one.get("code"), LOINC), one.get("valueQuantity") or {}
    categories = [code for each in one.get("category") or () for code in codes(each)]
    if loinc and "laboratory" in categories and UCUM in str(quantity.get("system", "")):
        said = {"loinc": loinc, "value": quantity.get("value"), "unit": quantity.get("code")}
        day = one.get("effectiveDateTime") or one.get("issued")
        yield RowKind.LABORATORY, {"happened_on": day, **said}


def _patient(one: Resource) -> Iterator[Record]:
    if one.get("deceasedDateTime"):
        yield RowKind.VITAL_STATUS, {"happened_on": one["deceasedDateTime"], "status": "dead"}


READERS: Final[Mapping[str, Callable[[Resource], Iterator[Record]]]] = {
    "Procedure": _procedure,
    "MedicationStatement": _medication,
    "Observation": _observation,
    "Patient": _patient,
}

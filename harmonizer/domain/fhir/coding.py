"""Code systems, extensions and small parts that several resources share."""

from collections.abc import Mapping
from typing import Any, Final

Resource = dict[str, Any]

SNOMED: Final = "http://snomed.info/sct"
ICD10: Final = "http://hl7.org/fhir/sid/icd-10"
DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
DICOM_UID: Final = "urn:dicom:uid"
MEDDRA: Final = "http://terminology.hl7.org/CodeSystem/MDRAE"
NCIT: Final = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
UCUM: Final = "http://unitsofmeasure.org"
CTCAE: Final = "urn:kasari:ctcae"
CAUSALITY: Final = "http://terminology.hl7.org/CodeSystem/adverse-event-causality-assess"
ABSENT: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
CODEX: Final = "http://hl7.org/fhir/us/codex-radiation-therapy/StructureDefinition"
MCODE: Final = "http://hl7.org/fhir/us/mcode/StructureDefinition"
ADVERSE_EVENT_GRADE: Final = (
    "http://hl7.org/fhir/uv/ae-research-ig/StructureDefinition/adverse-event-grade"
)

CENTIGRAY_PER_GRAY: Final = 100
"""The guide's doses are in cGy, everything else here is in Gy."""

GRADES: Final[Mapping[int, tuple[str, str]]] = {
    0: ("C75533", "No Adverse Event"),
    1: ("C41338", "Mild Adverse Event"),
    2: ("C41339", "Moderate Adverse Event"),
    3: ("C41340", "Severe Adverse Event"),
    4: ("C41337", "Life Threatening or Disabling Adverse Event"),
    5: ("C48275", "Death Related to Adverse Event"),
}
SITES: Final[Mapping[str, tuple[str, str]]] = {
    "breast": ("76752008", "Breast structure"),
    "prostate": ("41216001", "Prostatic structure"),
    "lung": ("39607008", "Lung structure"),
    "head-neck": ("774007", "Structure of head and/or neck"),
}
SIDES: Final[Mapping[str, tuple[str, str]]] = {
    "L": ("7771000", "Left"),
    "R": ("24028007", "Right"),
    "B": ("51440002", "Right and left"),
}
TECHNIQUES: Final[Mapping[str, tuple[str, str]]] = {
    "modulated": ("441799006", "Intensity modulated radiation therapy"),
    "static": ("1162782007", "Three dimensional external beam radiation therapy"),
}
PHOTONS: Final = ("1156506007", "External beam radiation therapy using photons")
VOLUME_TYPES: Final[Mapping[str, tuple[str, str]]] = {
    "PTV": ("228793007", "Planning target volume"),
    "CTV": ("228792002", "Clinical target volume"),
    "GTV": ("228791009", "Gross tumor volume"),
}


def concept(system: str, code: str, display: str = "", text: str = "") -> Resource:
    coding = {"system": system, "code": code} | ({"display": display} if display else {})
    return {"coding": [coding]} | ({"text": text} if text else {})


def snomed(coded: tuple[str, str]) -> Resource:
    return concept(SNOMED, *coded)


def reference(resource: Resource) -> Resource:
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}


def extension(url: str, **value: Any) -> Resource:
    return {"url": url, **value}


def centigray(dose_gy: float) -> Resource:
    """Return a dose in the guide's unit. To a hundredth of a cGy: a plan has no more digits."""
    value = round(dose_gy * CENTIGRAY_PER_GRAY, 2)
    return {"value": value, "unit": "cGy", "system": UCUM, "code": "cGy"}


def identifiers(display: str, uid: str, scheme: str) -> list[Resource]:
    """Return what the guide asks for: a name that is shown, and a UID of DICOM's form."""
    return [
        {"use": "usual", "system": f"urn:kasari:{scheme}", "value": display},
        {"use": "official", "system": DICOM_UID, "value": f"urn:oid:{uid}"},
    ]

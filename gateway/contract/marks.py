"""How a de-identified object says so: the marks that the gateway writes and the archive demands."""

from typing import Final

METHOD_PREFIX: Final = "KaSARi"
"""(0012,0063) DeidentificationMethod holds `KaSARi site <profile hash>` after the first stage
and, appended as a second value, `KaSARi national <profile hash>` after the second."""

SITE_STAGE: Final = "site"
NATIONAL_STAGE: Final = "national"

UID_ROOT: Final = "2.25."
"""Every instance UID that leaves a centre is `2.25.<decimal of 128 keyed bits>`."""

PRIVATE_CREATOR: Final = "KASARI"
"""Creator of the private block that holds the sealed original of a redacted term. It exists at
the centre only: the second stage removes it and the archive refuses an object that carries it."""

REDACTED: Final = "UNMAPPED_"
"""What stands, with a keyed hash behind, for a text that the vocabulary does not know."""

REFUSED_PATIENT_ID: Final = "REFUSED"
"""PatientID of the stub by which the site plugin tells Orthanc's C-STORE filter to refuse."""

NATIONAL_ID_PREFIX: Final = "FI"
SITE_PSEUDONYM_PREFIX: Final = "P"

DEIDENTIFICATION_CODES: Final = {
    "113100": "Basic Application Confidentiality Profile",
    "113103": "Clean Graphics Option",
    "113104": "Clean Structured Content Option",
    "113105": "Clean Descriptors Option",
    "113107": "Retain Longitudinal Temporal Information Modified Dates Option",
    "113108": "Retain Patient Characteristics Option",
    "113109": "Retain Device Identity Option",
    "113111": "Retain Safe Private Option",
}
"""CID 7050 codes that a profile may claim in (0012,0064), PS3.16."""

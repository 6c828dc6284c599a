"""Who an object names, read from the sender's own bytes: what must not be found after."""

import re
from collections.abc import Collection, Iterator
from typing import Final

from gateway.domain.checker.elements import Elements
from gateway.domain.checker.needles import KnownIdentity, without_marks

NAMES: Final[frozenset[int]] = frozenset(
    {
        0x00100010,  # PatientName
        0x00101001,  # OtherPatientNames
        0x00101005,  # PatientBirthName
        0x00101060,  # PatientMotherBirthName
        0x00102297,  # ResponsiblePerson
        0x00080090,  # ReferringPhysicianName
        0x00081048,  # PhysiciansOfRecord
        0x00081050,  # PerformingPhysicianName
        0x00081060,  # NameOfPhysiciansReadingStudy
        0x00081070,  # OperatorsName
        0x00321032,  # RequestingPhysician
        0x0040A123,  # PersonName
        0x00700084,  # ContentCreatorName
        0x300600A6,  # ROIInterpreter
        0x300E0008,  # ReviewerName
    }
)
"""Attributes whose every part is a name."""

WHOLE: Final[frozenset[int]] = frozenset(
    {
        0x00100020,  # PatientID
        0x00101000,  # OtherPatientIDs
        0x00101040,  # PatientAddress
        0x00102154,  # PatientTelephoneNumbers
        0x00080050,  # AccessionNumber
        0x00080080,  # InstitutionName
        0x00080081,  # InstitutionAddress
        0x00181000,  # DeviceSerialNumber
        0x00380010,  # AdmissionID
        0x00400242,  # PerformedStationName
    }
)
"""Attributes whose whole value identifies a person or a place."""

_BIRTH_DATE: Final = 0x00100030
_SHORTEST = 3
"""Shorter parts of names are initials and titles; these are sought as words of their own."""
_SHORTEST_COMMON = 4
"""Shorter names that are also anatomy (Luu, Pää) are in every second text: they are not sought."""


def identity_in(original: Elements, everyday: Collection[str] = ()) -> KnownIdentity:
    """Return the identifiers that stand in an object before de-identification.

    Parameters
    ----------
    everyday
        Words that name anatomy, in small letters without diacritics; a person who is called so is
        sought by two of them.
    """
    words: dict[str, None] = {}
    births: dict[str, None] = {}
    for element in original.found:
        if not element.length or element.tag not in NAMES | WHOLE | {_BIRTH_DATE}:
            continue
        for text in _texts(original.value(element)):
            if element.tag == _BIRTH_DATE:
                births.update(dict.fromkeys(re.findall(r"^\d{8}$", text)))
            elif element.tag in WHOLE:
                words[text] = None
            else:
                words.update(dict.fromkeys(_parts(text)))
    common = {word for word in words if without_marks(word) in everyday}
    sought = (word for word in words if word not in common or len(word) >= _SHORTEST_COMMON)
    return KnownIdentity(
        tuple(sought),
        tuple(births),
        frozenset(word.casefold() for word in common if len(word) >= _SHORTEST_COMMON),
    )


def _texts(value: bytes) -> Iterator[str]:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    yield from (part.strip(" \0") for part in text.split("\\") if len(part.strip(" \0")) > 2)


def _parts(name: str) -> Iterator[str]:
    yield from (part for part in re.split(r"[\W_\d]+", name) if len(part) >= _SHORTEST)

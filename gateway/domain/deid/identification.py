"""Whose object is it: read before anything else, from the top level only.

Pure.
"""

from dataclasses import dataclass, field
from typing import Final

from pydicom.charset import convert_encodings, decode_bytes, python_encoding

from gateway.contract.dimse import DimseStatus
from gateway.domain.deid.stream import Part10, open_part10, top_elements
from gateway.errors import RejectError

SOP_CLASS: Final = 0x00080016
SOP_INSTANCE: Final = 0x00080018
MODALITY: Final = 0x00080060
PATIENT_NAME: Final = 0x00100010
PATIENT_ID: Final = 0x00100020
BIRTH_DATE: Final = 0x00100030
_CHARACTER_SET: Final = 0x00080005
_WANTED: Final = frozenset(
    (_CHARACTER_SET, SOP_CLASS, SOP_INSTANCE, MODALITY, PATIENT_NAME, PATIENT_ID, BIRTH_DATE)
)
_DELIMITERS: Final = {0x0D, 0x0A, 0x09, 0x0C, 0x5C, 0x5E, 0x3D}


@dataclass(frozen=True)
class Identity:
    """The original identity. Never logged; `repr` shows nothing of the patient."""

    patient_id: str = field(repr=False)
    patient_name: str = field(repr=False)
    sop_class_uid: str
    sop_instance_uid: str = field(repr=False)
    modality: str
    birth_date: str = field(default="", repr=False)


def read_identity(data: bytes) -> Identity:
    """Read who an object belongs to.

    Parameters
    ----------
    data
        A whole DICOM file (PS3.10).

    Raises
    ------
    RejectError
        When it cannot be read, its file meta contradicts it, or it lacks a UID.
    """
    return identify(open_part10(data))


def identify(source: Part10) -> Identity:
    """As `read_identity`, of a file that is already open."""
    values = {
        tag: source.body[start : start + length]
        for tag, _, start, length in top_elements(source, BIRTH_DATE)
        if tag in _WANTED
    }
    sop_class = _plain(values.get(SOP_CLASS, b""))
    sop_instance = _plain(values.get(SOP_INSTANCE, b""))
    if not sop_class or not sop_instance:
        raise RejectError(
            "no-uid",
            "The object does not say what it is. Send it again.",
            DimseStatus.DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
        )
    if source.sop_class_uid and source.sop_class_uid != sop_class:
        raise RejectError(
            "meta-contradicts",
            "The file's header names another kind of object.",
            DimseStatus.DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
        )
    character_set = values.get(_CHARACTER_SET, b"")
    return Identity(
        patient_id=decode(values.get(PATIENT_ID, b""), character_set).strip(" \0"),
        patient_name=decode(values.get(PATIENT_NAME, b""), character_set).strip(" \0"),
        sop_class_uid=sop_class,
        sop_instance_uid=sop_instance,
        modality=_plain(values.get(MODALITY, b"")),
        birth_date=_plain(values.get(BIRTH_DATE, b"")),
    )


def decode(value: bytes, character_set: bytes) -> str:
    """Text of a value under (0008,0005); bytes that no declared set explains are read as UTF-8,
    then as Latin-1, so that nothing is lost to a wrong declaration."""
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    names = character_set_names(character_set)
    if names is not None and any(names):
        try:
            return decode_bytes(value, convert_encodings(names), _DELIMITERS)
        except (UnicodeError, LookupError, ValueError, UserWarning):
            pass
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def character_set_names(value: bytes) -> list[str] | None:
    """The defined terms of a (0008,0005) value, or None when one of them is none.

    A library that is asked to read an unknown one tells its name in a warning.
    """
    names = [part.strip(b" \0").decode("ascii", "replace") for part in value.split(b"\\")]
    return names if all(name in python_encoding for name in names) else None


def _plain(value: bytes) -> str:
    return value.rstrip(b" \0").decode("ascii", "replace")

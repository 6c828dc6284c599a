"""Patient identifiers in one written form, and Finnish personal identity codes.

Pure. The identity code is `DDMMYYCNNNX`: birth date, century sign, individual number, check
character. Since 2023 each century has several signs (Finnish Digital and Population Data
Services Agency); they are different people, so the sign is kept as it is.
"""

import re
from typing import Final

from gateway.contract.dimse import DimseStatus
from gateway.errors import RejectError

CENTURY_SIGNS: Final = {
    **dict.fromkeys("+", 1800),
    **dict.fromkeys("-YXWVU", 1900),
    **dict.fromkeys("ABCDEF", 2000),
}
CHECK_CHARACTERS: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"

_SPACES = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\x00]+")
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_CODE = re.compile(r"(\d{6})([+\-YXWVUABCDEF])(\d{3})([0-9A-Z])")


def normalise_patient_id(patient_id: str) -> str:
    """The identifier in the one form that keys are computed from: no spaces, upper case.

    Raises
    ------
    RejectError
        `no-patient-id`: nothing is left. All such patients would share one pseudonym.
    """
    plain = _DASHES.sub("-", _SPACES.sub("", patient_id)).upper()
    if not plain:
        raise RejectError(
            "no-patient-id",
            "The object names no patient. Send it again with a PatientID.",
            DimseStatus.DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
        )
    return plain


def is_identity_code(text: str) -> bool:
    """Whether a normalised identifier is a Finnish identity code with a valid check character."""
    match = _CODE.fullmatch(text)
    if match is None:
        return False
    date, _, number, check = match.groups()
    if not (1 <= int(date[:2]) <= 31 and 1 <= int(date[2:4]) <= 12):
        return False
    return CHECK_CHARACTERS[int(date + number) % 31] == check


def has_wrong_check(text: str) -> bool:
    """Whether an identifier has the form of an identity code with another check character."""
    match = _CODE.fullmatch(text.upper())
    return match is not None and CHECK_CHARACTERS[int(match[1] + match[3]) % 31] != match[4]


def birth_date_of(code: str) -> str:
    """The birth date in a valid identity code, as YYYYMMDD."""
    day, month, year = code[:2], code[2:4], code[4:6]
    return f"{CENTURY_SIGNS[code[6]] + int(year)}{month}{day}"

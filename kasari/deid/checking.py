"""The checker alone, on a pair of files that any program may have made."""

import re
from dataclasses import dataclass

from gateway.contract.marks import (
    METHOD_PREFIX,
    NATIONAL_ID_PREFIX,
    NATIONAL_STAGE,
    SITE_PSEUDONYM_PREFIX,
    SITE_STAGE,
)
from gateway.domain.checker import (
    Elements,
    Expected,
    Problem,
    UnreadableError,
    check_object,
    check_unchanged,
    identity_in,
    instance_uids,
    read_elements,
)
from gateway.domain.deid import Profile
from kasari.errors import InputError

_PATIENT_ID, _METHOD = 0x00100020, 0x00120063
_OURS = re.compile(rf"({NATIONAL_ID_PREFIX}|{SITE_PSEUDONYM_PREFIX})[A-Z2-7]{{16}}")
_NOT_OURS = "not an id of ours"


@dataclass(frozen=True)
class Verdict:
    """What the checker objects to, and how many values it found unchanged."""

    problems: tuple[Problem, ...]
    compared: int


def check_pair(before: bytes, after: bytes, profile: Profile) -> Verdict:
    """Compare a file with its de-identified form; who the patient is, is read from the first.

    Raises
    ------
    InputError
        When one of the two is no DICOM file that the checker reads to its end.
    """
    first, second = _read(before, "first"), _read(after, "second")
    known = identity_in(first, profile.vocabulary.words)
    allowed = profile.allow_list
    expected = Expected(
        _own_id(second), allowed, instance_uids(first), profile.private_vrs, _last_stage(second)
    )
    changes, compared = check_unchanged(first, second, allowed)
    return Verdict((*check_object(second, known, expected), *changes), compared)


def _read(data: bytes, which: str) -> Elements:
    try:
        return read_elements(data)
    except UnreadableError as error:
        raise InputError(f"the {which} file cannot be checked: {error}") from None


def _own_id(elements: Elements) -> str:
    """Without the keys the right id is not known, but what an id looks like is."""
    found = (elements.first(_PATIENT_ID) or b"").rstrip(b" \0").decode("latin-1")
    return found if _OURS.fullmatch(found) else _NOT_OURS


def _last_stage(elements: Elements) -> str:
    method = (elements.first(_METHOD) or b"").decode("latin-1")
    return NATIONAL_STAGE if f"{METHOD_PREFIX} {NATIONAL_STAGE} " in method else SITE_STAGE

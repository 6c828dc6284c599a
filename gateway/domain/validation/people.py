"""Rules that ask about the patient: what they need is worked out where identity is known.

Nothing of it but the finding's sentence goes further.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.contract.ages import ADULT_YEARS

TEST_PATIENTS: Final = ("^ZZ", "PHANTOM", "FANTOM", r"\bQ[AC]\b", r"\bTEST(I|PATIENT)?\b")
"""Identifiers and names of patients that are none."""


@dataclass(frozen=True)
class Subject:
    """What rules may know of the patient of a course."""

    age_years: int | None = None
    """On the earliest day of the course; None where birth date or day is not known."""
    is_test: bool = False


def is_test_patient(words: Iterable[str], patterns: Iterable[str]) -> bool:
    """Tell whether an identifier or a name is that of a test patient or a phantom."""
    said = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
    return any(pattern.search(word) for word in words for pattern in said)


def under_age(subject: Subject) -> list[str]:
    if subject.age_years is None or subject.age_years >= ADULT_YEARS:
        return []
    return [f"the patient was under {ADULT_YEARS} years old"]


def test_patient(subject: Subject) -> list[str]:
    return ["the identifier or name is that of a test patient or a phantom"] * subject.is_test

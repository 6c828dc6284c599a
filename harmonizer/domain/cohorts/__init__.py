"""Cohorts: which studies a reader asks for, in the words of QIDO-RS and in our own."""

from harmonizer.domain.cohorts.conditions import (
    Comparison,
    DoseCondition,
    Entry,
    Level,
    PromCondition,
    Question,
    Span,
    ToxicityCondition,
)
from harmonizer.domain.cohorts.dicom_json import attributes, repair, uid_of
from harmonizer.domain.cohorts.parsing import parse_question
from harmonizer.domain.cohorts.words import Words, make_words

__all__ = [
    "Comparison",
    "DoseCondition",
    "Entry",
    "Level",
    "PromCondition",
    "Question",
    "Span",
    "ToxicityCondition",
    "Words",
    "attributes",
    "make_words",
    "parse_question",
    "repair",
    "uid_of",
]

"""Local validation of a course before it leaves: rules as data, one function each."""

from gateway.domain.validation.people import TEST_PATIENTS, Subject, is_test_patient
from gateway.domain.validation.plans import objections
from gateway.domain.validation.rules import (
    RULES,
    Finding,
    Rule,
    Severity,
    validate,
    with_severities,
)

__all__ = [
    "RULES",
    "TEST_PATIENTS",
    "Finding",
    "Rule",
    "Severity",
    "Subject",
    "is_test_patient",
    "objections",
    "validate",
    "with_severities",
]

"""Local validation of a course before it leaves: rules as data, one function each."""

from gateway.domain.validation.rules import (
    RULES,
    Finding,
    Rule,
    Severity,
    validate,
    with_severities,
)

__all__ = ["RULES", "Finding", "Rule", "Severity", "validate", "with_severities"]

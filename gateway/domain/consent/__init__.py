"""Consent: what a centre's list says, and who may be stored now."""

from gateway.domain.consent.fhir import read_bundle
from gateway.domain.consent.ledger import (
    MERGED,
    Consent,
    ConsentStatus,
    in_force,
)
from gateway.domain.consent.person import Person
from gateway.domain.consent.sheet import (
    COLUMNS,
    RESEARCH,
    ConsentRow,
    ListRules,
    Sheet,
    read_sheet,
)

__all__ = [
    "COLUMNS",
    "MERGED",
    "RESEARCH",
    "Consent",
    "ConsentRow",
    "ConsentStatus",
    "ListRules",
    "Person",
    "Sheet",
    "in_force",
    "read_bundle",
    "read_sheet",
]

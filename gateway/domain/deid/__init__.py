"""De-identification: bytes in, bytes out. Pure; keys, profile and pseudonym are handed in."""

from gateway.domain.deid.certificate import seal_certificate
from gateway.domain.deid.decisions import Decision, Term, TermUse, attribute_name, screen_text
from gateway.domain.deid.identification import Identity, read_identity
from gateway.domain.deid.profile import (
    BASIC_PROFILE,
    CODES,
    KINDS_OF_IMAGE,
    USUAL_OPTIONS,
    Action,
    Option,
    Profile,
    Rule,
    SafePrivate,
    Vocabulary,
)
from gateway.domain.deid.sealed import SealedTerm, sealed_terms
from gateway.domain.deid.stages import ENGINE_VERSION, Deidentified, NationalStage, SiteStage
from gateway.domain.deid.text import HASH_DIGITS, fold, name_words

__all__ = [
    "BASIC_PROFILE",
    "CODES",
    "ENGINE_VERSION",
    "HASH_DIGITS",
    "KINDS_OF_IMAGE",
    "USUAL_OPTIONS",
    "Action",
    "Decision",
    "Deidentified",
    "Identity",
    "NationalStage",
    "Option",
    "Profile",
    "Rule",
    "SafePrivate",
    "SealedTerm",
    "SiteStage",
    "Term",
    "TermUse",
    "Vocabulary",
    "attribute_name",
    "fold",
    "name_words",
    "read_identity",
    "screen_text",
    "seal_certificate",
    "sealed_terms",
]

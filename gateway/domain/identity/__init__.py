"""Who a patient is: identifiers, keys, pseudonyms, UIDs and day shifts. Pure."""

from gateway.domain.identity.derivation import (
    day_shift,
    keyed_uid,
    lookup_hash,
    national_id,
    national_uid,
    seal,
    shift_date,
    site_pseudonym,
    site_uid,
    unseal,
)
from gateway.domain.identity.identifiers import (
    birth_date_of,
    has_wrong_check,
    is_identity_code,
    normalise_patient_id,
)
from gateway.domain.identity.keys import KeyRing, SiteKeys
from gateway.domain.identity.signing import signed_text

__all__ = [
    "KeyRing",
    "SiteKeys",
    "birth_date_of",
    "day_shift",
    "has_wrong_check",
    "is_identity_code",
    "keyed_uid",
    "lookup_hash",
    "national_id",
    "national_uid",
    "normalise_patient_id",
    "seal",
    "shift_date",
    "signed_text",
    "site_pseudonym",
    "site_uid",
    "unseal",
]

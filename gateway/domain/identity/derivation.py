"""Pseudonyms, UIDs, day shifts and sealed texts: keyed pure functions of their input."""

import base64
import hmac
from datetime import date, timedelta
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from pydicom.uid import UID_dictionary  # type: ignore[attr-defined]

from gateway.contract.marks import NATIONAL_ID_PREFIX, SITE_PSEUDONYM_PREFIX, UID_ROOT
from gateway.domain.identity.identifiers import normalise_patient_id
from gateway.domain.identity.keys import KeyRing, SiteKeys
from gateway.errors import HoldError

SHORTEST_SHIFT_WEEKS: Final = 52
LONGEST_SHIFT_WEEKS: Final = 520
_ID_BYTES: Final = 10


def lookup_hash(keys: SiteKeys, patient_id: str) -> str:
    """Keyed hash by which a snapshot and the vault find a patient; hexadecimal, 64 characters."""
    return _mac(keys.lookup, normalise_patient_id(patient_id)).hex()


def site_pseudonym(keys: SiteKeys, patient_id: str) -> str:
    """The id inside the hospital: `P` and 16 characters of base 32 (80 bits)."""
    return SITE_PSEUDONYM_PREFIX + _base32(_mac(keys.pseudonym, normalise_patient_id(patient_id)))


def national_id(ring: KeyRing, pseudonym: str) -> str:
    """The id at the archive: `FI` and 16 characters of base 32, from the site pseudonym."""
    return NATIONAL_ID_PREFIX + _base32(_mac(ring.national_id_key, pseudonym))


def day_shift(keys: SiteKeys, pseudonym: str) -> int:
    """Days that every date of this patient moves: 52 to 520 whole weeks into the past."""
    number = int.from_bytes(_mac(keys.date, pseudonym)[:8], "big")
    weeks = SHORTEST_SHIFT_WEEKS + number % (LONGEST_SHIFT_WEEKS - SHORTEST_SHIFT_WEEKS + 1)
    return -7 * weeks


def shift_date(value: date, days: int) -> date:
    return value + timedelta(days=days)


def site_uid(keys: SiteKeys, uid: str) -> str:
    return keyed_uid(keys.uid, uid)


def national_uid(ring: KeyRing, uid: str) -> str:
    return keyed_uid(ring.national_uid_key, uid)


def keyed_uid(key: bytes, uid: str) -> str:
    """`2.25.` and 128 keyed bits, for any UID that is not the standard's own (PS3.5 B.2)."""
    if uid in UID_dictionary:
        return uid
    return UID_ROOT + str(int.from_bytes(_mac(key, uid)[:16], "big"))


def seal(keys: SiteKeys, plain: bytes) -> bytes:
    """Encrypt with AES-SIV (RFC 5297): the same text gives the same bytes."""
    return AESSIV(keys.seal).encrypt(plain, [b"kasari sealed term"])


def unseal(keys: SiteKeys, sealed: bytes) -> bytes:
    """Open what `seal` closed.

    Raises
    ------
    HoldError
        `sealed-with-another-key`: the object was de-identified under another root key.
    """
    for key in (keys.seal, *keys.former_seals):
        try:
            return AESSIV(key).decrypt(sealed, [b"kasari sealed term"])
        except InvalidTag:
            continue
    raise HoldError(
        "sealed-with-another-key",
        "A redacted term was sealed under another root key. Name that key's file in "
        "former_root_key_files to read it.",
    )


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _base32(digest: bytes) -> str:
    return base64.b32encode(digest[:_ID_BYTES]).decode()

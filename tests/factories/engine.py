"""The engine with fixed keys, and the checker as the gateway uses it."""

from io import BytesIO

from pydicom import Dataset, dcmread

from gateway.data.deid import load_profile
from gateway.domain.checker import (
    Expected,
    KnownIdentity,
    Problem,
    check_object,
    check_unchanged,
    identity_in,
    instance_uids,
    read_elements,
)
from gateway.domain.deid import NationalStage, Profile, SiteStage, read_identity
from gateway.domain.identity import KeyRing, national_id, site_pseudonym

PROFILE = load_profile()
RING = KeyRing.from_root(bytes(range(32)), "KUH")
KEYS = RING.site_keys()


def site_bytes(data: bytes, pseudonym: str | None = None, profile: Profile = PROFILE) -> bytes:
    """After the first stage."""
    whose = pseudonym or site_pseudonym(KEYS, read_identity(data).patient_id)
    return SiteStage(profile, KEYS).deidentify(data, whose).data


def national_bytes(
    data: bytes, approved: dict[str, str] | None = None, profile: Profile = PROFILE
) -> bytes:
    """After both stages."""
    site = site_bytes(data, profile=profile)
    return NationalStage(profile, RING, approved or {}).deidentify(site).data


def after_both(data: bytes) -> Dataset:
    return dcmread(BytesIO(national_bytes(data)))


def after_first(data: bytes) -> Dataset:
    return dcmread(BytesIO(site_bytes(data)))


def objections(
    before: bytes,
    after: bytes,
    *words: str,
    stage: str = "national",
    profile: Profile = PROFILE,
) -> list[Problem]:
    """What the checker says, knowing what stands in the original and `words`."""
    first, second = read_elements(before), read_elements(after)
    pseudonym = site_pseudonym(KEYS, read_identity(before).patient_id)
    found = identity_in(first, PROFILE.vocabulary.words)
    known = KnownIdentity((*found.words, *words), found.birth_dates, found.everyday)
    expected = Expected(
        national_id(RING, pseudonym) if stage == "national" else pseudonym,
        profile.allow_list,
        instance_uids(first),
        profile.private_vrs,
        stage,
    )
    changes, _ = check_unchanged(first, second, profile.allow_list)
    return [*check_object(second, known, expected), *changes]

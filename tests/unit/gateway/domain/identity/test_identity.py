"""Identity is a keyed pure function: same input, same output, and nothing goes back."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.identity import (
    KeyRing,
    SiteKeys,
    birth_date_of,
    day_shift,
    is_identity_code,
    lookup_hash,
    national_id,
    national_uid,
    normalise_patient_id,
    seal,
    shift_date,
    site_pseudonym,
    site_uid,
    unseal,
)
from gateway.errors import ConfigError, HoldError, RejectError

ROOT = bytes(range(32))
RING = KeyRing.from_root(ROOT, "KUH")
KEYS = RING.site_keys()
CENTURY_SIGNS = "+-YXWVUABCDEF"


@pytest.mark.parametrize(
    "written", ["010160-999x", " 010160-999X ", "010160\u2013999X", "010160 -999X\0"]
)
def test_every_way_of_writing_one_identifier_is_one_patient(written: str) -> None:
    assert normalise_patient_id(written) == "010160-999X"
    assert lookup_hash(KEYS, written) == lookup_hash(KEYS, "010160-999X")


@pytest.mark.parametrize("nothing", ["", "   ", "\u200b", "\0"])
def test_an_empty_identifier_is_refused(nothing: str) -> None:
    with pytest.raises(RejectError) as caught:
        site_pseudonym(KEYS, nothing)
    assert caught.value.code == "no-patient-id"


def worked_by_hand(body: str) -> str:
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(body) % 31]


@pytest.mark.parametrize("sign", CENTURY_SIGNS)
def test_identity_codes_of_every_century_sign(sign: str) -> None:
    check = worked_by_hand("131052308")
    assert check == "T", "the code that the authority prints as its example"
    assert is_identity_code(f"131052{sign}308T")
    assert not is_identity_code(f"131052{sign}308U")
    assert not is_identity_code(f"321352{sign}308T")


@given(st.integers(0, 30))
def test_only_one_check_character_fits(wrong: int) -> None:
    characters = "0123456789ABCDEFHJKLMNPRSTUVWXY"
    assert is_identity_code(f"131052-308{characters[wrong]}") == (characters[wrong] == "T")


def test_century_signs_are_different_people() -> None:
    assert len({site_pseudonym(KEYS, f"131052{sign}308T") for sign in CENTURY_SIGNS}) == 13


def test_centres_roots_and_stages_never_share_an_identity() -> None:
    other_centre = KeyRing.from_root(ROOT, "Tyks")
    other_root = KeyRing.from_root(bytes(range(1, 33)), "KUH")
    pseudonyms = {
        site_pseudonym(ring.site_keys(), "X1") for ring in (RING, other_centre, other_root)
    }
    assert len(pseudonyms) == 3
    assert len({national_id(ring, "PX") for ring in (RING, other_centre, other_root)}) == 3
    assert site_uid(KEYS, "1.2.3") != national_uid(RING, "1.2.3")


@given(st.from_regex(r"1\.2\.[1-9][0-9]{0,50}", fullmatch=True))
def test_uids_fit_dicom_and_repeat(uid: str) -> None:
    keyed = site_uid(KEYS, uid)
    assert keyed == site_uid(SiteKeys.from_json(KEYS.to_json()), uid)
    assert keyed.startswith("2.25.")
    assert len(keyed) <= 44
    assert not keyed.startswith("2.25.0")


def test_the_standards_own_uids_stay() -> None:
    assert site_uid(KEYS, "1.2.840.10008.5.1.4.1.1.2") == "1.2.840.10008.5.1.4.1.1.2"


@given(st.text(min_size=1, max_size=20))
def test_dates_move_by_whole_weeks_within_ten_years(pseudonym: str) -> None:
    days = day_shift(KEYS, pseudonym)
    assert days % 7 == 0
    assert -520 * 7 <= days <= -52 * 7
    assert shift_date(date(2024, 3, 4), days).weekday() == date(2024, 3, 4).weekday()


def test_sealed_terms_open_with_the_same_key_only() -> None:
    sealed = seal(KEYS, b"PTV_Virtanen")
    assert unseal(KEYS, sealed) == b"PTV_Virtanen"
    assert b"Virtanen" not in sealed
    with pytest.raises(HoldError):
        unseal(KeyRing.from_root(bytes(range(1, 33)), "KUH").site_keys(), sealed)


@pytest.mark.parametrize("root", [b"", b"short", b"\0" * 32, b"a" * 64])
def test_a_weak_root_key_stops_the_start(root: bytes) -> None:
    with pytest.raises(ConfigError, match="root_key_file"):
        KeyRing.from_root(root, "KUH")


def test_keys_do_not_print() -> None:
    shown = repr(RING) + repr(KEYS)
    assert repr(KEYS.uid)[2:-1] not in shown
    assert "lookup" not in shown


def test_a_damaged_key_file_says_how_to_mend_it() -> None:
    with pytest.raises(ConfigError, match="site-keys"):
        SiteKeys.from_json('{"key_id": "x"}')


@pytest.mark.parametrize(
    ("code", "born"),
    [("130452-308Y", "19520413"), ("130452+308Y", "18520413"), ("130452F308Y", "20520413")],
)
def test_the_birth_date_is_in_the_identity_code(code: str, born: str) -> None:
    assert birth_date_of(code) == born


def test_a_new_root_key_leaves_every_identity_as_it_is() -> None:
    old, new = bytes(range(32)), bytes(range(100, 132))
    first, turned = KeyRing.from_root(old, "KUH"), KeyRing.from_roots([old, new], "KUH")
    one, other = first.site_keys(), turned.site_keys()
    pseudonym = site_pseudonym(one, "130452-308Y")
    assert site_pseudonym(other, "130452-308Y") == pseudonym
    assert lookup_hash(other, "ID-7") == lookup_hash(one, "ID-7")
    assert site_uid(other, "1.2.3") == site_uid(one, "1.2.3")
    assert day_shift(other, pseudonym) == day_shift(one, pseudonym)
    assert national_id(turned, pseudonym) == national_id(first, pseudonym)
    assert national_uid(turned, "2.25.1") == national_uid(first, "2.25.1")
    assert other.term == one.term


def test_a_new_root_key_protects_and_the_old_one_still_reads() -> None:
    roots = [bytes(range(first, first + 32)) for first in (0, 50, 100)]
    rings = [KeyRing.from_roots(roots[:count], "KUH") for count in (1, 2, 3)]
    assert len({ring.key_id for ring in rings}) == 3
    assert len({ring.vault_key for ring in rings}) == 3
    assert len({ring.public_key_id for ring in rings}) == 3
    assert rings[2].former_vault_keys == {ring.key_id: ring.vault_key for ring in rings[:2]}
    for ring in rings:
        assert unseal(rings[2].site_keys(), seal(ring.site_keys(), b"Virtanen")) == b"Virtanen"
    with pytest.raises(HoldError):
        unseal(rings[0].site_keys(), seal(rings[1].site_keys(), b"Virtanen"))


def test_the_plugin_cannot_read_what_was_sealed_before() -> None:
    turned = KeyRing.from_roots([bytes(range(32)), bytes(range(50, 82))], "KUH").site_keys()
    given = SiteKeys.from_json(turned.to_json())
    assert given.former_seals == ()
    assert (given.key_id, given.seal, given.uid) == (turned.key_id, turned.seal, turned.uid)


def test_identities_are_those_of_the_first_root_key_of_one_centre() -> None:
    first, second = bytes(range(32)), bytes(range(50, 82))
    here = KeyRing.from_root(first, "KUH").site_keys()
    assert KeyRing.from_roots([first, second], "KUH").site_keys().identities == here.identities
    assert SiteKeys.from_json(here.to_json()).identities == here.identities
    others = [KeyRing.from_root(second, "KUH"), KeyRing.from_root(first, "TYKS")]
    assert all(ring.site_keys().identities != here.identities for ring in others)

"""What the site plugin lets in, and that nothing it cannot judge ever gets in."""

from io import BytesIO

import pytest
from pydicom import dcmread

from gateway.contract.site import ConsentSnapshot
from gateway.data.deid import load_profile
from gateway.domain.canary import canary_object
from gateway.domain.deid import Profile, SiteStage
from gateway.domain.identity import KeyRing, SiteKeys, lookup_hash, site_pseudonym
from plugins.site_admission import (
    OLDEST_SNAPSHOT_S,
    Admission,
    Admitted,
    Refusal,
    carries_site_mark,
    is_canary,
    read_stub,
    refusal_stub,
)
from tests.factories.identified import IDENTIFIERS, PATIENT_ID, ct_slice, nested


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load_profile()


@pytest.fixture(scope="module")
def keys() -> SiteKeys:
    return KeyRing.from_root(bytes(range(32)), "KUH").site_keys()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def admission(profile: Profile, keys: SiteKeys, clock: Clock) -> Admission:
    return Admission(profile, keys, clock)


def snapshot(profile: Profile, keys: SiteKeys, *patients: str) -> ConsentSnapshot:
    return ConsentSnapshot(
        tag="1",
        policy_hash=profile.name_and_hash,
        identities=keys.identities,
        admitted={lookup_hash(keys, p): site_pseudonym(keys, p) for p in patients},
    )


@pytest.fixture
def door(admission: Admission, profile: Profile, keys: SiteKeys) -> Admission:
    admission.renew(snapshot(profile, keys, PATIENT_ID))
    return admission


def test_before_the_first_snapshot_everybody_hears_to_try_later(admission: Admission) -> None:
    assert admission.decide(ct_slice()) == Refusal("no-consent-snapshot", 0xA700)


def test_a_patient_without_consent_is_not_authorised(door: Admission) -> None:
    assert door.decide(ct_slice(PatientID="SOMEBODY-ELSE")) == Refusal("no-consent", 0x0124)


def test_the_gateways_own_try_is_told_from_a_senders_object(door: Admission) -> None:
    assert is_canary(canary_object())
    assert not is_canary(ct_slice())
    assert door.decide(canary_object()) == Refusal("no-consent", 0x0124)


def test_an_unknown_patient_is_held_where_the_centre_chose_so(
    door: Admission, profile: Profile, keys: SiteKeys
) -> None:
    holding = snapshot(profile, keys, PATIENT_ID).model_copy(
        update={"hold_unknown": True, "refused": frozenset({lookup_hash(keys, "DECLINED-1")})}
    )
    door.renew(holding)
    verdict = door.decide(ct_slice(PatientID="UNKNOWN-1"))
    assert isinstance(verdict, Admitted)
    assert dcmread(BytesIO(verdict.data)).PatientID == site_pseudonym(keys, "UNKNOWN-1")
    assert b"UNKNOWN-1" not in verdict.data
    assert door.decide(ct_slice(PatientID="declined-1")) == Refusal("no-consent", 0x0124)


def test_a_patient_with_consent_is_stored_without_identifiers(
    door: Admission, keys: SiteKeys
) -> None:
    verdict = door.decide(ct_slice())
    assert isinstance(verdict, Admitted)
    assert not [word for word in IDENTIFIERS if word.encode() in verdict.data]
    assert dcmread(BytesIO(verdict.data)).PatientID == site_pseudonym(keys, PATIENT_ID)
    assert carries_site_mark(verdict.data)


def test_the_id_is_compared_in_its_normal_form(door: Admission) -> None:
    assert isinstance(door.decide(ct_slice(PatientID=f" {PATIENT_ID.lower()} ")), Admitted)


def test_withdrawn_consent_closes_at_the_next_snapshot(
    door: Admission, profile: Profile, keys: SiteKeys
) -> None:
    assert isinstance(door.decide(ct_slice()), Admitted)
    door.renew(snapshot(profile, keys))
    assert door.decide(ct_slice()) == Refusal("no-consent", 0x0124)


def test_an_old_snapshot_is_no_consent(door: Admission, clock: Clock) -> None:
    clock.seconds += OLDEST_SNAPSHOT_S
    assert isinstance(door.decide(ct_slice()), Admitted)
    clock.seconds += 0.1
    assert door.decide(ct_slice()) == Refusal("stale-consent-snapshot", 0xA700)


def test_a_clock_that_went_back_is_no_consent(door: Admission, clock: Clock) -> None:
    clock.seconds -= 1.0
    assert door.decide(ct_slice()) == Refusal("stale-consent-snapshot", 0xA700)


def test_a_service_with_another_policy_closes_the_door(
    admission: Admission, profile: Profile, keys: SiteKeys
) -> None:
    other = snapshot(profile, keys, PATIENT_ID).model_copy(update={"policy_hash": "other"})
    admission.renew(other)
    assert admission.decide(ct_slice()) == Refusal("policy-differs", 0xA700)


def test_a_service_with_other_keys_closes_the_door(
    admission: Admission, profile: Profile, keys: SiteKeys
) -> None:
    theirs = KeyRing.from_root(bytes(range(1, 33)), "KUH").site_keys()
    other = snapshot(profile, keys, PATIENT_ID).model_copy(
        update={"identities": theirs.identities, "hold_unknown": True}
    )
    admission.renew(other)
    assert admission.decide(ct_slice()) == Refusal("keys-differ", 0xA700)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 0xC000),
        (b"not DICOM at all", 0xC000),
        (ct_slice()[:-5], 0xC000),
        (ct_slice(BurnedInAnnotation="YES"), 0xC000),
        (ct_slice(SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1"), 0x0122),
        (nested(17), 0xC000),
        (nested(300), 0xC000),
        (ct_slice(PatientID=""), 0xA900),
        (ct_slice(PatientID=None), 0xA900),
        (ct_slice(StudyInstanceUID=None), 0xA900),
        (ct_slice(SeriesInstanceUID=""), 0xA900),
    ],
    ids=[
        "empty",
        "text",
        "cut",
        "burned-in",
        "pdf",
        "deep",
        "poison",
        "blank-id",
        "no-id",
        "no-study",
        "no-series",
    ],
)
def test_what_cannot_be_judged_is_refused(door: Admission, data: bytes, status: int) -> None:
    verdict = door.decide(data)
    assert isinstance(verdict, Refusal)
    assert verdict.dimse_status == status


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("Kanervisto"), Refusal("failure", 0x0110)),
        (RecursionError(), Refusal("failure", 0x0110)),
        (SystemExit(0), Refusal("failure", 0x0110)),
        (KeyboardInterrupt(), Refusal("failure", 0x0110)),
        (MemoryError(), Refusal("memory", 0xA700)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_exception_leaves_the_decision(
    door: Admission,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    expected: Refusal,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(SiteStage, "deidentify", fail)
    assert door.decide(ct_slice()) == expected


def test_an_engine_that_hands_the_original_back_is_not_believed(
    door: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Same:
        def __init__(self, data: bytes) -> None:
            self.data = data

    monkeypatch.setattr(SiteStage, "deidentify", lambda _self, data, _pseudonym: Same(data))
    assert door.decide(ct_slice()) == Refusal("failure", 0x0110)


@pytest.mark.parametrize("status", [0x0124, 0x0122, 0xA700, 0xA900, 0xC000])
def test_the_stub_carries_reason_and_status(status: int) -> None:
    refusal = Refusal("some-reason", status)
    assert read_stub(refusal_stub(refusal)) == refusal


def test_two_stubs_have_the_same_uids() -> None:
    first, second = (
        dcmread(BytesIO(refusal_stub(Refusal(reason, 0xC000)))) for reason in ("a", "b")
    )
    assert first.SOPInstanceUID == second.SOPInstanceUID
    assert str(first.PatientID) == "REFUSED"


def test_a_stored_object_is_no_stub(door: Admission) -> None:
    verdict = door.decide(ct_slice())
    assert isinstance(verdict, Admitted)
    assert read_stub(verdict.data) is None


@pytest.mark.parametrize(
    "data",
    [b"", ct_slice(), ct_slice(StudyDescription="KaSARi site 0123456789abcdef")],
    ids=["empty", "original", "mark in a text"],
)
def test_only_the_first_stage_makes_the_mark(data: bytes) -> None:
    assert not carries_site_mark(data)

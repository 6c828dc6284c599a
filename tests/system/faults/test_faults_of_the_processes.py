"""Processes that are killed while a course is on its way, or stay away for a time."""

from collections.abc import Callable
from random import Random

import pytest

from tests.system.faults.proxy import Fault
from tests.system.faults.ward import Ward, until

STOW = b"POST /dicom-web/studies"
SEED = 20261124


def in_archive(ward: Ward) -> int:
    with ward.archive_store() as store:
        return int(store.get("/statistics").json()["CountInstances"])


def killed_in_flight(ward: Ward, name: str, at: int) -> None:
    """Send a course over a slow link; kill -9 a process when so much of it is in the archive."""
    patient = ward.admit()
    before = in_archive(ward)
    with ward.archive_link.having(Fault(STOW, bytes_per_second=2_000_000)):
        ward.send(patient)
        until(lambda: in_archive(ward) >= before + at, f"{at} instances in the archive")
        ward.kill(name)
    assert ward.stack.ensure_running() == [name]


@pytest.mark.parametrize(
    "name", ["gateway-KUH", "harmonizer", pytest.param("orthanc-archive", marks=pytest.mark.slow)]
)
def test_killed_while_a_course_is_stored(checked: Ward, name: str) -> None:
    """Gateway, harmonizer or archive's Orthanc is killed during STOW | sent again; no double"""
    killed_in_flight(checked, name, Random(f"{SEED} {name}").randint(1, 30))


@pytest.mark.slow
@pytest.mark.parametrize("round_", range(5))
def test_killed_at_five_more_points(checked: Ward, round_: int) -> None:
    """A process drawn by lot is killed (-9) at a point drawn by lot, five times | as above"""
    lot = Random(SEED + round_)
    name = lot.choice(["gateway-KUH", "harmonizer", "orthanc-archive", "orthanc-KUH"])
    killed_in_flight(checked, name, lot.randint(1, 45))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["harmonizer", "orthanc-archive"])
def test_the_archive_is_away(checked: Ward, name: str) -> None:
    """Harmonizer or archive's Orthanc is down while a course comes | it waits and goes later"""
    checked.kill(name)
    checked.send(checked.admit())
    until(waits(checked), "a submission waits for the archive")
    assert checked.stack.ensure_running() == [name]


def waits(ward: Ward) -> Callable[[], bool]:
    def ask() -> bool:
        told = ward.gateway("GET", "/api/v1/courses")
        account = ward.gateway("GET", "/api/v1/account")
        return any(c["state"] == "sending" for c in told) and account["on_the_way"] > 0

    return ask

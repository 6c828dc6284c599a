"""Processes that are killed, frozen, starved or stopped while a course is on its way."""

import os
import re
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import httpx
import pytest
import yaml

from harmonizer.services.submission import HARMONIZE
from kasari.setup import ROOT
from kasari.stack.health import Probe
from kasari.stack.ports import any_free
from tests.system.faults.proxy import Fault
from tests.system.faults.test_faults_of_the_link import ANNOUNCE, STOW
from tests.system.faults.test_faults_of_the_stores import database
from tests.system.faults.ward import Fate, Patient, Ward, consent_list, until
from tests.system.faults.work_trace import ONCE_AT_A_TIME, traced

SEED = 20261124
NO_MEMORY = re.compile(rb"MemoryError|[Nn]ot enough memory|bad_alloc|allocate|start new thread")
"""What Python, Orthanc and a thread pool say of an allocation that failed."""
OUT_OF_RESOURCES = 0xA700


def in_archive(ward: Ward) -> int:
    with ward.archive_store() as store:
        return int(store.get("/statistics").json()["CountInstances"])


def ended_in_flight(ward: Ward, name: str, at: int, by: signal.Signals = signal.SIGKILL) -> None:
    """Send a course over a slow link; end a process when so much of it is in the archive."""
    patient = ward.admit()
    before = in_archive(ward)
    with ward.archive_link.having(Fault(STOW, bytes_per_second=2_000_000)):
        ward.send(patient)
        until(lambda: in_archive(ward) >= before + at, f"{at} instances in the archive")
        ward.kill(name, by)
    assert ward.stack.ensure_running() == [name]


@pytest.mark.fault(3, 5)
@pytest.mark.parametrize(
    "name", ["gateway-KUH", "harmonizer", pytest.param("orthanc-archive", marks=pytest.mark.slow)]
)
def test_killed_while_a_course_is_stored(checked: Ward, name: str) -> None:
    """Gateway, harmonizer or archive's Orthanc is killed during STOW | sent again; no double"""
    ended_in_flight(checked, name, Random(f"{SEED} {name}").randint(1, 30))


@pytest.mark.slow
@pytest.mark.fault(4)
@pytest.mark.parametrize("name", ["gateway-KUH", "harmonizer"])
def test_stopped_in_order_while_a_course_is_stored(checked: Ward, name: str) -> None:
    """Gateway or harmonizer is stopped in order during STOW | as above"""
    ended_in_flight(checked, name, 5, signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.fault(3, 5)
@pytest.mark.parametrize("round_", range(5))
def test_killed_at_five_more_points(checked: Ward, round_: int) -> None:
    """A process drawn by lot is killed (-9) at a point drawn by lot, five times | as above"""
    lot = Random(SEED + round_)
    name = lot.choice(["gateway-KUH", "harmonizer", "orthanc-archive", "orthanc-KUH"])
    ended_in_flight(checked, name, lot.randint(1, 45))


@pytest.mark.fault(1)
@pytest.mark.parametrize("round_", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_the_site_is_killed_while_it_receives(checked: Ward, round_: int) -> None:
    """The site's Orthanc is killed (-9) at a point drawn by lot of a push | the push goes on"""
    patient = checked.admit()
    at = Random(SEED + round_).randint(1, len(patient.files) - 1)
    acknowledged = 0

    def kill_once(_file: object) -> None:
        nonlocal acknowledged
        acknowledged += 1
        if acknowledged == at:
            checked.kill("orthanc-KUH")
            assert checked.stack.ensure_running() == ["orthanc-KUH"]

    assert checked.send(patient, progress=kill_once).refused == {}


@pytest.mark.slow
@pytest.mark.fault(2)
def test_killed_while_consents_are_imported(checked: Ward) -> None:
    """The gateway is killed while it imports consents | all or nothing; again gives the same"""
    patient = checked.admit(consent=False)
    crowd = [Patient(f"{patient.patient_id}-{n}", patient.folder) for n in range(3000)]
    listed = consent_list([*crowd, patient], "granted", "2024-01-01")

    def lines() -> int:
        counts = checked.gateway("GET", "/api/v1/status")["consents"]
        return sum(counts.values())

    before = lines()

    def import_it() -> None:
        with suppress(httpx.HTTPError):
            checked.gateway("POST", "/api/v1/consents", content=listed)

    thread = threading.Thread(target=import_it)
    thread.start()
    thread.join(Random(SEED).uniform(0.05, 0.5))
    checked.kill("gateway-KUH")
    thread.join()
    checked.stack.ensure_running()
    assert lines() - before in {0, 3001}
    checked.say_consent(patient, "granted", "2024-01-01")
    checked.send(patient)


@pytest.mark.slow
@pytest.mark.fault(7)
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


@pytest.mark.slow
@pytest.mark.fault(34)
def test_nobody_heard_that_objects_were_stored(checked: Ward) -> None:
    """Gateway and site's Orthanc are killed, the events are lost | found at the start"""
    patient = checked.admit()
    with checked.frozen("gateway-KUH"), checked.past_the_gate():
        checked.send(patient)
        checked.kill("orthanc-KUH")
        checked.kill("gateway-KUH")
    checked.stack.ensure_running()


@pytest.mark.fault(48)
def test_the_gateway_hangs(checked: Ward) -> None:
    """The gateway hangs while the site takes a course | events are late, none is lost"""
    patient = checked.admit()
    with checked.frozen("gateway-KUH"), checked.past_the_gate():
        assert checked.send(patient).refused == {}


@pytest.mark.fault(38)
@pytest.mark.usefixtures("impatient")
def test_nobody_can_say_who_consented(checked: Ward) -> None:
    """The site starts and its gateway hangs | refused with 0xA700: no list is no consent"""
    patient = checked.admit()
    with checked.frozen("gateway-KUH"), checked.past_the_gate():
        checked.kill("orthanc-KUH")
        starting = threading.Thread(target=checked.stack.ensure_running)
        starting.start()
        assert set(checked.send(patient).refused) == {OUT_OF_RESOURCES}
    starting.join()
    checked.send(patient)
    checked.expect(patient.uids, Fate.DELIVERED)


@pytest.mark.slow
@pytest.mark.fault(52)
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", ["gateway-KUH", "harmonizer", "orthanc-KUH", "orthanc-archive"])
def test_no_more_memory(checked: Ward, name: str) -> None:
    """A process gets no more memory when it asks | it may die; started again, nothing is lost"""
    patient = checked.admit()
    checked.kill(name)  # started anew, it has no freed memory that would be enough
    checked.stack.ensure_running()
    with checked.sending(patient):
        with limited(checked, name) as has_felt_it:
            until(has_felt_it, "it asked for memory and got none")
        checked.stack.ensure_running()
    checked.send(patient)
    checked.expect(patient.uids, Fate.DELIVERED)


@contextmanager
def limited(ward: Ward, name: str) -> Iterator[Callable[[], bool]]:
    """Let a process have what it has, and no page more. Yields whether it has died or said so."""
    pid = ward.stack.processes()[name]
    assert pid is not None
    log = ward.stack.folders()["logs"] / f"{name}.log"
    before = log.stat().st_size
    status = Path(f"/proc/{pid}/status").read_text()
    has = int(status.split("VmData:")[1].split()[0]) << 10
    old = resource.prlimit(pid, resource.RLIMIT_DATA)
    resource.prlimit(pid, resource.RLIMIT_DATA, (has, old[1]))

    def has_felt_it() -> bool:
        if ward.stack.processes()[name] != pid:
            return True
        with log.open("rb") as file:
            file.seek(before)
            return bool(NO_MEMORY.search(file.read()))

    yield has_felt_it
    if ward.stack.processes()[name] == pid:
        resource.prlimit(pid, resource.RLIMIT_DATA, old)


@pytest.mark.slow
@pytest.mark.fault(53)
def test_killed_between_delivery_and_harmonizing(checked: Ward) -> None:
    """The harmonizer is killed when a course is stored | its work list says what is left to do"""
    patient = checked.admit()
    checked.send(patient)
    until(checked.settled, "delivered")
    checked.kill("harmonizer")
    checked.stack.ensure_running()
    checked.check_harmonized()


@pytest.mark.slow
@pytest.mark.fault(54)
def test_harmonized_twice(checked: Ward) -> None:
    """A course is harmonized again | the same structures and findings, none of them twice"""
    checked.send(checked.admit())
    checked.check()
    checked.check_harmonized()
    course = checked.archive("/api/v1/courses?limit=1")[0]["course_uid"]
    before = checked.archive(f"/api/v1/courses/{course}")
    checked.store_forgets(before["study_uids"])
    checked.check()
    checked.check_harmonized()
    after = checked.archive(f"/api/v1/courses/{course}")
    assert after["harmonized_at"] > before["harmonized_at"]
    for part in ("structures", "findings"):
        assert after[part] == before[part]


@pytest.mark.slow
@pytest.mark.fault(55)
def test_two_harmonizers_work_on_one_database(checked: Ward, tmp_path: Path) -> None:
    """A second harmonizer runs on the same database | each course is worked on once at a time"""
    taken = tmp_path / "taken"
    taken.touch()

    def both_have_worked() -> bool:
        trace.ask_again()
        theirs = taken.read_text().split().count(HARMONIZE)
        return 0 < theirs < trace.taken()

    with traced(database(checked, "harmonizer")) as trace, second_harmonizer(checked, taken):
        for _ in range(2):
            checked.send(checked.admit())
        checked.check()
        until(both_have_worked, "both have worked")
        checked.check_harmonized()
        courses = trace.of_courses()
    assert len(courses) >= 2
    assert {c: e for c, e in courses.items() if not re.fullmatch(ONCE_AT_A_TIME, e)} == {}


@contextmanager
def second_harmonizer(ward: Ward, taken: Path) -> Iterator[None]:
    """Run another harmonizer on the same database and store, with a port of its own."""
    config = ward.stack.folder / "harmonizer/harmonizer.yml"
    values = yaml.safe_load(config.read_text())
    values["listen"]["port"] = port = any_free(())
    other = config.with_name("second.yml")
    other.write_text(yaml.safe_dump(values))
    other.chmod(0o600)
    module = "tests.system.faults.second_harmonizer"
    command = [sys.executable, "-m", module, "serve", "--config", str(other)]
    environment = os.environ | {"KASARI_TAKEN": str(taken)}
    with (
        taken.with_name("log").open("wb") as log,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as second,
    ):
        try:
            until(Probe(f"http://127.0.0.1:{port}/health").is_healthy, "the second harmonizer")
            yield
        finally:
            second.terminate()
            other.unlink()


@pytest.mark.slow
@pytest.mark.fault(2)
def test_announced_and_killed(checked: Ward) -> None:
    """The gateway is killed right after it announced a course | announced again, as the same"""
    patient = checked.admit()
    with checked.archive_link.having(Fault(ANNOUNCE, lose_answer=True)) as fault:
        checked.send(patient)
        until(lambda: fault.done == 1, "announced")
        checked.kill("gateway-KUH")
    checked.stack.ensure_running()

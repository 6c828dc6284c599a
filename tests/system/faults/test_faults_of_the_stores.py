"""Disks that are full, files and databases that are damaged, lost or older than they should be."""

import json
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

import httpx
import pytest

from kasari.commands.archive import backups as archive_backups
from kasari.commands.gateway import backups
from kasari.errors import StackError
from kasari.setup import OWN_FOLDER, ensure_orthanc
from tests.factories.identified import ct_slice
from tests.system.faults.proxy import Fault
from tests.system.faults.test_faults_of_the_link import ANNOUNCE, STOW
from tests.system.faults.ward import Fate, Patient, Ward, until

OUT_OF_RESOURCES, NOT_AUTHORISED = 0xA700, 0x0124
GATEWAY = "gateway-KUH"
ARCHIVE = ("harmonizer", "orthanc-archive")


def database(ward: Ward, service: str) -> Path:
    folders = {"gateway": ward.stack.folders()["KUH/gateway"]}
    folder = folders.get(service, ward.stack.folders()["harmonizer"] / "data")
    return folder / f"{service}.db"


def delivered(ward: Ward) -> Patient:
    patient = ward.admit()
    ward.send(patient)
    ward.check()
    return patient


# --- full ------------------------------------------------------------------------------------


@pytest.mark.fault(14)
@pytest.mark.usefixtures("impatient")
def test_the_site_s_disk_is_full(checked: Ward) -> None:
    """The site's disk is full | 0xA700, nothing is half stored; sent again when there is room"""
    patient = checked.admit()
    with checked.full("site", 1 << 20):
        assert set(checked.send(patient).refused) == {OUT_OF_RESOURCES}
    assert checked.send(patient).refused == {}
    checked.expect(patient.uids, Fate.DELIVERED)


@pytest.mark.slow
@pytest.mark.fault(15)
@pytest.mark.parametrize("volume", ["archive", "harmonizer"])
def test_the_archive_s_disk_is_full(checked: Ward, volume: str) -> None:
    """The disk of the archive's store or tables is full | it waits and goes when there is room"""
    patient = checked.admit()
    before = len(checked.archive_link.requests)
    with checked.full(volume):
        checked.send(patient)
        until(lambda: len(checked.archive_link.requests) > before + 2, "attempts")


@pytest.mark.fault(60)
def test_no_audit_no_access(checked: Ward) -> None:
    """The audit trail cannot be written | nobody is shown and nothing is sent until it can"""
    patient = checked.admit()
    question = {"patient_id": patient.patient_id}
    checked.as_steward("/api/v1/why", question)
    busy = Fault(ANNOUNCE, 10_000, status=503)
    with checked.archive_link.having(busy):
        checked.send(patient)
        until(lambda: busy.done > 0, "an attempt")
        stows, before = checked.archive_link.seen(STOW), audited(checked)
        with closing(sqlite3.connect(database(checked, "gateway"))) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # its log would be room enough
        with checked.full("gateway", 0):
            busy.times = 0  # the archive would take it now
            told = asked_until_refused(checked, question)
            assert checked.archive_link.seen(STOW) == stows
    until(lambda: audited(checked) == before + told, "as many records as answers")


def asked_until_refused(ward: Ward, question: dict[str, str]) -> int:
    for told in range(500):
        try:
            ward.as_steward("/api/v1/why", question)
        except httpx.HTTPStatusError:
            return told
    raise AssertionError("the disk was never full")


def audited(ward: Ward) -> int:
    with closing(sqlite3.connect(database(ward, "gateway"))) as connection:
        query = "SELECT count(*) FROM audit WHERE action = 'inquiry'"
        return int(connection.execute(query).fetchone()[0])


@pytest.mark.slow
@pytest.mark.fault(60)
def test_logs_cannot_be_written(checked: Ward) -> None:
    """The disk of the logs is full | everything else goes on"""
    logs = checked.stack.folders()["logs"]
    before = sizes(logs)
    disturbed(checked)
    assert sizes(logs) != before, "with room, something is logged"
    with checked.full("logs", 0):
        fill_pages(logs)
        before = sizes(logs)
        disturbed(checked)
        assert sizes(logs) == before, "not a byte could be logged"
        with pytest.raises(OSError, match="No space left"):
            (logs / "one more").write_bytes(b"x")


def disturbed(ward: Ward) -> None:
    """Deliver a course although the link is cut once, which is logged."""
    with ward.archive_link.having(Fault(STOW, cut_after=300_000)) as fault:
        delivered(ward)
        assert fault.done == 1


def sizes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir())}


def fill_pages(folder: Path) -> None:
    """Use up what is left of the last page of each file: on a full disk, too, it can be written."""
    for path in folder.iterdir():
        with path.open("ab") as file, suppress(OSError):
            file.write(b"\n" * (-path.stat().st_size % resource.getpagesize()))


# --- locked, damaged, lost -------------------------------------------------------------------


@pytest.mark.fault(17)
@pytest.mark.parametrize("service", ["gateway", pytest.param("harmonizer", marks=pytest.mark.slow)])
def test_a_database_is_locked(checked: Ward, service: str) -> None:
    """Somebody else has locked the database | it waits for the lock, and goes on"""
    patient = checked.admit()
    before = len(checked.archive_link.requests)
    with closing(sqlite3.connect(database(checked, service), isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with checked.sending(patient):
            if service == "gateway":
                until(lambda: plugin_silent_s(checked) > 12, "its writing waits")
            else:
                until(lambda: len(checked.archive_link.requests) > before, "a request waits")
            connection.execute("ROLLBACK")


def plugin_silent_s(ward: Ward) -> float:
    """For how long the gateway could not keep what the plugin tells it."""
    told = ward.gateway("GET", "/api/v1/status")["plugin"]["last_report_seconds_ago"]
    return float(told or 0.0)


@pytest.mark.slow
@pytest.mark.fault(17)
@pytest.mark.parametrize(("service", "process"), [("gateway", GATEWAY), ("harmonizer", ARCHIVE[0])])
def test_a_database_is_damaged(checked: Ward, tmp_path: Path, service: str, process: str) -> None:
    """The database is damaged | the service does not start and says so; a backup is put back"""
    saved, config = tmp_path / "saved.tar", settings_of(checked, service)
    keeping = backups if service == "gateway" else archive_backups
    keeping.backup(out=saved, where=config)
    checked.kill(process)
    path = database(checked, service)
    path.with_name(path.name + "-wal").unlink(missing_ok=True)
    with path.open("r+b") as file:
        file.write(b"\0" * 8192)
    with pytest.raises(StackError, match="ended while it started"):
        checked.stack.ensure_running()
    log = (checked.stack.folders()["logs"] / f"{process}.log").read_text("utf-8")
    assert "restore a backup" in log.splitlines()[-1]
    keeping.restore(saved, where=config, replace=True)
    checked.stack.ensure_running()
    if service == "gateway":
        checked.import_after_restore()
    delivered(checked)


def settings_of(ward: Ward, service: str) -> Path:
    if service == "gateway":
        return ward.stack.folders()["KUH/gateway"].parent / "gateway.yml"
    return ward.stack.folders()["harmonizer"] / "harmonizer.yml"


@pytest.mark.slow
@pytest.mark.fault(18)
def test_a_bit_flips_in_the_archive(checked: Ward) -> None:
    """A bit flips in a file of the archive | scrubbing finds it; the gateway sends it again"""
    delivered(checked)
    path = dose_in_the_archive(checked)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    checked.comes_again(1)


@pytest.mark.slow
@pytest.mark.fault(19)
def test_a_file_of_the_archive_is_gone(checked: Ward) -> None:
    """A file of the archive's store is gone | found, and never an empty answer; sent again"""
    delivered(checked)
    dose_in_the_archive(checked).unlink()
    checked.comes_again(1)


def newest_file(store: httpx.Client, folder: Path, modality: str) -> Path:
    """Where an Orthanc keeps the latest object of a modality: the object, nothing made of it."""
    query = {"Level": "Instance", "Query": {"Modality": modality}}
    found = store.post("/tools/find", json=query).json()
    infos = [store.get(f"/instances/{one}/attachments/dicom/info").json() for one in found]
    uuids = [info["Uuid"] for info in infos]
    files = [folder / "storage" / uuid[:2] / uuid[2:4] / uuid for uuid in uuids]
    return max(files, key=lambda path: path.stat().st_mtime)


def dose_in_the_archive(ward: Ward) -> Path:
    with ward.archive_store() as store:
        return newest_file(store, ward.stack.folders()["archive"] / "orthanc", "RTDOSE")


def plan_at_the_site(ward: Ward) -> Path:
    login = ward.site.orthanc_login()
    with httpx.Client(base_url=ward.site.orthanc_url, auth=login) as store:
        return newest_file(store, ward.stack.folders()["KUH/orthanc"], "RTPLAN")


@pytest.mark.slow
@pytest.mark.fault(18)
def test_a_bit_flips_at_the_site(checked: Ward) -> None:
    """A bit flips in a file of the site while its course waits | held: it is not what came"""
    patient = checked.admit()
    with checked.archive_link.having(Fault(ANNOUNCE, 1000, status=503)) as fault:
        checked.send(patient)
        until(lambda: fault.done > 0, "an attempt")
        checked.kill(GATEWAY)  # its prepared copies with it
        path = plan_at_the_site(checked)
        checked.stop("orthanc-KUH")  # it keeps files in memory, and would give what came
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        checked.stack.ensure_running()
        assert len(checked.held("content-changed")) == 1
    checked.erase(patient)


@pytest.mark.slow
@pytest.mark.fault(56)
def test_the_archive_lost_instances(checked: Ward) -> None:
    """The archive's store loses a study and its labels | both are there again"""
    delivered(checked)
    checked.check_harmonized()
    course = checked.archive("/api/v1/courses?limit=1")[0]

    def labels() -> list[str]:
        with checked.archive_store() as store:
            query = {"Level": "Study", "Query": {"StudyInstanceUID": course["study_uids"][0]}}
            (study,) = store.post("/tools/find", json=query).json()
            found: list[str] = store.get(f"/studies/{study}/labels").json()
            return found

    before = labels()
    assert before
    checked.store_forgets(course["study_uids"])
    checked.check()
    until(lambda: labels() == before, "the labels")


@pytest.mark.slow
@pytest.mark.fault(43)
@pytest.mark.usefixtures("impatient")
def test_the_vault_is_lost(checked: Ward) -> None:
    """The gateway's database is gone | nobody is let in until it is put back; then all goes on"""
    patient = checked.admit()
    with aside(checked, GATEWAY, database(checked, "gateway")):
        until(
            lambda: checked.admission()["admitted"] == 0,
            "the plugin has heard that nobody is known",
        )
        assert checked.send(patient).counts() == {NOT_AUTHORISED: len(patient.uids)}
        assert checked.gateway("GET", "/api/v1/account")["delivered"] == 0
    until(lambda: checked.admission()["admitted"] > 0, "the plugin knows them again")
    checked.send(patient)
    checked.expect(patient.uids, Fate.DELIVERED)


@contextmanager
def aside(ward: Ward, process: str, path: Path) -> Iterator[None]:
    """Let a process run without its database for a while."""
    ends = ("", "-wal", "-shm")
    ward.stop(process)
    for end in ends:
        own = path.with_name(path.name + end)
        if own.exists():
            own.rename(own.with_name(f"aside-{own.name}"))
    ward.stack.ensure_running()
    try:
        yield
    finally:
        ward.stop(process)
        for end in ends:
            own = path.with_name(path.name + end)
            own.unlink(missing_ok=True)
            if own.with_name(f"aside-{own.name}").exists():
                own.with_name(f"aside-{own.name}").rename(own)
        ward.stack.ensure_running()


@pytest.mark.slow
@pytest.mark.fault(42)
def test_half_of_the_keys_are_new(checked: Ward) -> None:
    """The root key was exchanged and the vault was not | no start; the old key, and all goes on"""
    key = checked.stack.folder / "secrets/KUH/root.key"
    old = key.read_bytes()
    key.write_bytes(bytes(reversed(old)))
    try:
        with pytest.raises(StackError, match=f"{GATEWAY} ended while it started"):
            checked.start_changed()
    finally:
        key.write_bytes(old)
    checked.stack.ensure_running()
    checked.send(checked.admit())


@pytest.mark.slow
@pytest.mark.fault(50)
def test_an_object_got_in_without_the_plugin(checked: Ward) -> None:
    """The site ran without its plugin and kept an original | set aside, alert until it is gone"""
    config = checked.stack.folders()["KUH/orthanc"] / "config"
    bare = checked.folder / "bare"
    shutil.copytree(config, bare)
    values = json.loads((bare / "instance.json").read_text())
    del values["Plugins"]
    (bare / "instance.json").write_text(json.dumps(values))
    checked.stop("orthanc-KUH")
    orthanc = ensure_orthanc(OWN_FOLDER / "orthanc")
    site = httpx.Client(base_url=checked.site.orthanc_url, auth=checked.site.orthanc_login())
    with (
        site,
        subprocess.Popen(
            [*orthanc.command, str(bare)], env=orthanc.environment, stderr=subprocess.DEVNULL
        ) as process,
    ):
        until(lambda: site.get("/system").is_success, "Orthanc without the plugin")
        stored = site.post("/instances", content=ct_slice()).json()["ID"]
        process.terminate()
    checked.stack.ensure_running()
    until(lambda: any(code.startswith("set-aside") for code in checked.alerts()), "the alert")
    checked.send(checked.admit())
    checked.expect({"the one without the plugin"}, Fate.SET_ASIDE)
    checked.check()
    site = httpx.Client(base_url=checked.site.orthanc_url, auth=checked.site.orthanc_login())
    with site:
        site.delete(f"/instances/{stored}").raise_for_status()
    gone = "the alert goes when a person has deleted it"
    until(lambda: not any(code.startswith("set-aside") for code in checked.alerts()), gone)
    checked.expect({"the one without the plugin"}, Fate.ERASED)


# --- older than it should be -----------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.fault(57)
def test_the_archive_is_restored(checked: Ward, tmp_path: Path) -> None:
    """The archive is restored from an older backup | it gets what it misses, withdrawals too"""
    delivered(checked)
    withdraws = delivered(checked)
    checked.check_harmonized()
    places = [checked.stack.folders()["archive"], checked.stack.folders()["harmonizer"] / "data"]
    checked.stop(*ARCHIVE)
    for number, place in enumerate(places):
        shutil.copytree(place, tmp_path / str(number))
    checked.stack.ensure_running()
    delivered(checked)
    checked.erase(withdraws)
    checked.check()
    checked.stop(*ARCHIVE)
    for number, place in enumerate(places):
        for path in place.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(tmp_path / str(number), place, dirs_exist_ok=True)
    checked.stack.ensure_running()
    told = checked.gateway("POST", "/api/v1/archive/recheck")
    assert (told["sent_again"], told["withdrawals_again"]) == (1, 1)
    assert "archive-lost-withdrawals" in checked.alerts()
    withdrawals = partial(checked.gateway, "GET", "/api/v1/clinical/withdrawals")
    until(lambda: all(one["archive"] for one in withdrawals()), "deleted there once more")
    checked.gateway("POST", "/api/v1/archive/recheck")
    assert "archive-lost-withdrawals" not in checked.alerts()


@pytest.mark.slow
@pytest.mark.fault(58)
def test_the_gateway_is_restored(checked: Ward, tmp_path: Path) -> None:
    """The gateway is restored from an older backup | read back and known as there; none twice"""
    saved, config = tmp_path / "saved.tar", settings_of(checked, "gateway")
    backups.backup(out=saved, where=config)
    patient = delivered(checked)
    checked.stop(GATEWAY)
    backups.restore(saved, where=config, replace=True)
    checked.stack.ensure_running()
    checked.import_after_restore(patient)
    assert "restored" not in checked.alerts()


# --- reading ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.fault(61)
def test_a_reader_is_cut_off(checked: Ward) -> None:
    """Retrieving a study is cut off and begun again | whole the second time; both are audited"""
    sent = delivered(checked).uids
    checked.check_harmonized()  # what the archive derives is of the study as well
    course = checked.archive("/api/v1/courses?limit=1")[0]
    url = f"{checked.stack.archive_url}/dicom-web/studies/{course['study_uids'][0]}"
    headers = {"Authorization": f"Bearer {checked.stack.reader_token('researcher')}"}
    told = httpx.get(f"{url}/instances", headers=headers, timeout=60).json()
    before = reads(checked)
    with httpx.stream("GET", url, headers=headers, timeout=60) as answer:
        assert len(next(answer.iter_bytes(100_000))) == 100_000
    whole = httpx.get(url, headers=headers, timeout=60)
    parts = whole.content.count(b"Content-Type: application/dicom")
    assert parts == len(told) >= len(sent)
    assert reads(checked) == before + 2


def reads(ward: Ward) -> int:
    with closing(sqlite3.connect(database(ward, "harmonizer"))) as connection:
        query = "SELECT count(*) FROM audit WHERE action = 'wado-retrieve'"
        return int(connection.execute(query).fetchone()[0])

"""A stack is started once, mended when something dies, and stopped as a whole."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from kasari.doctor import Verdict, checks_of_stack
from kasari.errors import InputError, StackError
from kasari.push import Destination, DicomFile, Ledger, Outcome, find_files, push
from kasari.setup import ROOT
from kasari.stack import Centre, Stack, open_stack, ports, start_stack, stop_stack
from kasari.stack.consents import import_consents
from kasari.stack.ports import is_free
from kasari.stack.settings import PUSH_AET
from tests.factories.identified import PATIENT_ID, ct_slice

CONSENT = (
    "patient_id,family_name,given_name,birth_date,status,version,scope,date\n"
    f"{PATIENT_ID},Kanervisto,Aurelia,1948-02-29,granted,1,research,2024-01-01\n"
)
LIMIT_S = 30.0


@pytest.fixture(scope="module")
def folder(needs_orthanc: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("processes")
    yield made
    stop_stack(made)


@pytest.fixture
def started(folder: Path) -> Stack:
    return start_stack(folder, ("KUH",))


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def instances(site: Centre) -> int:
    answer = httpx.get(f"{site.orthanc_url}/statistics", auth=site.orthanc_login())
    return int(answer.json()["CountInstances"])


def until(ask: Callable[[], object]) -> None:
    end = time.monotonic() + LIMIT_S
    while not ask() and time.monotonic() < end:
        time.sleep(0.1)
    assert ask()


def test_a_second_start_starts_nothing(started: Stack, folder: Path) -> None:
    before = started.processes()
    assert all(before.values())
    assert start_stack(folder, ("KUH",)).processes() == before
    assert open_stack(folder).processes() == before


@pytest.mark.parametrize("name", ["harmonizer", "orthanc-archive", "orthanc-KUH", "gateway-KUH"])
def test_what_was_killed_is_started_again_alone(started: Stack, name: str) -> None:
    before = started.processes()
    kill(before[name])
    assert started.ensure_running() == [name]
    after = started.processes()
    assert {key for key in after if after[key] != before[key]} == {name}
    assert started.ensure_running() == []


def test_what_was_acknowledged_survives_a_kill_of_the_site(
    started: Stack, send_to: Callable[..., Outcome]
) -> None:
    site = started.centre("KUH")
    import_consents(site, CONSENT.encode())
    assert send_to(site, *(ct_slice(number) for number in range(1, 6))).sent == 5
    kill(started.processes()["orthanc-KUH"])
    started.ensure_running()
    assert instances(site) == 5


def test_a_push_goes_on_over_a_kill_of_its_site(started: Stack, tmp_path: Path) -> None:
    site = started.centre("KUH")
    import_consents(site, CONSENT.encode())
    for number in range(100, 120):
        (tmp_path / f"{number}.dcm").write_bytes(ct_slice(number))
    sent = 0

    def kill_once(_file: DicomFile) -> None:
        nonlocal sent
        sent += 1
        if sent == 7:
            kill(started.processes()["orthanc-KUH"])
            assert started.ensure_running() == ["orthanc-KUH"]

    before = instances(site)
    to = Destination("127.0.0.1", site.dicom_port, site.ae_title, PUSH_AET)
    files = find_files(tmp_path).files
    outcome = push(files, to, Ledger(tmp_path / "ledger"), 1, kill_once)
    assert (outcome.sent, outcome.refused) == (20, {})
    assert instances(site) == before + 20


def test_the_doctor_finds_a_running_stack_well(started: Stack, folder: Path) -> None:
    def wrong() -> list[str]:
        return [
            f"{check.what}: {check.found}"
            for check in checks_of_stack(folder)
            if check.verdict is not Verdict.OK
        ]

    until(lambda: not wrong())  # alerts of the kills before clear by themselves
    kill(started.processes()["gateway-KUH"])
    assert any(text.startswith("gateway-KUH") for text in wrong())


def test_a_changed_setting_starts_the_process_anew(started: Stack, folder: Path) -> None:
    before = started.processes()
    (folder / "centres/KUH/senders.json").write_text('[{"aet": "TPS", "host": "10.0.0.5"}]')
    after = start_stack(folder, ("KUH",)).processes()
    assert {key for key in after if after[key] != before[key]} == {"orthanc-KUH", "gateway-KUH"}


def test_a_token_that_was_deleted_is_made_anew_everywhere(started: Stack, folder: Path) -> None:
    before, token = started.processes(), folder / "secrets/KUH/archive.token"
    old = token.read_text()
    token.unlink()
    after = start_stack(folder, ("KUH",)).processes()
    assert token.read_text() != old
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {"harmonizer", "orthanc-KUH", "gateway-KUH"}


def test_a_start_that_fails_names_the_log(started: Stack, folder: Path) -> None:
    token = folder / "secrets/KUH/operator.token"
    kill(started.processes()["gateway-KUH"])
    token.chmod(0o644)
    with pytest.raises(StackError, match=r"gateway-KUH ended while it started.*gateway-KUH\.log"):
        started.ensure_running()
    assert "others may read" in (folder / "logs/gateway-KUH.log").read_text("utf-8")
    token.chmod(0o600)
    assert started.ensure_running() == ["gateway-KUH"]


def test_ports_stay_over_a_stop(started: Stack, folder: Path) -> None:
    before = started.description()
    assert sorted(stop_stack(folder)) == sorted(started.processes())
    assert not any(started.processes().values())
    assert stop_stack(folder) == []
    assert start_stack(folder, ("KUH",)).description() == before


def test_a_port_that_somebody_took_meanwhile_is_replaced(
    started: Stack, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the port had looked free, and was taken before Orthanc could use it."""
    port = started.description()["ports"]["store-KUH"]
    kill(started.processes()["orthanc-KUH"])
    with socket.socket() as somebody:
        somebody.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        somebody.bind(("0.0.0.0", port))  # noqa: S104 - as another Orthanc would
        somebody.listen()
        looks = iter([True])
        monkeypatch.setattr(
            ports, "is_free", lambda p: (p == port and next(looks, False)) or is_free(p)
        )
        assert "orthanc-KUH" in started.ensure_running()
        assert next(looks, None) is None
        assert started.description()["ports"]["store-KUH"] != port
        assert open_stack(folder).centre("KUH") == started.centre("KUH")


def test_a_centre_that_is_not_there_is_told(started: Stack) -> None:
    with pytest.raises(InputError, match="no centre Nowhere"):
        started.centre("Nowhere")
    with pytest.raises(InputError, match="named by up to 16"):
        start_stack(started.folder, ("a/../b",))


def test_a_folder_that_cannot_be_made_is_told(needs_orthanc: None) -> None:
    with pytest.raises(StackError, match="name another one with --data"):
        start_stack(Path("/proc/kasari"))


@pytest.mark.slow
def test_in_the_foreground_it_mends_and_stops_with_itself(
    needs_orthanc: None, tmp_path: Path
) -> None:
    code = (
        "import sys; from pathlib import Path; from kasari.commands import up\n"
        "up.publish = lambda stack: None\n"
        "up.command(centres=1, data=Path(sys.argv[1]), foreground=True, as_json=True)"
    )
    log = tmp_path / "out"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "stack")], stdout=out, stderr=out, cwd=ROOT
        ) as command,
    ):
        try:
            until(lambda: log.read_text().rstrip().endswith("}"))
            stack = open_stack(tmp_path / "stack")
            before = stack.processes()
            os.kill(before["gateway-KUH"] or 0, signal.SIGKILL)
            until(lambda: "gateway-KUH had ended and was started again" in log.read_text())
            assert stack.processes()["gateway-KUH"] != before["gateway-KUH"]
        finally:
            command.terminate()
            command.wait(LIMIT_S)
            left = stop_stack(tmp_path / "stack")
    assert left == []
    assert command.returncode == 0


def test_another_centre_joins_a_running_stack(started: Stack, folder: Path) -> None:
    before = started.processes()
    wider = start_stack(folder, ("KUH", "Tyks"))
    after = wider.processes()
    assert {key for key in before if after[key] != before[key]} == {"harmonizer"}
    assert wider.centre("KUH") == started.centre("KUH")
    assert all(after.values())
    assert set(start_stack(folder, ("KUH",)).centres) == {"KUH", "Tyks"}, "data of both are there"

"""The site store's adapter against a real Orthanc (without the plugin)."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pyorthanc import Orthanc

from gateway.adapters.orthanc import OrthancSiteStore, open_site_client
from gateway.domain.canary import canary_object
from gateway.errors import RetryError
from gateway.services.canary import CanaryService
from kasari.setup.orthanc import find_orthanc
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "a-password-for-this-test"
START_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrthancSiteStore]:
    program = find_orthanc(ROOT / ".kasari" / "orthanc")
    if program is None:
        pytest.skip("no Orthanc >= 1.12 here; `./run setup` unpacks one")
    folder = tmp_path_factory.mktemp("orthanc")
    port = free_port()
    configuration = {
        "HttpPort": port,
        "DicomServerEnabled": False,
        "StorageDirectory": str(folder / "storage"),
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {"gateway": PASSWORD},
        "OverwriteInstances": True,
        "Locale": "C.UTF-8",
        "Plugins": [],
    }
    (folder / "orthanc.json").write_text(json.dumps(configuration))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*program.command, str(folder / "orthanc.json")],
            env=program.environment,
            stdout=log,
            stderr=log,
        )
    try:
        client = open_site_client(f"http://127.0.0.1:{port}", "gateway", PASSWORD)
        _wait_for(client)
        yield OrthancSiteStore(client)
        client.close()
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(client: Orthanc) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        try:
            if client.get_system().is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail("Orthanc did not start")


def test_what_is_stored_is_seen_read_and_deleted(store: OrthancSiteStore) -> None:
    start = store.last_change()
    data = make.ct(1, 0.0)
    orthanc_id = store.offer(data)
    assert orthanc_id is not None
    page = store.changes(start)
    assert [change.orthanc_id for change in page.instances] == [orthanc_id]
    assert page.last == store.last_change()
    assert store.changes(page.last).instances == ()
    assert store.changes(page.last).last == page.last
    assert store.read(orthanc_id) == data
    assert (list(store.instance_ids()), store.count()) == ([orthanc_id], 1)
    store.delete(orthanc_id)
    store.delete(orthanc_id)
    assert store.read(orthanc_id) is None
    assert (list(store.instance_ids()), store.count()) == ([], 0)


def test_an_overwritten_instance_is_a_change_again(store: OrthancSiteStore) -> None:
    first = store.offer(make.ct(2, 0.0))
    position = store.last_change()
    second = store.offer(make.ct(2, 7.0))
    assert first == second
    assert first is not None
    assert [c.orthanc_id for c in store.changes(position).instances] == [first]
    assert store.read(first) == make.ct(2, 7.0)


def test_without_the_plugin_the_canary_is_kept(store: OrthancSiteStore) -> None:
    """The canary must be an object that Orthanc itself likes, or it would prove nothing."""
    kept = store.offer(canary_object())
    assert kept is not None
    store.delete(kept)


def test_without_the_plugin_nobody_says_since_when_it_runs(store: OrthancSiteStore) -> None:
    with pytest.raises(RetryError, match="without the plugin"):
        store.plugin_boot()


def answering(posted: httpx.Response, admission: httpx.Response) -> OrthancSiteStore:
    """Return a site Orthanc that answers like this to what is offered, and for its plugin."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return posted
        return admission if request.url.path == "/kasari/admission" else httpx.Response(404)

    transport = httpx.MockTransport(answer)
    return OrthancSiteStore(open_site_client("http://orthanc", "gateway", "x", transport))


LOADED = httpx.Response(200, json={"open": True, "boot_id": "0a1b"})
REFUSED = httpx.Response(500)


def canary_of(store: OrthancSiteStore, hospital: Hospital) -> CanaryService:
    return CanaryService(store, hospital.service.alerts, hospital.clock)


def test_a_refusal_counts_when_the_plugin_is_there(hospital: Hospital) -> None:
    canary = canary_of(answering(REFUSED, LOADED), hospital)
    assert canary.step().healthy
    assert canary.proven(15)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 405, 413, 501, 502, 503, 504, 507])
def test_what_anybody_between_may_answer_is_no_refusal(hospital: Hospital, status: int) -> None:
    canary = canary_of(answering(httpx.Response(status), LOADED), hospital)
    result = canary.step()
    assert not result.healthy
    assert result.text.startswith("cannot be asked")
    assert not canary.proven(15)


@pytest.mark.parametrize(
    "admission",
    [
        *(httpx.Response(status) for status in (401, 404, 500, 502)),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"open": True}),
    ],
)
def test_a_refusal_proves_nothing_without_the_plugin(
    hospital: Hospital, admission: httpx.Response
) -> None:
    assert not canary_of(answering(REFUSED, admission), hospital).step().healthy


@pytest.mark.parametrize("posted", ["<html>", '{"Status": "FilteredOut"}', '{"Status": "Failure"}'])
def test_what_is_neither_stored_nor_refused_proves_nothing(hospital: Hospital, posted: str) -> None:
    canary = canary_of(answering(httpx.Response(200, text=posted), LOADED), hospital)
    assert canary.step().text.startswith("cannot be asked")


def test_one_that_keeps_the_canary_and_fails_then_has_kept_it(hospital: Hospital) -> None:
    kept = httpx.Response(200, json={"Status": "Success", "ID": "a"})

    def answer(request: httpx.Request) -> httpx.Response:
        return kept if request.method == "POST" else httpx.Response(503)

    client = open_site_client("http://orthanc", "gateway", "x", httpx.MockTransport(answer))
    assert not canary_of(OrthancSiteStore(client), hospital).step().healthy
    (alert,) = hospital.service.alerts.open()
    assert alert["code"] == "canary-stored"
    assert "did not delete it again" in alert["text"]


def test_an_alert_that_cannot_be_written_leaves_the_canary_unhealthy(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = hospital.service.canary
    assert canary.step().healthy

    def broken(code: str, text: str) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(hospital.service.alerts, "raise_alert", broken)
    hospital.site.plugin_in_force = False
    with pytest.raises(OSError, match="disk full"):
        canary.step()
    assert canary.last is not None
    assert not canary.last.healthy


def test_a_wrong_password_is_no_refusal() -> None:
    class Closed(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(401)

    client = open_site_client("http://orthanc", "gateway", "x", Closed())
    with pytest.raises(RetryError, match="password"):
        OrthancSiteStore(client).offer(b"")

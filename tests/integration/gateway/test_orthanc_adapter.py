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
from kasari.setup.orthanc import find_orthanc
from tests.factories import site_objects as make

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


def test_a_wrong_password_is_no_refusal() -> None:
    class Closed(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(401)

    client = open_site_client("http://orthanc", "gateway", "x", Closed())
    with pytest.raises(RetryError, match="password"):
        OrthancSiteStore(client).offer(b"")

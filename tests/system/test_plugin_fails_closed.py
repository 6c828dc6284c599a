"""An Orthanc whose plugin cannot do its work must not start, or must not count as running."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from gateway.adapters.orthanc import OrthancSiteStore, open_site_client
from gateway.contract.site import ConsentSnapshot
from gateway.domain.canary import canary_object
from gateway.errors import RetryError
from kasari.setup import OWN_FOLDER, ROOT, ensure_site_packages, find_orthanc
from kasari.stack.health import Probe
from kasari.stack.layout import Layout
from kasari.stack.ports import any_free
from kasari.stack.settings import GATEWAY_USER, Writer
from tests.factories.identified import IDENTIFIERS, ct_slice

LIMIT_S = 60.0
Break = Callable[[dict[str, Any], Path], None]


class Site:
    """A site Orthanc's configuration to break, and to start."""

    def __init__(self, folder: Path) -> None:
        program = find_orthanc(OWN_FOLDER / "orthanc")
        assert program is not None
        self.layout = Layout(folder)
        self.layout.ensure()
        self.port = any_free(())
        ports = {"orthanc-KUH": self.port, "store-KUH": any_free((self.port,)), "gateway-KUH": 1}
        self.config = Writer(self.layout, ports, program).site_orthanc("KUH")
        self.settings = self.config.parent / "plugin.json"
        packages = ensure_site_packages(OWN_FOLDER / "site-packages", program.python)
        self._command = [*program.command, str(self.config)]
        self._environment = {**program.environment, "PYTHONPATH": f"{ROOT}:{packages}"}

    def start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self._command,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def change(self, break_it: Break) -> None:
        path = self.config / "instance.json"
        values = json.loads(path.read_text("utf-8"))
        break_it(values, self.settings)
        path.write_text(json.dumps(values), "utf-8")


@pytest.fixture
def site(needs_orthanc: None, tmp_path: Path) -> Site:
    return Site(tmp_path)


def no_script(values: dict[str, Any], _settings: Path) -> None:
    values["Python"]["Path"] = "/absent/site_entry.py"


def no_plugin_file(values: dict[str, Any], _settings: Path) -> None:
    values["Plugins"] = ["/absent/libOrthancPython.so"]


def no_section(values: dict[str, Any], _settings: Path) -> None:
    del values["KaSARi"]


def no_settings(_values: dict[str, Any], settings: Path) -> None:
    settings.unlink()


def damaged_keys(_values: dict[str, Any], settings: Path) -> None:
    keys = Path(json.loads(settings.read_text("utf-8"))["site_keys_file"])
    keys.write_text('{"key_id": "x"}', "utf-8")


def no_token(_values: dict[str, Any], settings: Path) -> None:
    Path(json.loads(settings.read_text("utf-8"))["gateway_token_file"]).unlink()


def readable_keys(_values: dict[str, Any], settings: Path) -> None:
    Path(json.loads(settings.read_text("utf-8"))["site_keys_file"]).chmod(0o640)


def readable_token(_values: dict[str, Any], settings: Path) -> None:
    Path(json.loads(settings.read_text("utf-8"))["gateway_token_file"]).chmod(0o604)


def damaged_policy(_values: dict[str, Any], settings: Path) -> None:
    policy = settings.with_name("policy.json")
    policy.write_text('{"keep": ["PatientName"]}', "utf-8")
    told = json.loads(settings.read_text("utf-8")) | {"policy_file": "policy.json"}
    settings.write_text(json.dumps(told), "utf-8")


@pytest.mark.fault(45)
@pytest.mark.parametrize(
    "break_it",
    [
        no_script,
        no_plugin_file,
        no_section,
        no_settings,
        damaged_keys,
        no_token,
        readable_keys,
        readable_token,
        damaged_policy,
    ],
    ids=lambda break_it: break_it.__name__,
)
def test_orthanc_does_not_start(site: Site, break_it: Break) -> None:
    """Plugin, script, keys, token or policy are missing or damaged | Orthanc does not start"""
    site.change(break_it)
    with site.start() as process:
        said, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode != 0
    assert said
    assert (b"others may read" in said) is (break_it in (readable_keys, readable_token))
    for secret in (site.layout.secrets / "KUH").iterdir():
        assert secret.read_bytes() not in said


class OtherGateway(BaseHTTPRequestHandler):
    """Hands out a list of one that follows a policy which the plugin does not have."""

    def do_GET(self) -> None:
        snapshot = ConsentSnapshot(
            tag="1", policy_hash="another", identities="", admitted={"a": "b"}
        )
        self.send_response(200)
        self.end_headers()
        self.wfile.write(snapshot.model_dump_json().encode())

    def do_POST(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_told: object) -> None: ...


@pytest.mark.fault(45)
def test_orthanc_does_not_start_beside_a_gateway_of_another_policy(site: Site) -> None:
    """Plugin and gateway follow different policies | Orthanc does not start, and says why"""
    with HTTPServer(("127.0.0.1", 0), OtherGateway) as gateway:
        Thread(target=gateway.serve_forever, daemon=True).start()
        told = json.loads(site.settings.read_text("utf-8"))
        told["gateway_url"] = f"http://127.0.0.1:{gateway.server_port}"
        site.settings.write_text(json.dumps(told), "utf-8")
        with site.start() as process:
            said, _ = process.communicate(timeout=LIMIT_S)
        gateway.shutdown()
    assert process.returncode != 0
    assert b"follow different policies" in said


def without_plugin(values: dict[str, Any], _settings: Path) -> None:
    del values["Plugins"]


@contextmanager
def running(site: Site) -> Iterator[httpx.Client]:
    """The site's Orthanc, once it answers."""
    password = site.layout.secret("KUH", "orthanc.password").read_text("ascii")
    with (
        site.start() as process,
        httpx.Client(base_url=f"http://127.0.0.1:{site.port}", auth=(GATEWAY_USER, password)) as it,
    ):
        try:
            end = time.monotonic() + LIMIT_S
            while time.monotonic() < end:
                try:
                    if it.get("/system").is_success:
                        break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield it
        finally:
            process.terminate()
            process.communicate(timeout=LIMIT_S)


@pytest.mark.fault(45)
@pytest.mark.parametrize(("break_it", "counts"), [(None, True), (without_plugin, False)])
def test_an_orthanc_without_the_plugin_does_not_count_as_running(
    site: Site, break_it: Break | None, counts: bool
) -> None:
    """Orthanc starts without the plugin | it does not count as running"""
    if break_it:
        site.change(break_it)
    password = site.layout.secret("KUH", "orthanc.password")
    asked = Probe(f"http://127.0.0.1:{site.port}/kasari/admission", GATEWAY_USER, password)
    with running(site) as orthanc:
        assert asked.is_healthy() is counts
        if counts:  # and without a gateway nobody gets in
            told = orthanc.get("/kasari/admission").json()
            assert (told["open"], told["reason"]) == (False, "no-consent-snapshot")


@pytest.mark.parametrize(("break_it", "is_loaded"), [(None, True), (without_plugin, False)])
def test_the_canary_is_refused_in_the_way_of_the_plugin(
    site: Site, break_it: Break | None, is_loaded: bool
) -> None:
    if break_it:
        site.change(break_it)
    with running(site):
        password = site.layout.secret("KUH", "orthanc.password").read_text("ascii")
        with open_site_client(f"http://127.0.0.1:{site.port}", GATEWAY_USER, password) as client:
            store = OrthancSiteStore(client)
            kept = store.offer(canary_object())
            assert (kept is None) is is_loaded
            if is_loaded:
                assert store.plugin_boot()
            else:
                with pytest.raises(RetryError, match="without the plugin"):
                    store.plugin_boot()


CALLING = """
import orthanc
exec(compile(open({entry!r}).read(), {entry!r}, "exec"))

def anonymize(output, uri, **request):
    study = eval(orthanc.RestApiGet("/studies"))[0]
    try:
        orthanc.RestApiPost("/studies/" + study + "/anonymize", "{{}}")
    except orthanc.OrthancException:
        pass  # the plugin keeps nothing of it
    output.AnswerBuffer("done", "text/plain")

orthanc.RegisterRestCallback("/fault", anonymize)
"""


@pytest.mark.fault(47)
def test_python_that_waits_for_a_job_does_not_hang(site: Site, tmp_path: Path) -> None:
    """Python in Orthanc calls a synchronous job | both come to their end"""
    config, script = site.config / "instance.json", tmp_path / "calling.py"
    whole = config.read_text("utf-8")
    site.change(without_plugin)
    with running(site) as orthanc:
        orthanc.post("/instances", content=ct_slice()).raise_for_status()
    config.write_text(whole, "utf-8")
    site.change(lambda values, _settings: replace_script(values, script, CALLING))
    with running(site) as orthanc:
        assert orthanc.get("/fault", timeout=LIMIT_S).text == "done"
        assert orthanc.get("/statistics").json()["CountInstances"] == 1


def replace_script(values: dict[str, Any], script: Path, text: str, **words: str) -> None:
    """Let Orthanc load another script, which loads ours."""
    script.write_text(text.format(entry=values["Python"]["Path"], **words), "utf-8")
    values["Python"]["Path"] = str(script)


RAISING = """
import plugins.site_admission as admission

def decide(self, data):
    raise {error}

admission.Admission.decide = decide
exec(compile(open({entry!r}).read(), {entry!r}, "exec"))
"""


@pytest.mark.fault(44)
@pytest.mark.parametrize("error", ["RuntimeError('x')", "SystemExit(1)", "MemoryError()"])
def test_a_callback_that_raises_keeps_nothing(site: Site, tmp_path: Path, error: str) -> None:
    """The plugin raises in the middle of an object | refused; not a byte of it is kept"""
    script = tmp_path / "raising.py"
    site.change(lambda values, _settings: replace_script(values, script, RAISING, error=error))
    with running(site) as orthanc:
        assert orthanc.post("/instances", content=ct_slice()).is_error
        assert orthanc.get("/statistics").json()["CountInstances"] == 0
    needles = [word.encode() for word in IDENTIFIERS]
    for path in site.layout.folder.rglob("*"):
        assert not path.is_file() or not any(word in path.read_bytes() for word in needles)

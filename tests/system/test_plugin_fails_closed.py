"""An Orthanc whose plugin cannot do its work must not start, or must not count as running."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from kasari.setup import OWN_FOLDER, ROOT, ensure_site_packages, find_orthanc
from kasari.stack.health import Probe
from kasari.stack.layout import Layout
from kasari.stack.ports import any_free
from kasari.stack.settings import GATEWAY_USER, Writer

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


def damaged_policy(_values: dict[str, Any], settings: Path) -> None:
    policy = settings.with_name("policy.json")
    policy.write_text('{"keep": ["PatientName"]}', "utf-8")
    told = json.loads(settings.read_text("utf-8")) | {"policy_file": "policy.json"}
    settings.write_text(json.dumps(told), "utf-8")


@pytest.mark.parametrize(
    "break_it",
    [no_script, no_plugin_file, no_section, no_settings, damaged_keys, no_token, damaged_policy],
    ids=lambda break_it: break_it.__name__,
)
def test_orthanc_does_not_start(site: Site, break_it: Break) -> None:
    site.change(break_it)
    with site.start() as process:
        said, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode != 0
    assert said
    for secret in (site.layout.secrets / "KUH").iterdir():
        assert secret.read_bytes() not in said


def without_plugin(values: dict[str, Any], _settings: Path) -> None:
    del values["Plugins"]


@pytest.mark.parametrize(("break_it", "counts"), [(None, True), (without_plugin, False)])
def test_an_orthanc_without_the_plugin_does_not_count_as_running(
    site: Site, break_it: Break | None, counts: bool
) -> None:
    if break_it:
        site.change(break_it)
    password = site.layout.secret("KUH", "orthanc.password")
    address = f"http://127.0.0.1:{site.port}"
    asked = Probe(f"{address}/kasari/admission", GATEWAY_USER, password)
    with site.start() as process:
        try:
            auth = (GATEWAY_USER, password.read_text("ascii"))
            end = time.monotonic() + LIMIT_S
            while time.monotonic() < end:
                try:
                    if httpx.get(f"{address}/system", auth=auth).is_success:
                        break
                except httpx.TransportError:
                    time.sleep(0.05)
            assert asked.is_healthy() is counts
            if counts:  # and without a gateway nobody gets in
                told = httpx.get(f"{address}/kasari/admission", auth=auth).json()
                assert (told["open"], told["reason"]) == (False, "no-consent-snapshot")
        finally:
            process.terminate()
            process.communicate(timeout=LIMIT_S)

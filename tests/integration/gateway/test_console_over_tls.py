"""The console's port with a certificate: a browser, the commands and the plugin speak TLS to it."""

import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from gateway import __main__ as program
from gateway.config import Settings
from gateway.errors import ConfigError
from kasari import doors
from plugins.site_watch import open_link
from tests.factories.certificates import Authority
from tests.integration.gateway.conftest import OPERATOR, PLUGIN, Hospital, write_secret

HOME = "127.0.0.1"


@dataclass
class Served:
    port: int
    certificate: Path
    authority: Authority

    @property
    def url(self) -> str:
        return f"https://{HOME}:{self.port}"


@pytest.fixture
def served(hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Serve as `python -m gateway serve` does, on a socket of the test's own."""
    authority = Authority(tmp_path, "hospital")
    certificate = authority.issue("gateway")
    settings = with_certificate(hospital.settings, certificate)
    with socket.create_server((HOME, 0)) as listening:
        servers: list[uvicorn.Server] = []
        ready = threading.Event()

        def run(app: Any, **how: Any) -> None:
            servers.append(uvicorn.Server(uvicorn.Config(app, **how, lifespan="off")))
            ready.set()
            servers[0].run(sockets=[listening])

        monkeypatch.setattr(uvicorn, "run", run)
        monkeypatch.setattr(program, "create_app", lambda _settings: hospital.app)
        thread = threading.Thread(target=program.serve, args=(settings, None))
        thread.start()
        assert ready.wait(30)
        yield Served(listening.getsockname()[1], certificate, authority)
        servers[0].should_exit = True
        thread.join(30)


def with_certificate(settings: Settings, certificate: Path, port: int = 0) -> Settings:
    listen = settings.listen.model_copy(update={"certificate": certificate, "port": port})
    return settings.model_copy(update={"listen": listen})


def test_a_browser_hears_tls_only_and_gets_a_cookie_for_tls_only(served: Served) -> None:
    trust = ssl.create_default_context(cafile=served.authority.file)
    with httpx.Client(base_url=served.url, verify=trust, trust_env=False) as browser:
        answer = browser.post("/login", data={"token": OPERATOR})
        assert answer.status_code == httpx.codes.SEE_OTHER
        assert "; Secure" in answer.headers["set-cookie"]
        assert browser.get("/").status_code == httpx.codes.OK
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://{HOME}:{served.port}/health", trust_env=False)


def test_the_commands_take_the_gateways_own_certificate_and_no_other(
    served: Served, hospital: Hospital, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = with_certificate(hospital.settings, served.certificate, served.port)
    monkeypatch.setattr(doors, "load_settings", lambda _path: settings)
    config = tmp_path / "gateway.yml"
    assert doors.gateway_door("KUH", config).json("GET", "/api/v1/status")["centre"] == "KUH"
    another = with_certificate(settings, served.authority.issue("another"), served.port)
    monkeypatch.setattr(doors, "load_settings", lambda _path: another)
    with pytest.raises(Exception, match=r"does not answer \(ConnectError"):
        doors.gateway_door("KUH", config).json("GET", "/api/v1/status")


def test_the_plugin_asks_over_tls(served: Served, tmp_path: Path) -> None:
    token = tmp_path / "plugin-token"
    write_secret(token, PLUGIN)
    for trusted in (served.authority.file, served.certificate):
        link = open_link(served.url, token, trusted)
        assert link.fetch().admitted
    strange = Authority(tmp_path, "strange").file
    for wrong in (strange, None):
        with pytest.raises(OSError, match="certificate verify failed"):
            open_link(served.url, token, wrong).fetch()
    with pytest.raises(ConfigError, match="gateway_ca_file"):
        open_link(served.url, token, tmp_path / "absent.pem")


def test_a_certificate_that_is_none_stops_the_start(hospital: Hospital, tmp_path: Path) -> None:
    broken = Path(write_secret(tmp_path / "broken.pem", "no certificate"))
    with pytest.raises(ConfigError, match=r"listen\.certificate"):
        program.serve(with_certificate(hospital.settings, broken), None)  # type: ignore[arg-type]
    broken.chmod(0o644)
    with pytest.raises(ConfigError, match="others may read"):
        program.serve(with_certificate(hospital.settings, broken), None)  # type: ignore[arg-type]

"""When, how fast and with which certificate courses leave."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from gateway.adapters import spool
from gateway.adapters.certificate import end_of
from gateway.app import create_app
from gateway.config import Settings
from gateway.errors import ConfigError
from gateway.opening import World, open_ring, open_world, port_certificates
from gateway.services.departure import Throttle
from gateway.services.submission import LEASE_S
from tests.factories import site_objects as make
from tests.factories.gateway_world import FakeClinicalArchive, FakeTimer
from tests.integration.gateway.conftest import Hospital


def rebuilt(hospital: Hospital, settings: Settings, throttle: Throttle | None = None) -> Hospital:
    """Start the gateway again with other settings."""
    hospital.service.close()
    world = World(
        hospital.site,
        hospital.archive,
        hospital.stage,
        FakeClinicalArchive(),
        hospital.clock,
        hospital.disk,
        throttle or Throttle(None),
    )
    hospital.app = create_app(settings, world, background=False)
    return hospital


def changed(settings: Settings, **sections: object) -> Settings:
    return Settings.model_validate(settings.model_dump() | sections)


def alerts(hospital: Hospital) -> list[str]:
    return [alert["code"] for alert in hospital.service.alerts.open()]


def test_courses_wait_for_the_night_and_go_then(hospital: Hospital) -> None:
    nights = {"windows": ["20:00-06:00"], "time_zone": "Europe/Helsinki"}
    rebuilt(hospital, changed(hospital.settings, sending=nights))
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    assert not hospital.send()
    assert hospital.archive.calls == []
    status = hospital.service.status.status()["departure"]
    assert status["obstacle"] == "outside the hours of sending"
    hospital.clock.time = datetime(2026, 3, 2, 17, 59, tzinfo=UTC)  # 19:59 in Helsinki
    assert not hospital.send()
    hospital.clock.forward(60)
    assert hospital.send()
    assert hospital.states() == ["delivered"]


def test_a_window_that_closes_stops_before_the_next_batch(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    rebuilt(hospital, changed(hospital.settings, sending={"windows": ["20:00-06:00"]}))
    hospital.clock.time = datetime(2026, 3, 3, 3, 59, tzinfo=UTC)
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    announce = hospital.archive.announce

    def slowly(*what: object) -> object:
        hospital.clock.forward(120)
        return announce(*what)  # type: ignore[arg-type]

    monkeypatch.setattr(hospital.archive, "announce", slowly)
    hospital.send()
    assert hospital.archive.calls == ["announce"]
    assert hospital.states() != ["delivered"]
    monkeypatch.undo()
    hospital.clock.forward(16 * 3600)
    assert hospital.send()
    assert hospital.states() == ["delivered"]
    assert alerts(hospital) == []


def test_the_rate_holds_for_a_whole_course(hospital: Hospital) -> None:
    timer, rate = FakeTimer(), 1_000
    throttle = Throttle(rate, timer.now, timer.sleep)
    rebuilt(hospital, hospital.settings, throttle)
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    assert hospital.send()
    sent = sum(len(data) for data in hospital.archive.held.values())
    assert sent > rate
    assert timer.seconds == pytest.approx((sent - rate) / rate, rel=0.01)
    assert hospital.states() == ["delivered"]


def test_a_sender_that_is_slow_keeps_its_lease(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At this rate a course takes longer than a lease; nobody else may take it meanwhile."""
    timer, taken = FakeTimer(), []

    def sleep(seconds: float) -> None:
        timer.sleep(seconds)
        hospital.clock.forward(seconds)
        taken.append(hospital.service.outbox.claim("another", 120))

    monkeypatch.setattr(spool, "CHUNK", 64)
    rebuilt(hospital, hospital.settings, Throttle(10, timer.now, sleep))
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    assert hospital.send()
    assert timer.seconds > 1.5 * LEASE_S
    assert taken == [None] * len(taken)
    assert hospital.states() == ["delivered"]


def certificate(path: Path, end: datetime) -> Path:
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "KUH")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(end - timedelta(days=365))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(built.public_bytes(Encoding.PEM))
    return path


def test_with_a_certificate_past_its_date_nothing_is_sent(
    hospital: Hospital, tmp_path: Path
) -> None:
    end = hospital.clock.now() + timedelta(days=20)
    path = certificate(tmp_path / "centre.pem", end)
    archive = hospital.settings.archive.model_dump() | {"client_certificate": str(path)}
    rebuilt(hospital, changed(hospital.settings, archive=archive))
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    assert hospital.service.departure.certificate_is_good()
    assert alerts(hospital) == ["certificate-expires"]
    hospital.clock.time = end
    assert not hospital.send()
    assert hospital.archive.calls == []
    assert alerts(hospital) == ["certificate-expired"]
    assert hospital.states() == ["ready"]
    path = certificate(tmp_path / "centre.pem", end + timedelta(days=365))
    rebuilt(hospital, hospital.service.settings)
    assert hospital.send()
    assert alerts(hospital) == []


def check_ports(hospital: Hospital) -> None:
    service = hospital.service
    port_certificates(service.settings, service.clock, service.alerts).step()


def test_the_certificate_of_an_own_port_is_told_in_time(hospital: Hospital, tmp_path: Path) -> None:
    end = hospital.clock.now() + timedelta(days=31)
    path = certificate(tmp_path / "console.pem", end)
    path.chmod(0o600)
    listen = hospital.settings.listen.model_dump() | {"certificate": str(path)}
    rebuilt(hospital, changed(hospital.settings, listen=listen))
    check_ports(hospital)
    assert alerts(hospital) == []
    for passed, word in ((timedelta(days=1), "ends"), (timedelta(days=31), "ended")):
        hospital.clock.time = end - timedelta(days=31) + passed
        check_ports(hospital)
        (alert,) = hospital.service.alerts.open()
        assert alert["code"] == "port-certificate-expires"
        assert alert["text"].startswith(f"the console's certificate {word} on {end:%Y-%m-%d}")
    path.write_bytes(certificate(tmp_path / "new.pem", end + timedelta(days=365)).read_bytes())
    rebuilt(hospital, hospital.service.settings)
    check_ports(hospital)
    assert alerts(hospital) == []


def test_a_file_that_is_no_certificate(tmp_path: Path) -> None:
    path = tmp_path / "centre.pem"
    path.write_text("-----BEGIN NOTHING-----", "ascii")
    with pytest.raises(ConfigError, match="client_certificate"):
        end_of(path)


def test_a_certificate_whose_key_others_may_read_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    path = certificate(tmp_path / "centre.pem", datetime(2030, 1, 1, tzinfo=UTC))
    path.chmod(0o640)
    archive = settings.archive.model_dump() | {"client_certificate": str(path)}
    with pytest.raises(ConfigError, match=r"client_certificate: others may read"):
        open_world(changed(settings, archive=archive), open_ring(settings))


@pytest.mark.parametrize(
    "sending", [{"windows": ["20-06"]}, {"time_zone": "Helsinki"}, {"megabytes_per_second": 0}]
)
def test_settings_that_cannot_be(settings: Settings, sending: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"window|zone|greater"):
        changed(settings, sending=sending)

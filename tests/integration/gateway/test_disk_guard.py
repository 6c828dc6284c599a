"""A disk that fills: intake stops with a code that a sender understands, sending goes on."""

from pathlib import Path

import pytest

from gateway.adapters.disk import measure
from gateway.contract.dimse import DimseStatus
from gateway.contract.site import ConsentSnapshot
from gateway.data.deid import load_profile
from gateway.errors import RetryError
from plugins.site_admission import Admission, Refusal
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital
from tests.integration.gateway.test_gateway_http import call, operator, plugin, session


def fill(hospital: Hospital, percent: float) -> None:
    hospital.disk.used_percent = percent
    hospital.service.disk.step()


def snapshot(hospital: Hospital) -> ConsentSnapshot:
    answer = plugin(hospital, "GET", "/internal/consent-snapshot")
    return ConsentSnapshot.model_validate_json(answer.content)


def alerts(hospital: Hospital) -> list[str]:
    return [alert["code"] for alert in hospital.service.alerts.open()]


def test_at_ninety_percent_nobody_is_admitted_until_there_is_room(hospital: Hospital) -> None:
    fill(hospital, 89.9)
    assert snapshot(hospital).closed is None
    fill(hospital, 90.0)
    closed = snapshot(hospital)
    assert (closed.closed, closed.admitted) == ("disk-full", {})
    assert alerts(hospital) == ["disk-full"]
    fill(hospital, 89.5)
    assert snapshot(hospital).closed == "disk-full", "it does not flutter"
    fill(hospital, 88.9)
    assert snapshot(hospital).admitted
    assert alerts(hospital) == []


def test_the_plugin_tells_the_sender_to_try_later(hospital: Hospital) -> None:
    fill(hospital, 95)
    profile = load_profile()
    site_keys = hospital.service.naming._keys
    admission = Admission(profile, site_keys)
    admission.renew(snapshot(hospital).model_copy(update={"policy_hash": profile.name_and_hash}))
    refused = admission.decide(make.course(patient="ID-1")[0])
    assert refused == Refusal("disk-full", DimseStatus.OUT_OF_RESOURCES)


def test_the_reserve_counts_as_well(hospital: Hospital) -> None:
    fill(hospital, 40)
    assert hospital.service.disk.closed is None
    guard = hospital.service.disk
    guard._limits = type(guard._limits)(full_percent=100, reserve_bytes=5 * 10**9)
    fill(hospital, 94.9)
    assert guard.closed is None
    fill(hospital, 95.1)
    assert guard.closed == "disk-full"


def test_sending_goes_on_while_intake_is_closed(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    fill(hospital, 99)
    assert hospital.send()
    assert hospital.states() == ["delivered"]


def test_page_and_health_tell_it(hospital: Hospital) -> None:
    hospital.service.canary.step()
    fill(hospital, 40)
    health = call(hospital, "GET", "/health")
    assert (health.status_code, health.json()["disk"]) == (200, "ok")
    fill(hospital, 93)
    health = call(hospital, "GET", "/health")
    assert (health.status_code, health.json()["disk"]) == (503, "disk-full")
    page = call(hospital, "GET", "/", cookies=session(hospital)).text
    assert "93.0 % used, 7.0 GB free" in page
    assert "senders are told to try later" in page
    told = operator(hospital, "GET", "/api/v1/status").json()["disk"]
    assert told["volumes"]["the gateway's data"] == {"used_percent": 93.0, "free_gb": 7.0}


def test_a_disk_that_cannot_be_measured_takes_nothing_in(hospital: Hospital) -> None:
    hospital.disk.failure = RetryError("a data folder's disk cannot be measured (OSError)")
    hospital.service.disk.step()
    assert snapshot(hospital).closed == "disk-unknown"
    assert alerts(hospital) == ["disk-unknown"]
    hospital.disk.failure = None
    fill(hospital, 95)
    assert alerts(hospital) == ["disk-full"]


def test_the_real_gauge(tmp_path: Path) -> None:
    total, free = measure(tmp_path)
    assert 0 < free <= total
    with pytest.raises(RetryError, match="FileNotFoundError"):
        measure(tmp_path / "none")

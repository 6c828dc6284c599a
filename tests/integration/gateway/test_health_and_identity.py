"""The status page's health, and whose course it is: to a steward only, and in the audit."""

from pathlib import Path

import pytest

from gateway.contract.site import PluginReport
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital
from tests.integration.gateway.test_gateway_http import call, session


@pytest.fixture
def held(hospital: Hospital) -> Hospital:
    hospital.take_in(make.course(patient=hospital.pseudonym())[:-1])
    return hospital


def test_whose_course_it_is_a_steward_may_ask_and_each_look_is_audited(held: Hospital) -> None:
    cookies = session(held, *held.add_steward())
    assert "Virtanen" not in call(held, "GET", "/courses/1", cookies=cookies).text
    page = call(held, "POST", "/courses/1/identity", cookies=cookies)
    assert "Maija Virtanen" in page.text
    assert "ID-1" in page.text
    last = held.service.audit.entries(1)[0]
    assert (last["action"], last["role"]) == ("identity-view", "steward:anna")
    assert last["subject"] == held.pseudonym()
    assert call(held, "POST", "/courses/9/identity", cookies=cookies).status_code == 404


def test_an_operator_never_sees_it(held: Hospital) -> None:
    cookies = session(held)
    assert "Whose course" not in call(held, "GET", "/courses/1", cookies=cookies).text
    answer = call(held, "POST", "/courses/1/identity", cookies=cookies)
    assert answer.status_code == 403
    assert "Virtanen" not in answer.text


def test_the_age_of_every_key_is_shown_and_no_key(held: Hospital) -> None:
    told = held.service.status.status()["keys"]
    assert [key["name"] for key in told][:2] == ["root key", "site Orthanc's password"]
    assert all(key["since"] for key in told)
    token: Path = held.settings.plugin_token_file
    page = call(held, "GET", "/", cookies=session(held)).text
    assert "Root key: since" in page
    assert token.read_text("utf-8") not in page
    token.unlink()
    assert [k["since"] for k in held.service.status.status()["keys"] if "plugin" in k["name"]] == [
        None
    ]


def test_a_refused_course_may_be_released_from_its_page(held: Hospital) -> None:
    cookies = session(held)
    form = {"comment": "a verification plan"}
    call(held, "POST", "/courses/1/refuse", data=form, cookies=cookies)
    assert held.states() == ["refused"]
    assert "Release as it is" in call(held, "GET", "/courses/1", cookies=cookies).text
    form = {"comment": "the dose is lost, it may go"}
    done = call(held, "POST", "/courses/1/release", data=form, cookies=cookies)
    assert done.status_code == 303
    assert held.states() == ["ready"]


@pytest.mark.parametrize(
    ("other", "told"),
    [({"policy_hash": "other"}, "another policy"), ({"identities": "other"}, "other keys")],
)
def test_a_plugin_that_follows_something_else_is_told(
    hospital: Hospital, other: dict[str, str], told: str
) -> None:
    snapshot = hospital.service.consents.snapshot()
    same = {"policy_hash": snapshot.policy_hash, "identities": snapshot.identities}
    report = PluginReport(received=0, refused=(), boot_id="b")
    hospital.service.canary.step()
    status = hospital.service.status
    for follows, health in ((same, "ok"), (same | other, "unhealthy"), (same, "ok")):
        status.take_report(report.model_copy(update=follows))
        assert status.health()["status"] == health
        texts = [alert["text"] for alert in hospital.service.alerts.open()]
        assert [told in text for text in texts] == ([True] if health == "unhealthy" else [])

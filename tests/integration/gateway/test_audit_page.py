"""The page of the audit: whose events, of what kind, of whom, and those before."""

import re

import pytest

from gateway.domain.accounts import AccountRole
from tests.integration.gateway.conftest import Hospital
from tests.integration.gateway.test_gateway_http import call, session

PASSWORD = "kolmetoista merkkiä"


@pytest.fixture
def auditor(hospital: Hospital) -> dict[str, str]:
    hospital.service.accounts.add("aino", AccountRole.AUDITOR, PASSWORD)
    cookies: dict[str, str] = session(hospital, "aino", PASSWORD)
    record = hospital.service.audit.record
    record("identity-view", "steward:maija", "pseudonym-1")
    record("identity-view", "steward:matti", "pseudonym-2")
    record("course-release", "operator:maija", "2.25.77", "it is whole")
    record("read", "operator", "/api/v1/courses")
    return cookies


def shown(hospital: Hospital, cookies: dict[str, str], **form: str) -> list[tuple[str, str]]:
    """Return action and subject of the events on the page, as it lists them."""
    method = "POST" if form else "GET"
    answer = call(hospital, method, "/audit", cookies=cookies, data=form)
    assert answer.status_code == 200, answer.text
    row = r'<td class="time">[^<]*</td><td>([^<]*)</td><td>[^<]*</td><td[^>]*><code>([^<]*)</code>'
    return re.findall(row, answer.text)


def test_what_programs_read_is_shown_only_if_wanted(
    hospital: Hospital, auditor: dict[str, str]
) -> None:
    polled = ("read", "/api/v1/courses")
    assert polled not in shown(hospital, auditor)
    assert ("course-release", "2.25.77") in shown(hospital, auditor)
    assert polled in shown(hospital, auditor, programs="true")


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ({"who": "maija"}, {"2.25.77", "pseudonym-1"}),
        ({"who": "steward:matti"}, {"pseudonym-2"}),
        ({"who": "steward"}, {"pseudonym-1", "pseudonym-2"}),
        ({"who": "mai"}, set()),
        ({"action": "identity-view"}, {"pseudonym-1", "pseudonym-2"}),
        ({"subject": "nym-1"}, {"pseudonym-1"}),
        ({"subject": "%"}, set()),
        ({"who": "matti", "subject": "nym-1"}, set()),
    ],
)
def test_events_are_found_by_who_what_and_whom(
    hospital: Hospital, auditor: dict[str, str], form: dict[str, str], found: set[str]
) -> None:
    assert {subject for _, subject in shown(hospital, auditor, **form)} == found


def test_every_event_is_reached_page_by_page(hospital: Hospital, auditor: dict[str, str]) -> None:
    for number in range(250):
        hospital.service.audit.record("many", "service", f"subject {number}")
    seen: list[str] = []
    form = {"action": "many"}
    while True:
        answer = call(hospital, "POST", "/audit", cookies=auditor, data=form)
        seen += re.findall(r"<code>subject (\d+)</code>", answer.text)
        older = re.search(r'name="before" value="(\d+)"', answer.text)
        if older is None:
            break
        assert '<input type="hidden" name="action" value="many">' in answer.text
        form = {"action": "many", "before": older[1]}
    assert seen == [str(number) for number in reversed(range(250))]


def test_a_search_is_itself_recorded_without_its_words(
    hospital: Hospital, auditor: dict[str, str]
) -> None:
    shown(hospital, auditor, subject="010190-999X")
    latest = hospital.service.audit.entries(1)[0]
    assert (latest["action"], latest["role"], latest["subject"]) == (
        "read",
        "auditor:aino",
        "/audit",
    )
    assert "010190-999X" not in str(hospital.service.audit.entries())


def test_a_number_beyond_every_event_is_refused_in_words(
    hospital: Hospital, auditor: dict[str, str]
) -> None:
    beyond = "9" * 30
    answer = call(hospital, "POST", "/audit", cookies=auditor, data={"before": beyond})
    assert answer.status_code == 422
    assert "not filled in as it must be" in answer.text
    told = call(hospital, "GET", f"/api/v1/audit?before={beyond}", cookies=auditor)
    assert told.json()["code"] == "invalid"

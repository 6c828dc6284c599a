"""The account by day and sender: every sum agrees with every other, whatever has happened."""

from typing import Any

import httpx
import pytest

from gateway.adapters.orthanc import OrthancSiteStore, open_site_client
from gateway.contract.site import RefusalCount
from gateway.errors import RetryError
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital
from tests.integration.gateway.test_gateway_http import call, operator, session

DAY_S = 24 * 3600
PLACES = ("delivered", "on_the_way", "held", "withheld", "refused_here", "set_aside", "gone")


def store(hospital: Hospital, objects: list[bytes], sender: str) -> None:
    for data in objects:
        hospital.site.senders[hospital.site.store(data)] = sender
    hospital.settle()


def days(hospital: Hospital) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = operator(hospital, "GET", "/api/v1/account/days").json()
    account = hospital.service.status.account().as_json()
    assert account["sums_up"]
    for place in PLACES:
        assert sum(line[place] for line in found) == account[place], place
    assert sum(line["stored"] for line in found) == account["received"]
    refused = sum(line["refused_at_the_door"] for line in found)
    assert refused == account["refused_at_the_door"]
    assert sum(line["deleted"] for line in found) == account["deleted_on_request"]
    parts = ("stored", "deleted", "refused_at_the_door")
    assert all(line["offered"] == sum(line[part] for part in parts) for line in found)
    assert all(line["stored"] == sum(line[place] for place in PLACES) for line in found)
    return found


def report(hospital: Hospital, boot: str, sender: str, count: int) -> None:
    refusal = RefusalCount(reason="no-consent", dimse_status=0x0124, sender=sender, count=count)
    hospital.tell(boot, refused=(refusal,))


def test_each_day_and_sender_has_a_line(hospital: Hospital) -> None:
    course = make.course(patient=hospital.pseudonym())
    store(hospital, course[:3], "TPS")
    hospital.clock.forward(DAY_S)
    store(hospital, course[3:], "CT1")
    told = [(line["day"], line["sender"], line["stored"]) for line in days(hospital)]
    assert told == [("2026-03-03", "CT1", 4), ("2026-03-02", "TPS", 3)]
    hospital.send()
    assert [line["delivered"] for line in days(hospital)] == [4, 3]


def test_held_gone_and_withheld_are_on_the_day_they_came(hospital: Hospital) -> None:
    store(hospital, make.course(patient=hospital.pseudonym())[:-1], "TPS")
    assert days(hospital)[0]["held"] == 6
    hospital.site.delete(next(iter(hospital.site.objects)))
    hospital.service.intake.reconcile()
    assert days(hospital)[0]["gone"] == 1
    hospital.service.consents.import_sheet(
        b"patient_id,status,version,date\nID-1,withdrawn,2.1,2026-03-01\n", "operator", commit=True
    )
    hospital.settle()
    assert days(hospital)[0]["withheld"] == 5
    hospital.service.withdrawal.step()
    (line,) = days(hospital)
    assert (line["offered"], line["gone"], line["deleted"]) == (6, 0, 6)
    account = operator(hospital, "GET", "/api/v1/account").json()
    assert account["deleted_on_request"] == 6


def test_refusals_count_on_the_day_they_happened(hospital: Hospital) -> None:
    report(hospital, "first start", "TPS", 5)
    report(hospital, "first start", "TPS", 7)
    hospital.clock.forward(DAY_S)
    report(hospital, "first start", "TPS", 10)
    report(hospital, "second start", "TPS", 2)
    told = [(line["day"], line["refused_because"]) for line in days(hospital)]
    assert told == [("2026-03-03", {"no-consent": 5}), ("2026-03-02", {"no-consent": 7})]
    page = call(hospital, "GET", "/account/2026-03-02?sender=TPS", cookies=session(hospital)).text
    assert "has not consented." in page
    assert '<td class="number">7</td>' in page


def test_one_number_leads_to_its_courses(hospital: Hospital) -> None:
    store(hospital, make.course(patient=hospital.pseudonym())[:-1], "A&B")
    cookies = session(hospital)
    page = call(hospital, "GET", "/account", cookies=cookies).text
    assert 'href="/account/2026-03-02?sender=A%26B"' in page
    page = call(hospital, "GET", "/account/2026-03-02?sender=A%26B", cookies=cookies).text
    assert "no dose has come" in page
    assert 'href="/courses/1"' in page
    other = operator(hospital, "GET", "/api/v1/account/days/2026-03-02?sender=TPS")
    assert other.json() == []
    found = operator(hospital, "GET", "/api/v1/account/days/2026-03-02?sender=A%26B").json()
    assert [(c["course"], c["place"], c["instances"]) for c in found] == [(1, "held", 6)]


def test_the_sender_is_asked_once_for_a_series(hospital: Hospital) -> None:
    asked = []
    sender = hospital.site.sender

    def counting(orthanc_id: str) -> str:
        asked.append(orthanc_id)
        return sender(orthanc_id)

    hospital.site.sender = counting  # type: ignore[method-assign]
    store(hospital, make.course(slices=20, patient=hospital.pseudonym()), "TPS")
    assert len(asked) <= 5
    assert days(hospital)[0]["stored"] == 23


def test_orthanc_knows_the_sender_of_what_came_over_dicom_only() -> None:
    answers = {
        "/instances/a/metadata/RemoteAET": httpx.Response(200, text="TPS"),
        "/instances/b/metadata/RemoteAET": httpx.Response(404),
    }

    def answer(request: httpx.Request) -> httpx.Response:
        return answers.get(request.url.path, httpx.Response(500))

    client = open_site_client("http://site", "gateway", "x", httpx.MockTransport(answer))
    site = OrthancSiteStore(client)
    assert (site.sender("a"), site.sender("b")) == ("TPS", "")
    with pytest.raises(RetryError, match="500"):
        site.sender("c")

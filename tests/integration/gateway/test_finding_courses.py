"""Courses among many: what waits for a person is never out of sight, and one can be found."""

import re
from datetime import timedelta

import httpx
import pytest
from sqlmodel import Session

from gateway.adapters.tables.courses import CourseRow
from tests.integration.gateway.conftest import Hospital
from tests.integration.gateway.test_gateway_http import call, operator, session

MANY = 260


@pytest.fixture
def busy(hospital: Hospital) -> Hospital:
    """Many courses; the two that changed the longest ago are held."""
    now = hospital.clock.now()
    with Session(hospital.service.engine) as opened:
        for number in range(1, MANY + 1):
            opened.add(
                CourseRow(
                    id=number,
                    anchor_uid=f"2.25.{number}",
                    pseudonym=f"P{number}",
                    state="held" if number <= 2 else "delivered",
                    reasons=[{"code": "no-dose", "text": "no dose has come"}],
                    findings=[],
                    changed_at=now - timedelta(minutes=MANY - number),
                )
            )
        opened.commit()
    return hospital


def read(hospital: Hospital, path: str) -> str:
    return call(hospital, "GET", path, cookies=session(hospital)).text


def find(hospital: Hospital, text: str) -> httpx.Response:
    return call(hospital, "POST", "/courses", data={"find": text}, cookies=session(hospital))


def listed(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<td><a href="/courses/(\d+)">', page)]


def test_a_course_that_is_held_for_long_is_on_the_first_page(busy: Hospital) -> None:
    page = read(busy, "/")
    held = page[page.index("Held courses") : page.index("Refused at the door")]
    assert listed(held) == [2, 1]
    assert "All 2 held" not in held


def test_more_held_courses_than_the_first_page_shows_are_told_of(busy: Hospital) -> None:
    with Session(busy.service.engine) as opened:
        for number in range(1, 31):
            opened.get_one(CourseRow, number).state = "held"
        opened.commit()
    assert "All 30 held courses" in read(busy, "/")


def test_pages_together_show_every_course_once(busy: Hospital) -> None:
    seen: list[int] = []
    for at in range(1, 7):
        page = read(busy, f"/courses?at={at}")
        seen += listed(page)
        assert "of 260" in page
    assert seen == list(range(MANY, 0, -1))
    assert "There are 260" in read(busy, "/courses?at=7")


def test_a_state_is_counted_and_kept_from_page_to_page(busy: Hospital) -> None:
    assert listed(read(busy, "/courses?state=held")) == [2, 1]
    page = read(busy, "/courses?state=delivered&at=2")
    assert "51 to 100 of 258" in page
    assert 'href="/courses?state=delivered&amp;at=3"' in page
    assert call(busy, "GET", "/courses?state=lost", cookies=session(busy)).status_code == 404


def test_a_number_or_a_name_leads_to_the_course(busy: Hospital) -> None:
    name = busy.stage.uid("2.25.17")
    for text in ("17", f" {name} ", f"{name[:-3]}…", name[8:-8]):
        answer = find(busy, text)
        assert answer.headers["location"] == "/courses/17", text


def test_what_names_no_course_and_what_names_many_is_told(busy: Hospital) -> None:
    answer = find(busy, "99999999")
    assert answer.status_code == 404
    assert "No course has the number" in answer.text
    assert "No course" in find(busy, "2.25").text  # too short: it would be all of them
    assert "<script" not in find(busy, "<script>").text
    busy.service.finder._course_uid = lambda uid: f"2.25.777.{uid}"  # type: ignore[attr-defined]
    page = find(busy, "2.25.777").text
    assert "260 courses may be meant" in page
    assert len(listed(page)) == 50


@pytest.mark.parametrize("asked", ["limit=-1", "limit=0", "limit=1001", "offset=-1", "state=lost"])
def test_what_cannot_be_asked_for_is_refused(busy: Hospital, asked: str) -> None:
    assert operator(busy, "GET", f"/api/v1/courses?{asked}").status_code == 422


def test_the_interface_pages_through_every_course_once(busy: Hospital) -> None:
    seen: list[int] = []
    while page := operator(busy, "GET", f"/api/v1/courses?limit=100&offset={len(seen)}").json():
        seen += [course["id"] for course in page]
    assert seen == list(range(MANY, 0, -1))


def test_an_audit_of_less_than_one_event_is_refused(busy: Hospital) -> None:
    assert operator(busy, "GET", "/api/v1/audit?limit=-1").status_code == 422


def test_what_is_typed_stays_out_of_the_address_and_a_look_is_recorded(busy: Hospital) -> None:
    form = re.search(r'<form class="find"[^>]*>', read(busy, "/courses"))
    assert form is not None
    assert 'method="post"' in form[0]
    answer = find(busy, "130452-308Y")
    assert "130452" not in str(answer.url) + str(answer.headers)
    assert busy.service.audit.entries(1)[0]["subject"] == "/courses"
    assert find(busy, " ").headers["location"] == "/courses"

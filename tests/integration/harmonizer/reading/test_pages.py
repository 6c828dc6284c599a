"""The pages: who may see them, what stands there, and that foreign text stays text."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import httpx
import pytest

from harmonizer.api.attempts import MOST_WRONG, Attempts
from tests.factories.archive_rows import Given, Roi, fill
from tests.integration.harmonizer.reading.conftest import (
    LEFT_KUH,
    NOT_WORKED_OUT,
    ON_ITS_WAY,
    SITE_TOKEN,
    TOKENS,
    Archive,
)

NASTY = "<script>alert(1)</script>"
ATTACKER = Given(
    66,
    rois=(
        Roi(NASTY, "PTV_Nasty", {"Mean[Gy]": 40.0}, kind="target"),
        Roi('"><img src=x onerror=alert(1)>', "Heart", {"Mean[Gy]": 2.0}),
    ),
    findings=(("CODE", "error", NASTY, f"a text with {NASTY}"),),
)


def visit(archive: Archive, *requests: tuple[str, str, dict]) -> list[httpx.Response]:
    """Send requests in turn from one browser, which keeps its cookies."""

    async def go() -> list[httpx.Response]:
        transport = httpx.ASGITransport(archive.app)
        async with httpx.AsyncClient(transport=transport, base_url="https://archive") as browser:
            return [await browser.request(how, path, **rest) for how, path, rest in requests]

    return asyncio.run(go())


def log_in(role: str = "researcher") -> tuple[str, str, dict]:
    return "POST", "/login", {"data": {"token": TOKENS[role]}}


def page(archive: Archive, path: str, code: int = 200) -> str:
    _, answer = visit(archive, log_in(), ("GET", path, {}))
    assert answer.status_code == code, answer.text
    return answer.text


def test_nobody_sees_a_page_without_a_login(archive: Archive) -> None:
    for path in ("/", "/courses", f"/courses/{LEFT_KUH.course_uid}", "/outcomes", "/studies/1.2"):
        (answer,) = visit(archive, ("GET", path, {}))
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_a_login_gives_a_cookie_that_scripts_and_other_sites_cannot_use(archive: Archive) -> None:
    answer, start, out, after = visit(
        archive, log_in(), ("GET", "/", {}), ("POST", "/logout", {}), ("GET", "/", {})
    )
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" in cookie  # the public address is https
    assert start.status_code == 200
    assert out.status_code == after.status_code == 303


@pytest.mark.parametrize("token", ["guessed-token-0000", SITE_TOKEN, ""])
def test_a_wrong_token_or_one_of_a_gateway_does_not_log_in(archive: Archive, token: str) -> None:
    archive.app.state.attempts = Attempts()
    (answer,) = visit(archive, ("POST", "/login", {"data": {"token": token}}))
    assert answer.status_code in {401, 422}
    assert "set-cookie" not in answer.headers


def test_guessing_is_slowed_down_even_for_the_right_token(archive: Archive) -> None:
    archive.app.state.attempts = Attempts()
    wrong = ("POST", "/login", {"data": {"token": "guessed-token-0000"}})
    answers = visit(archive, *[wrong] * MOST_WRONG, log_in())
    assert [answer.status_code for answer in answers] == [401] * MOST_WRONG + [429]
    archive.app.state.attempts = Attempts()


def test_waiting_after_wrong_tokens_ends() -> None:
    attempts, now = Attempts(), datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(MOST_WRONG):
        attempts.note("here", now)
    assert attempts.are_too_many("here", now)
    assert not attempts.are_too_many("there", now)
    assert not attempts.are_too_many("here", now + timedelta(minutes=6))


def test_the_start_page_says_what_is_there_and_what_waits(archive: Archive) -> None:
    text = page(archive, "/")
    assert "an object could not be read" in text
    assert "1 of 5 instances are here" in text
    assert f"/courses/{LEFT_KUH.course_uid}" in text
    assert f"/courses/{ON_ITS_WAY.course_uid}" not in text


def test_courses_are_filtered_and_paged(archive: Archive) -> None:
    text = page(archive, "/courses?centre=KUH&state=failed")
    assert NOT_WORKED_OUT.course_uid in text
    assert LEFT_KUH.course_uid not in text
    assert "page 1 of 1" in text
    assert LEFT_KUH.course_uid in page(archive, f"/courses?patient={LEFT_KUH.national_id}")


def test_a_course_page_shows_names_doses_findings_and_outcomes(archive: Archive) -> None:
    text = page(archive, f"/courses/{LEFT_KUH.course_uid}")
    for expected in ("Sydan", "Heart", "mean 3.10 Gy", "a hot spot", "matcher 1", "40.05 Gy"):
        assert expected in text
    assert text.index("GRID") < text.index("DOSE-HOT")  # errors first
    assert "Dermatitis radiation: grade 2 on day 20" in text
    assert "66.7" in text
    assert "<h3>EORTC QLQ-C30</h3>" in text
    assert "<td>FA fatigue</td>" in text
    assert "<dd>2 planning images, 1 structure set, 1 plan, 1 dose</dd>" in text
    for form in ("report", "report.pdf", "report.json", "report.dcm", "fhir"):
        assert f'href="/api/v1/courses/{LEFT_KUH.course_uid}/{form}"' in text
    drawings = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    for drawing in drawings:
        ElementTree.fromstring(drawing)  # noqa: S314 - our own
    curves = [d for d in drawings if "Cumulative" in d]
    assert curves[0].count('class="hit"') == 3


def test_a_study_leads_to_its_course(archive: Archive) -> None:
    _, answer = visit(archive, log_in(), ("GET", f"/studies/{LEFT_KUH.study}", {}))
    assert answer.headers["location"] == f"/courses/{LEFT_KUH.course_uid}"
    assert "holds no such study" in page(archive, "/studies/1.2.3", 404)
    assert "holds no such course" in page(archive, f"/courses/{ON_ITS_WAY.course_uid}", 404)


def test_outcomes_by_centre(archive: Archive) -> None:
    text = page(archive, "/outcomes")
    assert "Dermatitis radiation" in text
    assert "<h3>EORTC QLQ-C30</h3>" in text


@pytest.fixture(scope="module")
def attacked(filled: Archive) -> Archive:
    fill(filled.app.state.service.engine, ATTACKER)
    return filled


def test_foreign_text_stays_text_and_no_script_could_run(attacked: Archive) -> None:
    archive = attacked
    _, answer = visit(archive, log_in(), ("GET", f"/courses/{ATTACKER.course_uid}", {}))
    assert "&lt;script&gt;" in answer.text
    assert "<script" not in answer.text
    assert "<img" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert " style=" not in answer.text  # the policy would drop it
    answer = visit(archive, log_in(), ("GET", f"/courses?patient={NASTY}", {}))[1]
    assert "<script" not in answer.text


def test_a_form_of_another_site_logs_nobody_out(archive: Archive) -> None:
    foreign = {"headers": {"origin": "https://elsewhere.example"}}
    answers = visit(archive, log_in(), ("POST", "/logout", foreign), ("GET", "/", {}))
    assert "set-cookie" not in answers[1].headers
    assert answers[2].status_code == 200

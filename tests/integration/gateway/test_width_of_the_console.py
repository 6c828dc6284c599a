"""No page of the console is wider than the screen, on a phone and on a desk, with much on it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Page

from gateway.app import PAGES as CONSOLE
from gateway.contract.site import RefusalCount
from tests.factories import site_objects as make
from tests.factories.console import NEEDS, chromium, log_in, served
from tests.integration.gateway.conftest import Hospital
from tests.integration.gateway.test_books_of_the_account import other
from tests.integration.gateway.test_clinical_files import BAD
from tests.integration.gateway.test_courses_that_are_joined import settle_all
from tests.integration.gateway.test_deciding_on_terms import Clinic
from tests.integration.gateway.test_decisions_in_a_browser import clinic, guarded, tells
from tests.integration.gateway.test_merging_patients import OTHER
from tests.integration.gateway.test_plans_kept_apart import TRIAL, name, trial

__all__ = ["clinic", "guarded"]

WIDTHS = (360, 390, 1280)
AET = "A_LONG_AE_TITLE_"
COMMENT = "as agreed with the Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenamt"
REFUSED = RefusalCount(reason="pixel-length", dimse_status=0xA900, sender=AET, count=12_345)
THIRD = "ID-3-" + "7" * 40
SAID = b"patient_id,status,version,date\n%s,%s,2.1,2026-0%d-01\n"
PAGES = {
    "/login": "/login",
    "/": "/",
    "/courses": "/courses",
    "/courses/{course_id}": "/courses/1",
    "/values": "/values",
    "/terms": "/terms",
    "/senders": "/senders",
    "/consents": "/consents",
    "/statements": "/statements",
    "/clinical": "/clinical",
    "/why": "/why",
    "/merge": "/merge",
    "/deletions": "/deletions",
    "/account": "/account",
    "/account/{day}": f"/account/2026-03-02?sender={AET}",
    "/audit": "/audit",
    "/accounts": "/accounts",
}
"""Each page of the console, by its route."""
PICTURES = os.environ.get("KASARI_PICTURES")
"""A folder where every page is kept as a picture, for somebody to look at."""

pytestmark = [pytest.mark.slow, NEEDS]


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def busy(guarded: Hospital) -> Hospital:
    """Plans apart, a conflict, a refusal, a merge, a quarantine, a receipt, long comments."""
    mine, service = guarded.pseudonym(), guarded.service
    for data in [*trial(mine), *make.course(patient=mine)]:
        guarded.site.senders[guarded.site.store(data)] = AET
    settle_all(guarded)
    service.decisions.take_in(1, name(guarded, TRIAL), COMMENT, "operator")
    guarded.take_in([make.plan(191, 100, mine, approval="UNAPPROVED")])
    guarded.take_in([other(make.course(patient=mine)[5], ApprovalStatus="REJECTED")])
    service.consents.import_sheet(SAID % (OTHER.encode(), b"granted", 1), "operator", commit=True)
    guarded.take_in([make.record(77, 76, 1, guarded.pseudonym(OTHER))])
    service.decisions.refuse(2, COMMENT, "operator")
    assert sorted(guarded.states()) == ["held", "refused"]
    service.consents.import_sheet(SAID % (THIRD.encode(), b"granted", 1), "operator", commit=True)
    service.erasures.recall(guarded.pseudonym(THIRD), "recalled", guarded.clock.now())
    for _ in range(3):
        guarded.turn()
        guarded.archive_erases()
    assert service.door is not None
    service.door.senders.quarantine("TPS", COMMENT, "operator")
    service.merging.merge("ID-1", "TEMP-8", "steward")
    guarded.tell(refused=(REFUSED,))
    service.disk.step()
    return guarded


def too_wide(page: Page, called: str) -> list[str]:
    """Return at which widths what is shown would have to be moved sideways."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        while page.evaluate("innerWidth") != width:  # the test's own limit ends it
            page.wait_for_load_state()
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{called} at {width}")
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{called}-{width}.png", full_page=True)
    return found


def visited(page: Page, address: str, paths: list[str]) -> list[str]:
    found = []
    for path in paths:
        answer = page.goto(address + path)
        assert answer is not None
        assert answer.url.removeprefix(address) == path, "not sent elsewhere"
        found += too_wide(page, path.partition("?")[0].strip("/").replace("/", "-") or "status")
    return found


def test_every_page_is_among_them() -> None:
    routes = {
        route.path
        for part in CONSOLE
        for route in part.router.routes
        if isinstance(route, APIRoute) and "GET" in route.methods
    }
    assert routes == set(PAGES)


def test_no_page_is_too_wide(busy: Hospital, page: Page) -> None:
    with served(busy.app) as address:
        found = visited(page, address, ["/login"])
        log_in(busy.service, page, address, "steward")
        paths = [path for path in PAGES.values() if path != "/login"]
        found += visited(page, address, [*paths, "/courses/2", "/courses/77"])
    assert found == []


def test_no_answer_to_a_form_is_too_wide(busy: Hospital, page: Page, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    found = []

    def ask(path: str, button: str, told: str, **fields: str) -> None:
        page.goto(address + path)
        for label, value in fields.items():
            page.locator(f"[name={label}]").fill(value)
        page.get_by_role("button", name=button, exact=True).click()
        tells(page, told)
        found.extend(too_wide(page, f"{path.strip('/')}-answer"))

    with served(busy.app) as address:
        log_in(busy.service, page, address, "steward")
        ask("/statements", "Look", "(counts)", patient_id="ID-1")
        ask("/why", "Look", "Course", patient_id="ID-1")
        ask("/merge", "Merge", "Merged.", patient_id="ID-1", other_id=THIRD)
        for path, button, content in (
            ("/consents", "Preview", SAID % (b"ID-1", b"perhaps", 1)),
            ("/clinical", "Check", BAD),
        ):
            wrong.write_bytes(content)
            page.goto(address + path)
            if path == "/clinical":
                page.get_by_label("What it is").select_option("ctcae")
            page.locator("input[type=file]").set_input_files(wrong)
            page.get_by_role("button", name=button, exact=True).click()
            assert "How to mend it" in page.locator("main").inner_text()
            found += too_wide(page, f"{path.strip('/')}-answer")
    assert found == []


def test_terms_and_values_that_are_there_fit(clinic: Clinic, page: Page) -> None:
    clinic.hospital.take_in(clinic.course(label="VaraosaOravanpes"))
    with served(clinic.hospital.app) as address:
        log_in(clinic.hospital.service, page, address, "steward")
        found = visited(page, address, ["/terms", "/values"])
        assert page.locator("main tr").count() > 10
    assert found == []

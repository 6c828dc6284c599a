"""The console in headless Chromium: logged in by account, with scripts switched off."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Page, sync_playwright

from gateway.domain.accounts import AccountRole
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import CONSENTS, Hospital

PATIENCE_S = 20
PASSWORD = "kolmetoista merkkiä"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: see ./run doctor"),
]


@pytest.fixture
def address(hospital: Hospital) -> Iterator[str]:
    for data in make.course(patient=hospital.pseudonym())[:-1]:
        hospital.site.senders[hospital.site.store(data)] = "TPS"
    hospital.settle()
    hospital.service.canary.step()
    hospital.service.disk.step()
    server = uvicorn.Server(uvicorn.Config(hospital.app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    tick = threading.Event()
    for _ in range(PATIENCE_S * 50):
        if server.started:
            break
        tick.wait(0.02)
    assert server.started
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(PATIENCE_S)


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_context(java_script_enabled=False).new_page()
        browser.close()


def log_in(hospital: Hospital, page: Page, address: str, role: str) -> None:
    hospital.service.accounts.add(role, AccountRole(role), PASSWORD)
    page.goto(f"{address}/")
    page.get_by_label("Name").fill(role)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


def links(page: Page) -> list[str]:
    return page.locator("nav a").all_inner_texts()


def test_a_steward_finds_out_why_and_merges(hospital: Hospital, address: str, page: Page) -> None:
    log_in(hospital, page, address, "steward")
    assert page.locator("h1").inner_text() == "Status"
    page.get_by_role("link", name="Why not?").click()
    page.get_by_label("Patient identifier").fill("ID-1")
    page.get_by_role("button", name="Look").click()
    assert "no dose has come" in page.locator(".note").inner_text()
    page.get_by_role("link", name="Merge").click()
    page.get_by_label("Identifier to keep").fill("ID-1")
    page.get_by_label("Other identifier").fill("TEMP-7")
    page.get_by_role("button", name="Merge").click()
    assert "Merged" in page.get_by_role("status").inner_text()
    assert len(hospital.service.consents.snapshot().admitted) == 2


def test_an_operator_sees_the_disk_and_follows_a_number(
    hospital: Hospital, address: str, page: Page
) -> None:
    log_in(hospital, page, address, "operator")
    work = ["Status", "Courses", "Senders", "Consents", "Clinical"]
    assert links(page) == [*work, "Deletions", "Account", "Audit", "People"]
    hospital.disk.used_percent = 95
    hospital.service.disk.step()
    page.reload()
    assert "disk-full" in page.get_by_role("alert").inner_text()
    page.get_by_role("link", name="Account").click()
    page.get_by_role("link", name="2026-03-02").click()
    assert "no dose has come" in page.locator("main").inner_text()
    page.goto(f"{address}/why")
    assert "only for the role steward" in page.get_by_role("alert").inner_text()


def test_a_list_is_looked_at_and_then_imported(
    hospital: Hospital, address: str, page: Page, tmp_path: Path
) -> None:
    log_in(hospital, page, address, "operator")
    listed = tmp_path / "consents.csv"
    listed.write_bytes(CONSENTS.replace(b"ID-1", b"ID-2") + b"ID-3,,,,declined,2.1,,2020-01-01\n")
    page.goto(f"{address}/consents")
    page.get_by_label("Consent list").set_input_files(listed)
    page.get_by_role("button", name="Preview").click()
    assert "2 new people" in page.get_by_role("status").inner_text()
    assert len(hospital.service.consents.snapshot().admitted) == 1
    page.get_by_role("button", name="Import this list").click()
    assert "Imported: 2 new people" in page.get_by_role("status").inner_text()
    assert len(hospital.service.consents.snapshot().admitted) == 2


def test_an_auditor_reads_and_logs_out(hospital: Hospital, address: str, page: Page) -> None:
    log_in(hospital, page, address, "auditor")
    assert page.locator("h1").inner_text() == "Audit"
    assert links(page) == ["Deletions", "Account", "Audit", "People"]
    page.get_by_role("button", name="Log out").click()
    page.goto(f"{address}/audit")
    assert page.locator("h1").inner_text() == "Log in"


def test_nothing_is_wider_than_a_phone(hospital: Hospital, address: str, page: Page) -> None:
    log_in(hospital, page, address, "steward")
    page.set_viewport_size({"width": 360, "height": 700})
    for path in (
        "/",
        "/account",
        "/merge",
        "/accounts",
        "/why",
        "/audit",
        "/senders",
        "/values",
        "/deletions",
        "/consents",
    ):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path

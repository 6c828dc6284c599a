"""The console in headless Chromium: logged in by account, with scripts switched off."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.factories import site_objects as make
from tests.factories.console import NEEDS, chromium, log_in, served
from tests.integration.gateway.conftest import CONSENTS, Hospital

pytestmark = [pytest.mark.slow, NEEDS]


@pytest.fixture
def address(hospital: Hospital) -> Iterator[str]:
    for data in make.course(patient=hospital.pseudonym())[:-1]:
        hospital.site.senders[hospital.site.store(data)] = "TPS"
    hospital.settle()
    hospital.service.canary.step()
    hospital.service.disk.step()
    with served(hospital.app) as where:
        yield where


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as opened:
        yield opened


def links(page: Page) -> list[str]:
    return page.locator("nav a").all_inner_texts()


def test_a_steward_finds_out_why_and_merges(hospital: Hospital, address: str, page: Page) -> None:
    log_in(hospital.service, page, address, "steward")
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
    log_in(hospital.service, page, address, "operator")
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
    log_in(hospital.service, page, address, "operator")
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
    log_in(hospital.service, page, address, "auditor")
    assert page.locator("h1").inner_text() == "Audit"
    assert links(page) == ["Deletions", "Account", "Audit", "People"]
    page.get_by_role("button", name="Log out").click()
    page.goto(f"{address}/audit")
    assert page.locator("h1").inner_text() == "Log in"

"""The worklist in headless Chromium: decided by keyboard alone, with scripts switched off."""

import shutil
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from harmonizer.services.nomenclature import NomenclatureService
from harmonizer.web import pages, worklist

PATIENCE_S = 20
TOKEN = "token-of-anna-000"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: see ./run doctor")


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    app.state.thumbnails = SimpleNamespace(png=lambda _course, _roi: b"")
    pages.install(app, is_secure=False)
    app.include_router(worklist.router)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
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
        browser: Browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        context = browser.new_context(
            java_script_enabled=False, extra_http_headers={"Authorization": f"Bearer {TOKEN}"}
        )
        yield context.new_page()
        browser.close()


def test_arrows_choose_and_enter_decides(
    address: str, page: Page, service: NomenclatureService
) -> None:
    page.goto(f"{address}/names/next")
    assert page.locator("h1").inner_text() == "OAR 7"
    page.keyboard.press("ArrowDown")  # from "a planning aid" to "another name"
    page.keyboard.press("Tab")
    page.keyboard.type("Parotid_L")
    page.keyboard.press("Enter")
    page.wait_for_url("**/names/next?skip=0&told=*")
    assert page.locator("h1").inner_text() == "Qwerty 12"
    assert "OAR 7 = Parotid_L" in page.locator("[role=status]").inner_text()
    decided = service.decisions()
    assert [(d.rule.local_name, d.rule.tg263_name) for d in decided] == [("OAR 7", "Parotid_L")]


@pytest.mark.slow
def test_enter_alone_takes_what_has_the_focus(
    address: str, page: Page, service: NomenclatureService
) -> None:
    page.goto(f"{address}/names/next?skip=1")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url("**told=*")
    assert [d.rule.tg263_name for d in service.decisions()] == ["-"]


@pytest.mark.slow
def test_nothing_is_wider_than_a_phone(address: str, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    for path in ("/names", "/names/next"):
        page.goto(address + path)
        box = page.locator("main").bounding_box()
        assert box is not None
        assert box["width"] <= 360

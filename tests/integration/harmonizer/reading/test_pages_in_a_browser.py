"""The pages in headless Chromium: nothing is blocked, nothing sticks out, the plots are there."""

import shutil
from collections.abc import Iterator

import pytest

from tests.integration.harmonizer.reading.conftest import LEFT_KUH, TOKENS, Archive

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: ./run setup")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt install chromium")

WIDTHS = (1280, 390)
PAGES = ("/", "/audit", "/courses", f"/courses/{LEFT_KUH.course_uid}", "/outcomes", "/quality")


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def _failure(request: object) -> str:
    """Say what failed. An icon still on its way is aborted when the next page is opened."""
    return f"{request.url}: {request.failure}"


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_whole(archive: Archive, address: str, chromium: object, width: int) -> None:
    archive.app.state.cookies_are_secure = False  # the test's server speaks plain http
    context = chromium.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("requestfailed", lambda request: complaints.append(_failure(request)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/login")
    page.fill("#token", TOKENS["admin"])
    page.click("main button")
    page.wait_for_url(f"{address}/")
    for path in PAGES:
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.locator("h1").count() == 1, path
    assert [text for text in complaints if "ERR_ABORTED" not in text] == []
    assert {url.startswith(address) for url in asked} == {True}
    context.close()


def test_the_plots_are_drawn_in_colour(archive: Archive, address: str, chromium: object) -> None:
    archive.app.state.cookies_are_secure = False
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{address}/login")
    page.fill("#token", TOKENS["researcher"])
    page.click("main button")
    page.goto(f"{address}/courses/{LEFT_KUH.course_uid}")
    curves = page.locator(".plot .scroll polyline.curve")
    assert curves.count() == 3
    colours = {curves.nth(n).evaluate("line => getComputedStyle(line).stroke") for n in range(3)}
    assert len(colours) == 3  # the style sheet was let through
    box = page.locator(".plot .scroll svg").bounding_box()
    assert box["width"] > 600
    assert box["height"] > 300
    assert page.locator("a[href='/names']").count() == 0  # not for a researcher
    context.close()

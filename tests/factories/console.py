"""The gateway's console on a port of its own, and headless Chromium without scripts before it."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Page, sync_playwright

from gateway.app import Service
from gateway.domain.accounts import AccountRole

PATIENCE_S = 60
PASSWORD = "kolmetoista merkkiä"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NEEDS = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: see ./run doctor")


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Yield the address of an application while it runs."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    tick = threading.Event()
    for _ in range(PATIENCE_S * 50):
        if server.started:
            break
        tick.wait(0.02)
    assert server.started
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)


@contextmanager
def chromium() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_context(java_script_enabled=False).new_page()
        browser.close()


def log_in(service: Service, page: Page, address: str, role: str) -> None:
    """Add an account that is called by its role, and log in with it by the form."""
    service.accounts.add(role, AccountRole(role), PASSWORD)
    page.goto(f"{address}/")
    page.get_by_label("Name").fill(role)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()

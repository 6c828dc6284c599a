"""A report as PDF: printed by a browser that is on this machine, without a window."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from harmonizer.errors import PrintError

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "microsoft-edge")
SECONDS: Final = 90

DATES: Final = re.compile(rb"(?<=Date \(D:)\d{14}")
"""When it was printed: overwritten, so that the same page gives the same bytes."""


def find_browser() -> str | None:
    """Return the path of a browser that can print; None without one."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def print_pdf(html: str) -> bytes:
    """Return a page as PDF.

    Raises
    ------
    PrintError
        If there is no browser, or it does not print.
    """
    browser = find_browser()
    if browser is None:
        text = "a PDF needs Chromium, Chrome or Edge on this machine"
        raise PrintError(f"{text}; install one, or write .html and print that")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        page, printed = Path(name) / "report.html", Path(name) / "report.pdf"
        page.write_text(html, "utf-8")
        # Chromium refuses its sandbox to root; the page is ours and has no script.
        # Printing can wait, storing cannot: it gets the processor that is left over.
        politely = ["nice", "-n", "15"] if shutil.which("nice") else []
        free = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [
            *(*politely, browser, "--headless", "--disable-gpu", "--no-pdf-header-footer", *free),
            *(f"--user-data-dir={name}/profile", f"--print-to-pdf={printed}", page.as_uri()),
        ]
        try:
            subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            text = f"{Path(browser).name} did not print ({type(error).__name__})"
            raise PrintError(f"{text}; write .html and print that") from error
        if not printed.is_file():
            text = f"{Path(browser).name} printed nothing"
            raise PrintError(f"{text}; write .html and print that")
        return DATES.sub(b"20000101000000", printed.read_bytes())

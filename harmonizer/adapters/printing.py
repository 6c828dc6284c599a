"""A report as PDF, by WeasyPrint: a process of its own, whose memory ends with it."""

import shutil
import subprocess
import sys
import tempfile
from ctypes.util import find_library
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from harmonizer.errors import PrintError

SECONDS: Final = 90
NEEDED: Final = "pangoft2-1.0"
"""The system's library that WeasyPrint sets text with; it brings the others that are needed."""


def can_print() -> bool:
    """Whether this machine has what printing needs."""
    return find_spec("weasyprint") is not None and find_library(NEEDED) is not None


def print_pdf(html: str) -> bytes:
    """Return a page as PDF; the same page gives the same bytes.

    Raises
    ------
    PrintError
        If it does not print.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        page, printed = Path(name) / "report.html", Path(name) / "report.pdf"
        page.write_text(html, "utf-8")
        # Printing can wait, storing cannot: it gets the processor that is left over.
        politely = ["nice", "-n", "15"] if shutil.which("nice") else []
        program = [*politely, sys.executable, "-m", "weasyprint", "--quiet"]
        command = [*program, str(page), str(printed)]
        try:
            subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)  # noqa: S603
            return printed.read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            need = "" if can_print() else " needs Pango (Debian: apt install libpangoft2-1.0-0) and"
            text = f"printing{need} failed ({type(error).__name__})"
            raise PrintError(f"{text}; write .html and print that from a browser") from error

"""The words in the documentation are held to the code: links resolve, commands exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/**/README.md")]
    if not any(part.startswith(".") for part in page.relative_to(ROOT).parts)
)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
COMMAND = re.compile(r"^\W*(?:\./run|kasari) ([a-z]+)", re.MULTILINE)
INLINE = re.compile(r"`(?:\./run|kasari) ([a-z]+)")
OF_RUN_ITSELF = {"test"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    broken = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    assert not broken


def test_every_command_in_the_documentation_exists() -> None:
    named = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named |= set(COMMAND.findall(text)) | set(INLINE.findall(text))
    answer = subprocess.run(
        [sys.executable, "-m", "kasari", "--help"], capture_output=True, text=True, check=True
    )
    known = set(re.findall(r"^\W*([a-z]+)\b", answer.stdout, re.MULTILINE)) | OF_RUN_ITSELF
    assert named
    assert named <= known, f"documented, but not a command: {sorted(named - known)}"

"""The documented rules of the local validation are the rules."""

import re
from pathlib import Path

from gateway.domain.validation import RULES

PAGE = Path(__file__).parents[2] / "docs" / "gateway.md"
ROW = re.compile(r"^\| `([a-z-]+)` \| (\w+) \| (.+) \|$", re.MULTILINE)


def test_the_page_lists_every_rule_with_its_severity_and_question() -> None:
    text = PAGE.read_text("utf-8").split("## Rules of the local validation")[1].split("\n## ")[0]
    told = [(code, severity, asks) for code, severity, asks in ROW.findall(text)]
    assert sorted(told) == sorted((r.code, r.severity.value, r.asks) for r in RULES)

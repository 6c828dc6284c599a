"""The rules as a table for people."""

from collections.abc import Iterator

from harmonizer.domain.quality.engine import RULES
from harmonizer.domain.quality.findings import Rule


def rule_table() -> str:
    """Return all rules as a Markdown table, in the order in which they run."""
    head = ["| Code | Severity | Finding | What the rule says |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *_rows(RULES)])


def _rows(rules: tuple[Rule, ...]) -> Iterator[str]:
    for rule in rules:
        says = " ".join((rule.check.__doc__ or "").split("\n\n")[0].split()).replace("|", "\\|")
        yield f"| `{rule.code}` | {rule.severity.value} | {rule.title} | {says} |"

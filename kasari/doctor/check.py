"""One thing that was looked at."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    MISSING = "missing"
    """Needed, and not there or not right."""
    OPTIONAL = "optional"
    """Not there; only some tests or a larger deployment want it."""


@dataclass(frozen=True)
class Check:
    """`mend` is empty when there is nothing to mend."""

    what: str
    verdict: Verdict
    found: str
    mend: str = ""

    def as_json(self) -> dict[str, str]:
        return {name: str(value) for name, value in vars(self).items()}


def judged(what: str, is_good: bool, found: str, mend: str, *, needed: bool = True) -> Check:
    """A check whose way to mend is told only when it is not good."""
    if is_good:
        return Check(what, Verdict.OK, found)
    return Check(what, Verdict.MISSING if needed else Verdict.OPTIONAL, found, mend)

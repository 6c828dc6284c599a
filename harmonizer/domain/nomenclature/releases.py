"""Rule sets from draft to release: who decided, what would change, what keeps it from release.

One set is being drafted at a time. Who proposes a set cannot release it: two people see every
rule. A roll-back is a new set with an old one's rules, proposed and released like any other.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from harmonizer.domain.nomenclature.course import Mapper
from harmonizer.domain.nomenclature.model import Context
from harmonizer.domain.nomenclature.rules import HELPER, Conflict, Rule, RuleSet, conflicts


class ReleaseState(StrEnum):
    """Where a rule set is on its way. The newest released one is in force."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    RELEASED = "released"
    REFUSED = "refused"


@dataclass(frozen=True)
class Release:
    """One rule set with who did what. `based_on` is the version that it was drafted from."""

    version: int
    state: ReleaseState
    based_on: int
    created_by: str
    created_at: datetime
    note: str = ""
    proposed_by: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True)
class Decision:
    """What a curator decided about a name; kept for good. The rule is made from it."""

    rule: Rule
    at: datetime


@dataclass(frozen=True)
class Disagreement:
    """Decisions of several curators about one name that do not say the same, the latest last."""

    local_name: str
    centre: str
    site: str
    decisions: tuple[Decision, ...]


@dataclass(frozen=True)
class NameUse:
    """How often a centre uses a name: structures, and patients that have one."""

    local_name: str
    centre: str
    structures: int
    site: str | None = None
    patients: int = 0


@dataclass(frozen=True)
class Change:
    """A name whose mapping another rule set would change. None: no name would be applied."""

    use: NameUse
    before: str | None
    after: str | None


def obstacles(rules: Sequence[Rule], is_standard: Callable[[str], bool]) -> list[Conflict]:
    """Return everything that keeps rules from being released, with the rules named."""
    unknown = [
        Conflict((rule,), f"'{rule.local_name}': {rule.tg263_name} is no name of the standard")
        for rule in rules
        if rule.tg263_name != HELPER and not is_standard(rule.tg263_name)
    ]
    return [*unknown, *conflicts(rules)]


def preview(now: Mapper, rules: RuleSet, uses: Iterable[NameUse]) -> list[Change]:
    """Return what would change for the names in use, the most frequent first."""
    then = now.with_rules(rules)
    changes = []
    for use in uses:
        context = Context(site=use.site, centre=use.centre)
        before, after = (applied_name(mapper, use.local_name, context) for mapper in (now, then))
        if before != after:
            changes.append(Change(use, before, after))
    return sorted(changes, key=lambda change: (-change.use.structures, change.use.local_name))


def applied_name(mapper: Mapper, raw: str, context: Context) -> str | None:
    """Return the standard name that would be applied unseen, None if none."""
    mapping = mapper.map_name(raw, context)
    return mapping.tg263_name if mapping.auto else None


def disagreements(decisions: Iterable[Decision]) -> list[Disagreement]:
    """Return where the latest decisions of different curators about one scope differ."""
    latest: dict[tuple[str, str, str], dict[str, Decision]] = {}
    for decision in sorted(decisions, key=lambda d: d.at):
        by_author = latest.setdefault(decision.rule.scope, {})
        by_author.pop(decision.rule.author, None)
        by_author[decision.rule.author] = decision
    found = []
    for by_author in latest.values():
        told = tuple(by_author.values())
        if len({decision.rule.tg263_name for decision in told}) > 1:
            rule = told[-1].rule
            found.append(Disagreement(rule.local_name, rule.centre, rule.site, told))
    return found

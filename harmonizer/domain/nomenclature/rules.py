"""Rules of the consortium: what a centre's own name means where people have decided it.

A rule set is national and carries the rules of single centres too. A centre's rule goes before a
national one, a rule with a site before one without. A rule compares names without case, blanks,
`_`, `-` and accents; planning-risk margins, `~` and `^` around the name are kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from harmonizer.domain.nomenclature.decoration import NO_DECORATION, Decoration, take_decoration
from harmonizer.domain.nomenclature.folding import key, plain

HELPER = "-"
"""What a rule gives to a planning aid instead of a standard name."""


@dataclass(frozen=True)
class Rule:
    """One decision: this local name means that standard name.

    `centre` and `site` are "" where the rule is for all. `tg263_name` is `HELPER` for a planning
    aid. `examples` are further spellings that the rule must reach; they are checked at release.
    `guideline`: the contouring guideline that the structure follows, "" if none is known.
    """

    local_name: str
    tg263_name: str
    author: str
    reason: str
    decided_on: str
    centre: str = ""
    site: str = ""
    guideline: str = ""
    examples: tuple[str, ...] = ()

    @property
    def scope(self) -> tuple[str, str, str]:
        """What the rule speaks of: centre, site, folded name."""
        return self.centre.lower(), self.site.lower(), rule_key(self.local_name)


@dataclass(frozen=True)
class RuleSet:
    """Released rules. Version 0 has none."""

    version: int = 0
    rules: tuple[Rule, ...] = ()

    @cached_property
    def _by_scope(self) -> dict[tuple[str, str, str], Rule]:
        return {rule.scope: rule for rule in self.rules}

    def find(
        self, raw_name: str, centre: str | None = None, site: str | None = None
    ) -> tuple[Rule, str] | None:
        """Return the rule for a name, and the standard name with the name's decoration.

        The whole name is looked up first, then the name without its decoration.
        """
        if not self.rules:
            return None
        bare, decoration = take_decoration(plain(raw_name))
        looked_up: tuple[tuple[str, Decoration], ...] = (
            (raw_name, NO_DECORATION),
            (bare, decoration),
        )
        for name, around in looked_up:
            rule = self._scoped(rule_key(name), (centre or "").lower(), (site or "").lower())
            if rule:
                helper = rule.tg263_name == HELPER
                return rule, HELPER if helper else around.written(rule.tg263_name)
        return None

    def _scoped(self, name: str, centre: str, site: str) -> Rule | None:
        if not name:
            return None
        for scope in ((centre, site), (centre, ""), ("", site), ("", "")):
            found = self._by_scope.get((*scope, name))
            if found:
                return found
        return None


NO_RULES = RuleSet()


def rule_key(name: str) -> str:
    """Return a name as rules compare it."""
    return key(plain(name))


@dataclass(frozen=True)
class Conflict:
    """Why a rule set cannot be released: the rules that disagree, and how."""

    rules: tuple[Rule, ...]
    text: str


def conflicts(rules: Iterable[Rule]) -> list[Conflict]:
    """Return contradictions, loops and unreached examples among the rules."""
    listed = list(rules)
    return [*contradictions(listed), *_loops(listed), *_unreached(listed)]


def contradictions(rules: Iterable[Rule]) -> list[Conflict]:
    """Return the pairs of rules that speak of the same: contradictions and doubles."""
    seen: dict[tuple[str, str, str], Rule] = {}
    found = []
    for rule in rules:
        first = seen.setdefault(rule.scope, rule)
        if first is rule:
            continue
        if first.tg263_name == rule.tg263_name:
            text = f"'{rule.local_name}' has the same rule twice"
        else:
            text = (
                f"'{first.local_name}' = {first.tg263_name} ({first.author}) contradicts"
                f" '{rule.local_name}' = {rule.tg263_name} ({rule.author})"
            )
        found.append(Conflict((first, rule), text))
    return found


def _loops(rules: list[Rule]) -> list[Conflict]:
    """Find rules that turn a name over others into itself."""
    found: list[Conflict] = []
    done: set[tuple[str, str, str]] = set()
    by_scope = {rule.scope: rule for rule in rules}
    for start in rules:
        path: list[Rule] = []
        at: Rule | None = start
        while at is not None and at not in path and at.scope not in done:
            path.append(at)
            centre, site, _ = at.scope
            following = by_scope.get((centre, site, rule_key(at.tg263_name)))
            at = None if following is at else following
        if at is not None and at in path:
            loop = tuple(path[path.index(at) :])
            names = " -> ".join(f"'{rule.local_name}'" for rule in (*loop, at))
            found.append(Conflict(loop, f"rules run in a circle: {names}"))
        done |= {rule.scope for rule in path}
    return found


def _unreached(rules: list[Rule]) -> list[Conflict]:
    """Find examples that their own rule does not answer."""
    released = RuleSet(1, tuple(rules))
    found = []
    for rule in rules:
        for example in (rule.local_name, *rule.examples):
            answer = released.find(example, rule.centre, rule.site)
            if answer is None:
                text = f"example '{example}' is not reached by the rule for '{rule.local_name}'"
                found.append(Conflict((rule,), text))
            elif answer[0].scope != rule.scope:
                text = (
                    f"example '{example}' of '{rule.local_name}' = {rule.tg263_name} is answered"
                    f" by '{answer[0].local_name}' = {answer[0].tg263_name}"
                )
                found.append(Conflict((rule, answer[0]), text))
    return found

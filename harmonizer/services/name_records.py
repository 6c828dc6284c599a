"""What the rules of structure names need to be kept in, and read from."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from harmonizer.domain.nomenclature import (
    Decision,
    NameUse,
    Release,
    ReleaseState,
    Rule,
    RuleSet,
)


class NameRules(Protocol):
    """Rule sets and decisions as they are kept."""

    def releases(self) -> Sequence[Release]:
        """Every set, the newest first."""
        ...

    def in_force(self) -> int:
        """Return the version of the newest released set, 0 if there is none."""
        ...

    def rules(self, version: int) -> Sequence[Rule]: ...

    def open_draft(self, by: str, at: datetime, rules: Sequence[Rule], note: str) -> Release: ...

    def put_rules(self, version: int, rules: Iterable[Rule]) -> None: ...

    def replace_rules(self, version: int, rules: Sequence[Rule]) -> None: ...

    def remove_rule(self, version: int, rule: Rule) -> bool: ...

    def move(
        self,
        version: int,
        before: ReleaseState,
        after: ReleaseState,
        by: str,
        at: datetime,
        note: str = "",
        work: Mapping[str, Iterable[str]] = MappingProxyType({}),
    ) -> bool:
        """Move a set on and enter the work that follows, by kind; all or nothing.

        Returns False if the set is not in the state `before` any more.
        """
        ...

    def keep_decision(self, decision: Decision) -> None: ...

    def decisions(self, local_name: str | None = None) -> Sequence[Decision]: ...


class NameUses(Protocol):
    """The local names of the archive."""

    def uses(self, open_only: bool = False) -> Sequence[NameUse]: ...

    def touched(self, names: Sequence[tuple[str, str]]) -> tuple[Sequence[str], int]:
        """Return the courses with one of these (centre, local name), and how many patients."""
        ...

    def by_status(self) -> Sequence[tuple[str, str, bool, int]]: ...

    def example(self, local_name: str, centre: str) -> tuple[str, int] | None: ...


class RuleFiles(Protocol):
    """Rules as text, in `form` "yaml" or "csv"."""

    def read(self, text: str, form: str) -> RuleSet:
        """Raises `DataError` if it cannot be read; the text names the rule."""
        ...

    def write(self, rules: RuleSet, form: str) -> str: ...

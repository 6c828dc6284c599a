"""The names that need a person: grouped over centres, the most frequent first, with suggestions."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from harmonizer.domain.nomenclature.course import Mapper
from harmonizer.domain.nomenclature.model import Alternative, Context, Kind, Status
from harmonizer.domain.nomenclature.releases import NameUse
from harmonizer.domain.nomenclature.rules import rule_key


@dataclass(frozen=True)
class OpenName:
    """One name to decide about. `centres` say how many structures have it at each.

    `spellings` are the ways in which it is written, apart from case and separators the same.
    """

    local_name: str
    spellings: tuple[str, ...]
    centres: tuple[tuple[str, int], ...]
    structures: int
    patients: int
    kind: Kind
    reason: str
    suggestions: tuple[Alternative, ...]


def open_names(mapper: Mapper, uses: Iterable[NameUse]) -> list[OpenName]:
    """Return the names that no rule answers and that are not certain enough."""
    groups: dict[str, list[NameUse]] = {}
    for use in uses:
        mapping = mapper.map_name(use.local_name, Context(site=use.site, centre=use.centre))
        if not mapping.auto and mapping.status is not Status.HELPER:
            groups.setdefault(rule_key(use.local_name), []).append(use)
    found = [_open(mapper, group) for name, group in groups.items() if name]
    return sorted(found, key=lambda name: (-name.structures, name.local_name))


def _open(mapper: Mapper, group: list[NameUse]) -> OpenName:
    spellings: Counter[str] = Counter()
    centres: Counter[str] = Counter()
    for use in group:
        spellings[use.local_name] += use.structures
        centres[use.centre] += use.structures
    written = tuple(name for name, _ in spellings.most_common())
    mapping = mapper.map_name(written[0])
    first = Alternative(mapping.tg263_name or "", mapping.confidence, mapping.reason)
    return OpenName(
        local_name=written[0],
        spellings=written,
        centres=tuple(centres.most_common()),
        structures=centres.total(),
        patients=sum(use.patients for use in group),
        kind=mapping.kind,
        reason=mapping.reason,
        suggestions=(*((first,) if mapping.tg263_name else ()), *mapping.alternatives),
    )


@dataclass(frozen=True)
class Compliance:
    """How one centre's names stand: structures by status, and how many are named already."""

    centre: str
    structures: int
    statuses: tuple[tuple[str, int], ...]
    applied: int

    @property
    def exact_share(self) -> float:
        """Share of structures whose local name is the standard name itself."""
        return dict(self.statuses).get(Status.EXACT, 0) / self.structures


def compliance(rows: Iterable[tuple[str, str, bool, int]]) -> list[Compliance]:
    """Return per centre how names stand, of (centre, status, has a name, structures)."""
    statuses: dict[str, Counter[str]] = {}
    named: Counter[str] = Counter()
    for centre, status, has_name, count in rows:
        statuses.setdefault(centre, Counter())[status] += count
        named[centre] += count if has_name else 0
    return [
        Compliance(centre, counts.total(), tuple(counts.most_common()), named[centre])
        for centre, counts in sorted(statuses.items())
        if counts.total()
    ]

"""New rules over names that were kept: what changes at once, before the courses are worked anew.

Only rules speak here. Contours are not looked at again and the grammar names nothing: a region
whose rule was taken back keeps a suggestion and waits until its course is harmonized.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harmonizer.domain.nomenclature.course import BY_RULE, Mapper
from harmonizer.domain.nomenclature.model import Context, Kind, Mapping, RoiName, Status


@dataclass(frozen=True)
class KeptName:
    """One region of interest as it was kept. `row` is what finds it again.

    `suggestion` is the best reading, `standard_name` the same where it was applied.
    """

    row: int
    number: int
    local_name: str
    standard_name: str | None
    suggestion: str | None
    kind: str
    status: str
    reason: str


@dataclass(frozen=True)
class Renaming:
    """What a kept region is called from now on."""

    row: int
    number: int
    local_name: str
    standard_name: str | None
    suggestion: str | None
    kind: str
    status: str
    confidence: float
    reason: str


def renamings(mapper: Mapper, kept: Sequence[KeptName], context: Context) -> list[Renaming]:
    """Return what a course's regions are called by the mapper's rules, of those that change."""
    spoken = {name.row: _spoken_of(mapper, name, context) for name in kept}
    shared = _shared(kept, spoken)
    found = []
    for name in kept:
        said = spoken[name.row]
        if said is None and name.row in shared and name.standard_name:
            reason = f"{name.standard_name} would be the name of another region too"
            found.append(_taken_back(name, reason))
        elif said is not None:
            if name.row in shared:
                told = f"{said.reason}; another region of this set would get the same name"
                said = replace(said, auto=False, reason=told)
            found += _if_new(name, said)
    return found


def _spoken_of(mapper: Mapper, name: KeptName, context: Context) -> Mapping | None:
    """Return what a rule says, or the grammar of a name whose rule is gone; None leaves it."""
    roi = RoiName(name.number, name.local_name)
    by_rule = mapper.by_rule(roi, context)
    if by_rule or not name.reason.startswith(BY_RULE):
        return by_rule
    read = mapper.map_name(roi, context)
    return read if read.status is Status.EXACT else replace(read, auto=False)


def _shared(kept: Sequence[KeptName], spoken: dict[int, Mapping | None]) -> frozenset[int]:
    """Return the rows that would have a name together, where a rule made it so."""
    rows: dict[str, list[KeptName]] = {}
    for name in kept:
        said = spoken[name.row]
        called = said.tg263_name if said else name.suggestion
        kind = said.kind.value if said else name.kind
        if called and kind in {Kind.ORGAN, Kind.TARGET}:
            rows.setdefault(called.lower(), []).append(name)
    found: set[int] = set()
    for names in rows.values():
        exact = [n for n in names if n.status == Status.EXACT and not spoken[n.row]]
        if len(names) > 1 and any(spoken[name.row] for name in names):
            keeps = exact[0].row if len(exact) == 1 else None
            found |= {name.row for name in names} - {keeps}
    return frozenset(row for row in found if row is not None)


def _if_new(name: KeptName, said: Mapping) -> list[Renaming]:
    standard = said.tg263_name if said.auto else None
    before = (name.standard_name, name.suggestion, name.status)
    if before == (standard, said.tg263_name, said.status.value):
        return []
    return [
        Renaming(
            name.row,
            name.number,
            name.local_name,
            standard,
            said.tg263_name,
            said.kind.value,
            said.status.value,
            said.confidence,
            said.reason,
        )
    ]


def _taken_back(name: KeptName, reason: str) -> Renaming:
    return Renaming(
        name.row,
        name.number,
        name.local_name,
        None,
        name.suggestion,
        name.kind,
        name.status,
        0.5,
        reason,
    )

"""Map all regions of a structure set together: rules first, then the grammar, then the siblings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from harmonizer.domain.nomenclature.margins import LONGEST_NAME
from harmonizer.domain.nomenclature.matcher import MATCHER_VERSION, NO_CONTEXT, Matcher
from harmonizer.domain.nomenclature.model import (
    Context,
    Kind,
    Mapping,
    Nomenclature,
    RoiName,
    Status,
    Structure,
)
from harmonizer.domain.nomenclature.rules import HELPER, NO_RULES, RuleSet
from harmonizer.domain.nomenclature.targets import find_type

BY_RULE = "rule "
"""What the reason of a name that a rule gave begins with."""
LEAST_SIGNED = 3
SIGNED = 0.975
MOST_NAMED = 20
"""Of regions that share a name, as many are told of."""


@dataclass(frozen=True)
class NameFinding:
    """Something about a name that a person should look at. `number` is the ROINumber."""

    code: str
    number: int
    text: str


@dataclass(frozen=True)
class SetMapping:
    """The names of one structure set, in its order, and what made them."""

    mappings: tuple[Mapping, ...]
    findings: tuple[NameFinding, ...]
    matcher_version: str
    edition: str
    rules_version: int

    @property
    def applied(self) -> dict[int, str]:
        """Standard names by ROINumber, of the regions whose name may be applied unseen."""
        return {m.number: m.tg263_name for m in self.mappings if m.auto and m.tg263_name}


class Mapper:
    """Maps names by the rules of the consortium, and by the grammar where no rule speaks.

    Keeps what it has learnt of words: make it once per rule set.
    """

    def __init__(self, nomenclature: Nomenclature, rules: RuleSet = NO_RULES) -> None:
        self.rules = rules
        self.edition = nomenclature.edition
        self._matcher = Matcher(nomenclature)

    def with_rules(self, rules: RuleSet) -> "Mapper":
        """Return a mapper of other rules that shares what this one knows of words."""
        other = object.__new__(Mapper)
        other.rules, other.edition, other._matcher = rules, self.edition, self._matcher
        return other

    def structure_of(self, name: str) -> Structure | None:
        """Return the listed structure of a standard name, whatever is written around its root."""
        return self._matcher.structure_of(name)

    def is_standard(self, name: str) -> bool:
        """Whether a name is written exactly as the standard writes it."""
        mapping = self._matcher.match(name)
        return mapping.auto and mapping.tg263_name == name

    def map_name(self, name: RoiName | str, context: Context = NO_CONTEXT) -> Mapping:
        """Map one name. Never raises for what a name contains."""
        roi = RoiName(0, name) if isinstance(name, str) else name
        return self.by_rule(roi, context) or self._matcher.match(roi, context)

    def map_set(self, names: Sequence[RoiName], context: Context = NO_CONTEXT) -> SetMapping:
        """Map the names of one structure set together.

        The languages that the set's names speak, and the part of the body that the certain ones
        lie in, help to read short words. Regions of interest that would get
        one name are all kept, told of each other, and none of them is applied unseen unless its
        name is the standard name itself.
        """
        heard = replace(context, languages=context.languages | self._matcher.languages_of(names))
        alone = [self.map_name(name, heard) for name in names]
        near = replace(heard, regions=heard.regions | self._matcher.regions_of(alone))
        again = [m if m.auto else self.map_name(n, near) for m, n in zip(alone, names, strict=True)]
        mappings = _told_of_each_other(self._signed(names, again, near))
        findings = [finding for m in mappings for finding in _name_findings(m)]
        return SetMapping(
            tuple(mappings), tuple(findings), MATCHER_VERSION, self.edition, self.rules.version
        )

    def _signed(
        self, names: Sequence[RoiName], mappings: Sequence[Mapping], context: Context
    ) -> list[Mapping]:
        """Apply names that differ from certain ones by initials which several of the set bear.

        Initials of one name say that somebody drew it again; of many, that the house signs.
        """
        bare: dict[str, dict[int, Mapping]] = {}
        for at, (name, mapping) in enumerate(zip(names, mappings, strict=True)):
            undecided = not mapping.auto and mapping.status is not Status.RULE
            for root, initials in self._matcher.signed(name.name) if undecided else ():
                found = self.map_name(replace(name, name=root), context)
                if found.auto and found.kind is Kind.ORGAN:
                    bare.setdefault(initials, {}).setdefault(at, found)
        told = list(mappings)
        for initials, known in bare.items():
            if len({mapping.tg263_name for mapping in known.values()}) >= LEAST_SIGNED:
                for at, found in known.items():
                    reason = f"{found.reason}; '{initials}' stands behind {len(known)} of this set"
                    told[at] = replace(
                        mappings[at], tg263_name=found.tg263_name, confidence=SIGNED, auto=True,
                        reason=reason, kind=Kind.ORGAN, status=Status.SUGGESTED, alternatives=(),
                    )  # fmt: skip
        return told

    def by_rule(self, roi: RoiName, context: Context) -> Mapping | None:
        """Return what a rule says of a name, None where none speaks."""
        found = self.rules.find(roi.name, context.centre, context.site)
        if not found:
            return None
        rule, written = found
        where = f"of {rule.centre}" if rule.centre else "of the consortium"
        reason = f"{BY_RULE}{where}: {rule.reason} ({rule.author}, {rule.decided_on})"
        name = None if written == HELPER else written
        status = Status.RULE if name else Status.HELPER
        kind = Kind.HELPER if not name else Kind.TARGET if find_type(name) else Kind.ORGAN
        mapping = Mapping(roi.number, roi.name, name, status, 1.0, True, kind, reason)
        return replace(mapping, guideline=rule.guideline)


def _told_of_each_other(mappings: Sequence[Mapping]) -> list[Mapping]:
    sharing: dict[str, list[int]] = {}
    for at, mapping in enumerate(mappings):
        if mapping.tg263_name and mapping.kind in {Kind.ORGAN, Kind.TARGET}:
            sharing.setdefault(mapping.tg263_name.lower(), []).append(at)
    told = list(mappings)
    for places in sharing.values():
        if len(places) > 1:
            exact = [at for at in places if mappings[at].status is Status.EXACT]
            for at in places:
                near = islice((p for p in places if p != at), MOST_NAMED)
                others = [mappings[place].number for place in near]
                told[at] = _told(mappings[at], others, len(places) - 1, exact == [at])
    return told


def _told(mapping: Mapping, others: Sequence[int], count: int, keeps: bool) -> Mapping:
    """Say which regions share a name; only the one that is named so itself keeps it unseen."""
    reason = f"{mapping.reason}; {count} more of this set would get the same name"
    return replace(
        mapping, auto=mapping.auto and keeps, reason=reason, shares_name_with=tuple(others)
    )


def _name_findings(mapping: Mapping) -> list[NameFinding]:
    name, found = mapping.tg263_name, []
    if name and len(name) > LONGEST_NAME:
        text = f"'{name}' has {len(name)} characters; the standard allows {LONGEST_NAME}"
        found.append(NameFinding("NAME-LONG", mapping.number, text))
    if mapping.shares_name_with:
        others = ", ".join(f"ROI {number}" for number in mapping.shares_name_with)
        text = f"would be named {name}, as would {others}; none was overwritten"
        found.append(NameFinding("NAME-SHARED", mapping.number, text))
    return found

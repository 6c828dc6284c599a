"""Structure names: from what a hospital writes to AAPM TG-263."""

from harmonizer.domain.nomenclature.course import Mapper, NameFinding, SetMapping
from harmonizer.domain.nomenclature.matcher import AUTO_BAR, MATCHER_VERSION, Matcher
from harmonizer.domain.nomenclature.model import (
    Alternative,
    Context,
    Kind,
    Mapping,
    Nomenclature,
    RoiName,
    Status,
    Structure,
    Word,
)
from harmonizer.domain.nomenclature.rules import (
    HELPER,
    NO_RULES,
    Conflict,
    Rule,
    RuleSet,
    conflicts,
)
from harmonizer.domain.nomenclature.structure_set import map_structure_set
from harmonizer.domain.nomenclature.targets import Target, parse_target

__all__ = [
    "AUTO_BAR",
    "HELPER",
    "MATCHER_VERSION",
    "NO_RULES",
    "Alternative",
    "Conflict",
    "Context",
    "Kind",
    "Mapper",
    "Mapping",
    "Matcher",
    "NameFinding",
    "Nomenclature",
    "RoiName",
    "Rule",
    "RuleSet",
    "SetMapping",
    "Status",
    "Structure",
    "Target",
    "Word",
    "conflicts",
    "map_structure_set",
    "parse_target",
]

"""Structure names: from what a hospital writes to AAPM TG-263."""

from typing import TYPE_CHECKING, Any

from harmonizer.domain.nomenclature.answers import AUTO_BAR
from harmonizer.domain.nomenclature.conceptmap import concept_maps
from harmonizer.domain.nomenclature.course import Mapper, NameFinding, SetMapping
from harmonizer.domain.nomenclature.matcher import MATCHER_VERSION, Matcher
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
from harmonizer.domain.nomenclature.releases import (
    Change,
    Decision,
    Disagreement,
    NameUse,
    Release,
    ReleaseState,
    disagreements,
    obstacles,
    preview,
)
from harmonizer.domain.nomenclature.remapping import KeptName, Renaming, renamings
from harmonizer.domain.nomenclature.rules import (
    HELPER,
    NO_RULES,
    Conflict,
    Rule,
    RuleSet,
    conflicts,
    contradictions,
)
from harmonizer.domain.nomenclature.targets import Target, parse_target
from harmonizer.domain.nomenclature.worklist import Compliance, OpenName, compliance, open_names

if TYPE_CHECKING:
    from harmonizer.domain.nomenclature.structure_set import map_structure_set

__all__ = [
    "AUTO_BAR",
    "HELPER",
    "MATCHER_VERSION",
    "NO_RULES",
    "Alternative",
    "Change",
    "Compliance",
    "Conflict",
    "Context",
    "Decision",
    "Disagreement",
    "KeptName",
    "Kind",
    "Mapper",
    "Mapping",
    "Matcher",
    "NameFinding",
    "NameUse",
    "Nomenclature",
    "OpenName",
    "Release",
    "ReleaseState",
    "Renaming",
    "RoiName",
    "Rule",
    "RuleSet",
    "SetMapping",
    "Status",
    "Structure",
    "Target",
    "Word",
    "compliance",
    "concept_maps",
    "conflicts",
    "contradictions",
    "disagreements",
    "map_structure_set",
    "obstacles",
    "open_names",
    "parse_target",
    "preview",
    "renamings",
]


def __getattr__(name: str) -> Any:
    """Load what reads contours, and numpy with it, when it is first asked for: names need none."""
    if name == "map_structure_set":
        from harmonizer.domain.nomenclature.structure_set import map_structure_set

        return map_structure_set
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Structure names: from what a hospital writes to AAPM TG-263."""

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
from harmonizer.domain.nomenclature.targets import Target, parse_target

__all__ = [
    "AUTO_BAR",
    "MATCHER_VERSION",
    "Alternative",
    "Context",
    "Kind",
    "Mapping",
    "Matcher",
    "Nomenclature",
    "RoiName",
    "Status",
    "Structure",
    "Target",
    "Word",
    "parse_target",
]

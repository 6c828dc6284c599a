"""Treated site and side: what the clinical record says, else what the names tell."""

from collections.abc import Collection
from typing import Final

SIGNS: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    # site: (one of these is enough, else two of these)
    "prostate": (frozenset({"Prostate"}), frozenset({"PenileBulb", "SeminalVes"})),
    "breast": (frozenset(), frozenset({"Breast_L", "Breast_R", "Heart", "A_LAD"})),
    "head-neck": (
        frozenset({"Parotid_L", "Parotid_R"}),
        frozenset({"Larynx", "Brainstem", "Bone_Mandible"}),
    ),
    "lung": (frozenset(), frozenset({"Lungs", "Lung_L", "Lung_R", "Esophagus", "SpinalCord"})),
}
"""In this order: a breast course has lungs as well."""

TWO: Final = 2


def guess_site(names: Collection[str]) -> str | None:
    """Guess the treated site from TG-263 names; None rather than a poor guess."""
    known = set(names)
    if not known & {"Breast_L", "Breast_R"}:
        candidates = {site: signs for site, signs in SIGNS.items() if site != "breast"}
    else:
        candidates = dict(SIGNS)
    for site, (enough, signs) in candidates.items():
        if known & enough or len(known & signs) >= TWO:
            return site
    return None


def site_of_course(recorded: str | None, names: Collection[str]) -> str | None:
    """Return the recorded site, or what the names tell."""
    return recorded if recorded and recorded != "other" else guess_site(names)

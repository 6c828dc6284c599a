"""In what an instance differs from the one that came before under the same UID.

Only what the gateway remembers of the earlier one can be compared: its bytes are replaced.
"""

from dataclasses import fields

from gateway.domain.courses.facts import Facts
from gateway.domain.courses.instance import Instance

_WORDS = {
    "acquired_on": "acquisition date",
    "afterloader": "afterloader",
    "alternatives": "alternative plans",
    "approval": "approval status",
    "beams": "beams",
    "body_high_mm": "body contour",
    "body_low_mm": "body contour",
    "by_hand": "treatment without an afterloader",
    "contour_z_mm": "planes of the contours",
    "drawn_on": "structure set date",
    "fraction": "fraction number",
    "group": "fraction group",
    "groups": "fractions and dose per fraction",
    "high_mm": "dose grid",
    "intent": "plan intent",
    "kind": "dose type",
    "label": "label",
    "low_mm": "dose grid",
    "name": "name",
    "orientation": "image orientation",
    "planned_on": "plan date",
    "position_mm": "image position",
    "predecessors": "earlier plans",
    "prescriptions_gy": "prescribed dose",
    "priors": "plans of an earlier treatment",
    "quality_control": "phantom mark",
    "rois": "structures",
    "scaling": "dose scaling",
    "setups": "patient setup",
    "sources": "sources",
    "structure_sets": "structure set that it was made on",
    "treated_on": "treatment date",
    "units": "dose units",
    "verifies": "plans that it verifies",
}
"""Of each fact, what a physicist calls it; one without a word here is told by its own name."""


def differing(
    before: Instance, after: Instance, before_bytes: int, after_bytes: int
) -> tuple[str, ...]:
    """Name what differs, in order. Never empty: so it is told from what is in no conflict."""
    found = _facts(before.facts, after.facts)
    if before.references != after.references:
        found.add("referenced objects")
    if before.frame_uids != after.frame_uids:
        found.add("frame of reference")
    if before.modality != after.modality:
        found.add("modality")
    if before_bytes != after_bytes:
        found.add(f"size ({before_bytes} and now {after_bytes} bytes)")
    return tuple(sorted(found)) or ("nothing that the gateway remembers of the earlier one",)


def _facts(before: Facts, after: Facts) -> set[str]:
    if type(before) is not type(after) or before is None or after is None:
        return set() if before == after else {"kind of object"}
    names = (field.name for field in fields(before))
    changed = (name for name in names if getattr(before, name) != getattr(after, name))
    return {_WORDS.get(name, name.replace("_", " ")) for name in changed}

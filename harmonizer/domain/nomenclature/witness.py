"""Geometry as a second witness of a name: side, volume, and place among siblings.

A contour cannot prove a name, but it can contradict one. A contradiction lowers the confidence,
keeps the name from being applied unseen, and is reported. Where a name does not say its side, the
contour chooses which of the two is offered first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import copysign, isnan, nan
from statistics import median
from typing import Protocol

from harmonizer.domain.dose.structures import Roi
from harmonizer.domain.nomenclature.answers import AUTO_BAR
from harmonizer.domain.nomenclature.course import NameFinding, SetMapping
from harmonizer.domain.nomenclature.model import Alternative, Kind, Status, Structure
from harmonizer.domain.nomenclature.model import Mapping as NameMapping
from harmonizer.domain.nomenclature.places import Place, place_of

MIDLINE = frozenset(
    {"SpinalCord", "SpinalCanal", "Brain", "Brainstem", "OpticChiasm", "Pituitary", "Larynx"}
    | {"Trachea", "Bone_Mandible", "Prostate", "Bladder", "Rectum", "PenileBulb", "Sacrum"}
    | {"Uterus", "Canal_Anal", "Musc_Constrict", "Cavity_Oral"}
)
"""Structures whose centre lies near the patient's middle."""
BODIES = frozenset({"Body", "External", "Skin"})
SIDE_NEAR_THE_MIDDLE = ("A_Coronary", "V_Brachioceph", "LN_Brachioceph", "VocalCord", "Arytenoid")
HEART = "Heart"
"""A heart's chambers are called left and right, and lie on top of each other."""
LEAST_OFFSET_MM = 6.0
LEAST_SHIFT_MM = 10.0
CLEARLY_MM = 25.0
"""So far from the middle a structure without a side is one of a pair, not both."""
DOUBTED = 0.5
MIRRORED = 3
"""From so many contradicted sides without a confirmed one on, the set itself may be mirrored."""
VOLUME_SLACK = 1.1
SIDES = {"_L": 1.0, "_R": -1.0}
SIDE_WORDS = {1.0: "left", -1.0: "right"}

X, Y, Z = "x", "y", "z"
RELATIONS: tuple[tuple[str, str, float, str, str], ...] = (
    ("Lung_L", X, 1, "Heart", "to the left of"),
    ("Lung_R", X, -1, "Heart", "to the right of"),
    ("Spleen", X, 1, "Liver", "to the left of"),
    ("Stomach", X, 1, "Liver", "to the left of"),
    ("Heart", Z, 1, "Bladder", "above"),
    ("Bladder", Z, 1, "Prostate", "above"),
    ("Prostate", Z, 1, "PenileBulb", "above"),
    ("SeminalVes", Z, 1, "PenileBulb", "above"),
    ("Heart", Z, 1, "Kidneys", "above"),
    ("Lungs", Z, 1, "Bladder", "above"),
    ("Trachea", Z, 1, "Heart", "above"),
    ("Brain", Z, 1, "SpinalCord", "above"),
    ("Brain", Z, 1, "Bone_Mandible", "above"),
    ("Cavity_Oral", Z, 1, "Larynx", "above"),
    ("OpticChiasm", Z, 1, "Larynx", "above"),
    ("Rectum", Y, 1, "Bladder", "behind"),
    ("Rectum", Y, 1, "Prostate", "behind"),
    ("SpinalCord", Y, 1, "Heart", "behind"),
    ("SpinalCord", Y, 1, "Trachea", "behind"),
    ("SpinalCord", Y, 1, "Bone_Mandible", "behind"),
    ("Brainstem", Y, 1, "OpticChiasm", "behind"),
    ("Brainstem", Y, 1, "Eye_L", "behind"),
    ("Brainstem", Y, 1, "Eye_R", "behind"),
)
"""(structure, axis, direction, other, words): what holds for the centres of all people."""


class VolumeLimits(Protocol):
    """Volumes in cm3 that a whole structure can have."""

    @property
    def low_cm3(self) -> float: ...
    @property
    def high_cm3(self) -> float: ...


@dataclass(frozen=True)
class Heard:
    """A structure set's names together with where their regions lie."""

    mappings: tuple[NameMapping, ...]
    places: Mapping[int, Place]
    structures: Mapping[int, Structure]
    middle: float


def confirm(
    result: SetMapping,
    rois: Sequence[Roi],
    structure_of: Callable[[str], Structure | None],
    volumes: Mapping[str, VolumeLimits],
) -> SetMapping:
    """Return the mapping as the contours leave it, with what they contradict as findings."""
    places = _places(result.mappings, rois)
    outlines = {roi.number for roi in rois if roi.interpreted_type == "EXTERNAL"}
    heard = _heard(result.mappings, places, outlines, structure_of)
    sided = tuple(_sided(mapping, heard, structure_of) for mapping in result.mappings)
    if sided != result.mappings:
        heard = _heard(sided, places, outlines, structure_of)
    findings = [*_sides(heard), *_volumes(heard, volumes), *_relations(heard)]
    against: dict[int, list[str]] = {}
    for finding in findings:
        against.setdefault(finding.number, []).append(finding.text)
    mappings = tuple(_doubted(m, against.get(m.number, [])) for m in heard.mappings)
    return replace(result, mappings=mappings, findings=(*result.findings, *findings))


def _places(mappings: Sequence[NameMapping], rois: Sequence[Roi]) -> dict[int, Place]:
    """Return where organs and outlines of the body lie."""
    named = {m.number for m in mappings if m.tg263_name and m.kind is Kind.ORGAN}
    return {
        roi.number: place
        for roi in rois
        if (roi.number in named or roi.interpreted_type == "EXTERNAL") and (place := place_of(roi))
    }


def _heard(
    mappings: Sequence[NameMapping],
    places: Mapping[int, Place],
    outlines: set[int],
    structure_of: Callable[[str], Structure | None],
) -> Heard:
    structures = {
        mapping.number: structure
        for mapping in mappings
        if mapping.number in places and (structure := structure_of(mapping.tg263_name or ""))
    }
    bodies = outlines | {number for number, s in structures.items() if s.name in BODIES}
    middle = _middle(mappings, places, structures, bodies)
    return Heard(tuple(mappings), places, structures, middle)


def _middle(
    mappings: Sequence[NameMapping],
    places: Mapping[int, Place],
    structures: Mapping[int, Structure],
    bodies: set[int],
) -> float:
    """Return the x of the patient's middle: of midline structures, else of the body's outline.

    Else it is half way between the sides of a pair; nan if there is nothing to tell it by.
    """
    certain = {m.number for m in mappings if m.auto}
    inner = [
        place.x
        for number, place in places.items()
        if number in certain and number in structures and structures[number].name in MIDLINE
    ]
    if inner:
        return median(inner)
    outlines = [places[number].middle_x for number in bodies if number in places]
    return median(outlines or _between_pairs(places, structures) or [nan])


def _between_pairs(places: Mapping[int, Place], structures: Mapping[int, Structure]) -> list[float]:
    """Return the x half way between a left and a right structure; it does not matter which is."""
    at = {structure.name: places[number].x for number, structure in structures.items()}
    pairs = [(s.name, s.twin) for s in structures.values() if _side(s) == SIDES["_L"]]
    return [(at[left] + at[right]) / 2 for left, right in pairs if right in at]


def _side(structure: Structure | None) -> float | None:
    """Return 1 for a left structure, -1 for a right one, None where the side tells nothing."""
    if structure is None or not structure.twin or structure.category == HEART:
        return None
    if structure.name.startswith(SIDE_NEAR_THE_MIDDLE):
        return None
    return SIDES.get(structure.name[-2:])


def _offset(number: int, heard: Heard) -> float | None:
    """Return how far a region lies to the left of the middle, mm; None if that says nothing."""
    place = heard.places.get(number)
    if place is None or isnan(heard.middle) or abs(place.x - heard.middle) < LEAST_OFFSET_MM:
        return None
    return place.x - heard.middle


def _sided(
    mapping: NameMapping, heard: Heard, structure_of: Callable[[str], Structure | None]
) -> NameMapping:
    """Offer the side first that the contour lies on, where the name says none."""
    offset = _offset(mapping.number, heard)
    if mapping.auto or mapping.status is not Status.SUGGESTED or not offset:
        return mapping
    for other in mapping.alternatives:
        if _is_better(heard.structures.get(mapping.number), structure_of(other.tg263_name), offset):
            first = Alternative(mapping.tg263_name or "", mapping.confidence)
            rest = tuple(a for a in mapping.alternatives if a is not other)
            reason = f"{mapping.reason}; it lies on the {SIDE_WORDS[copysign(1.0, offset)]}"
            return replace(
                mapping, tg263_name=other.tg263_name, alternatives=(first, *rest), reason=reason
            )
    return mapping


def _is_better(named: Structure | None, other: Structure | None, offset: float) -> bool:
    """Whether the other is the same structure on the side where the contour lies."""
    side = _side(other)
    if named is None or other is None or side is None or side * offset < 0:
        return False
    is_pair = named.name == other.plural and abs(offset) >= CLEARLY_MM
    return is_pair or named.twin == other.name


def _sides(heard: Heard) -> list[NameFinding]:
    wrong, confirmed = [], 0
    for mapping in heard.mappings:
        side, offset = _side(heard.structures.get(mapping.number)), _offset(mapping.number, heard)
        if not side or not offset:
            continue
        if side * offset > 0:
            confirmed += 1
            continue
        text = (
            f"named {mapping.tg263_name}, lies {abs(offset):.0f} mm"
            f" to the {SIDE_WORDS[-side]} of the middle"
        )
        wrong.append(NameFinding("NAME-SIDE", mapping.number, text))
    if len(wrong) >= MIRRORED and not confirmed:
        text = f"all {len(wrong)} sided structures lie on the other side: the set may be mirrored"
        wrong.append(NameFinding("NAME-ORIENTATION", wrong[0].number, text))
    return wrong


def _volumes(heard: Heard, limits: Mapping[str, VolumeLimits]) -> list[NameFinding]:
    found = []
    for mapping in heard.mappings:
        place, limit = heard.places.get(mapping.number), limits.get(mapping.tg263_name or "")
        if place is None or limit is None or not place.volume_cm3:
            continue
        low, high = limit.low_cm3 / VOLUME_SLACK, limit.high_cm3 * VOLUME_SLACK
        if not low <= place.volume_cm3 <= high:
            text = (
                f"named {mapping.tg263_name}, has {place.volume_cm3:.3g} cm³;"
                f" {limit.low_cm3:g} to {limit.high_cm3:g} cm³ are possible"
            )
            found.append(NameFinding("NAME-VOLUME", mapping.number, text))
    return found


def _relations(heard: Heard) -> list[NameFinding]:
    """Compare the centres of structures; the less certain name of a pair is doubted."""
    by_name: dict[str, NameMapping] = {}
    for mapping in heard.mappings:
        if mapping.number in heard.places and not mapping.shares_name_with:
            by_name.setdefault(mapping.tg263_name or "", mapping)
    found = []
    for name, axis, direction, other, words in RELATIONS:
        one, two = by_name.get(name), by_name.get(other)
        if one is None or two is None:
            continue
        first, second = heard.places[one.number], heard.places[two.number]
        shift = direction * (getattr(first, axis) - getattr(second, axis))
        if shift < -LEAST_SHIFT_MM:
            doubted = one if one.confidence <= two.confidence else two
            text = f"named {name} and {other}, but {name} does not lie {words} {other}"
            found.append(NameFinding("NAME-PLACE", doubted.number, text))
    return found


def _doubted(mapping: NameMapping, against: Sequence[str]) -> NameMapping:
    if not against:
        return mapping
    confidence = round(mapping.confidence * DOUBTED ** len(against), 3)
    reason = "; but ".join((mapping.reason, *against))
    auto = mapping.auto and confidence >= AUTO_BAR
    return replace(mapping, confidence=confidence, auto=auto, reason=reason)

"""Rules about contours."""

from collections import Counter
from typing import Final

import numpy as np

from harmonizer.domain.quality.facts import CourseFacts
from harmonizer.domain.quality.findings import Hits, Rule, Severity
from harmonizer.domain.quality.shapes import (
    axial,
    crossing_contours,
    has_spike,
    heights,
    overlapping_contours,
    spacing_of,
)

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

PARTS_APART: Final = 8.0
"""Plane distances from which on a gap parts a structure that is in several pieces."""


def empty_structures(facts: CourseFacts) -> Hits:
    """A region without contours."""
    for roi in facts.rois:
        if not roi.contours:
            yield facts.label(roi), "has no contours"


def few_points(facts: CourseFacts) -> Hits:
    """Closed contours of one or two points enclose nothing."""
    for roi in facts.rois:
        bad = sum(1 for c in roi.contours if c.is_closed and len(c.points) < 3)
        if bad:
            yield facts.label(roi), f"{bad} closed contours have fewer than three points"


def open_contours(facts: CourseFacts) -> Hits:
    """Open contours beside closed ones, or where a volume is meant."""
    for roi in facts.rois:
        bad = sum(1 for c in roi.contours if c.geometric_type.startswith("OPEN"))
        if bad:
            yield facts.label(roi), f"{bad} contours are open: they enclose no volume"


def crossing(facts: CourseFacts) -> Hits:
    """Contours that cross themselves."""
    for roi in facts.rois:
        bad = crossing_contours(roi)
        if bad:
            yield facts.label(roi), f"{bad} contours cross themselves: part of the area is lost"


def off_slice(facts: CourseFacts) -> Hits:
    """Contour planes that are on no image."""
    places = [i.position[2] for i in facts.planning_images if i.position]
    if len(places) < 2:
        return
    levels = np.unique(np.round(places, 2))
    tolerance = 0.2 * float(np.median(np.diff(levels))) if levels.size > 1 else 0.5
    for roi in facts.rois:
        own = heights(roi)
        if own.size:
            off = np.abs(own[:, None] - levels).min(axis=1)
            bad = int(np.count_nonzero(off > max(tolerance, 0.1)))
            if bad:
                text = f"{bad} of {own.size} contour planes lie on no image"
                yield facts.label(roi), f"{text} (up to {off.max():.1f} mm off)"


def other_image(facts: CourseFacts) -> Hits:
    """A contour lies on the image that it names, or between that and the next."""
    places = {i.sop_instance_uid: i.position[2] for i in facts.images if i.position}
    levels = np.unique(np.round(list(places.values()), 2))
    slack = 0.1 + 0.75 * (float(np.median(np.diff(levels))) if levels.size > 1 else 3.0)
    for roi in facts.rois:
        bad = sum(
            1
            for c in axial(roi.contours)
            if (place := places.get(c.image_uid or "")) is not None
            if abs(float(c.points[0, 2]) - place) > slack
        )
        if bad:
            yield facts.label(roi), f"{bad} contours name an image that lies elsewhere"


def outside_images(facts: CourseFacts) -> Hits:
    """Contours that reach beyond the scanned field."""
    frames = [
        (i.position, i.spacing, i.rows, i.columns)
        for i in facts.planning_images
        if i.position and i.spacing and i.rows and i.columns
        if tuple(np.round(i.orientation, 3)) == (1, 0, 0, 0, 1, 0)
    ]
    if not frames:
        return
    (x, y, _), (down, across), rows, columns = frames[0]
    low = np.array([x - across, y - down])
    high = low + np.array([(columns or 0) + 1, (rows or 0) + 1]) * np.array([across, down])
    for roi in facts.rois:
        bad = sum(
            1
            for c in axial(roi.closed_contours)
            if np.any(c.points[:, :2] < low) or np.any(c.points[:, :2] > high)
        )
        if bad:
            yield facts.label(roi), f"{bad} contours reach beyond the images' field"


def not_flat(facts: CourseFacts) -> Hits:
    """Contours that are not in one plane."""
    for roi in facts.rois:
        closed = roi.closed_contours
        flat = len(axial(closed))
        if flat and flat < len(closed):
            yield facts.label(roi), f"{len(closed) - flat} contours are not in one axial plane"


def duplicates(facts: CourseFacts) -> Hits:
    """The same contour twice (even-odd filling would make a hole of it)."""
    for roi in facts.rois:
        counts = Counter(c.shape_key for c in roi.closed_contours)
        bad = sum(count - 1 for count in counts.values())
        if bad:
            yield facts.label(roi), f"{bad} contours are there twice; each was taken once"


def overlapping(facts: CourseFacts) -> Hits:
    """Contours of one plane that overlap in part (what both enclose counts as outside)."""
    for roi in facts.rois:
        bad = overlapping_contours(roi)
        if bad:
            text = f"{bad} pairs of contours in one plane overlap in part"
            yield facts.label(roi), f"{text}: what both enclose is left out"


def spikes(facts: CourseFacts) -> Hits:
    """A single point far from its contour."""
    for roi in facts.rois:
        bad = sum(1 for contour in roi.closed_contours if has_spike(contour.points))
        if bad:
            yield facts.label(roi), f"{bad} contours have a point far away from the others"


def sparse(facts: CourseFacts) -> Hits:
    """Structures drawn on every second image, or on fewer."""
    places = np.unique([round(i.position[2], 2) for i in facts.planning_images if i.position])
    if places.size < 3:
        return
    step = float(np.median(np.diff(places)))
    for roi in facts.rois:
        if heights(roi).size >= 3 and spacing_of(roi) > 1.8 * step:
            text = f"its planes are {spacing_of(roi):.1f} mm apart on images of {step:.1f} mm"
            yield facts.label(roi), f"{text}: shapes in between are interpolated"


def contour_gap(facts: CourseFacts) -> Hits:
    """Planes missing inside a structure."""
    for roi in facts.rois:
        steps = np.diff(heights(roi))
        if steps.size < 3:
            continue
        usual = spacing_of(roi)
        wide = steps[(steps > 1.5 * usual) & (steps < PARTS_APART * usual)]
        if wide.size and _is_one_piece(roi.name):
            text = f"{wide.size} gaps between planes, up to {wide.max():.1f} mm"
            yield facts.label(roi), f"{text} where planes are {usual:.1f} mm apart"


def number_twice(facts: CourseFacts) -> Hits:
    """Two regions of one ROI Number."""
    counts = Counter(roi.number for roi in facts.rois)
    for number, count in counts.items():
        if count > 1:
            yield f"ROI {number}", f"{count} structures have this number: contours cannot be told"


def _is_one_piece(name: str) -> bool:
    """Whether a structure is expected to be in one piece along the body."""
    parts = ("node", "ln_", "lymph", "marker", "clip", "wire", "border", "scar", "seed", "bowel")
    return not any(part in name.lower() for part in parts)


def one_slice(facts: CourseFacts) -> Hits:
    """A structure on one plane has no known length."""
    for roi in facts.rois:
        if roi.closed_contours and heights(roi).size == 1:
            text = "is drawn on one plane: its volume rests on the slice spacing alone"
            yield facts.label(roi), text


def name_twice(facts: CourseFacts) -> Hits:
    """Two regions of one name."""
    counts = Counter(roi.name.strip().lower() for roi in facts.rois if roi.contours)
    for name, count in counts.items():
        if name and count > 1:
            yield name, f"{count} structures have this name"


def no_name(facts: CourseFacts) -> Hits:
    """A region without a name."""
    for roi in facts.rois:
        if not roi.name.strip():
            yield f"ROI {roi.number}", "the structure has no name"


def same_shape(facts: CourseFacts) -> Hits:
    """Two regions with the very same contours: a copy that was never edited."""
    seen: dict[frozenset[bytes], str] = {}
    for roi in facts.rois:
        key = frozenset(c.shape_key for c in roi.closed_contours)
        if len(key) < 2:
            continue
        if key in seen:
            yield facts.label(roi), f"has the very same contours as {seen[key]}"
        seen[key] = facts.label(roi)


def left_out(facts: CourseFacts) -> Hits:
    """What the reader could not use."""
    chosen = facts.structure_set
    for note in chosen.notes if chosen else ():
        yield "structure set", note


GEOMETRY_RULES = (
    Rule("CONTOUR-NONE", INFO, "structure without contours", empty_structures),
    Rule("CONTOUR-FEW-POINTS", WARNING, "contour of one or two points", few_points),
    Rule("CONTOUR-OPEN", WARNING, "open contour", open_contours),
    Rule("CONTOUR-CROSSING", WARNING, "self-crossing contour", crossing),
    Rule("CONTOUR-OFF-SLICE", WARNING, "contour on no image", off_slice),
    Rule("CONTOUR-OTHER-IMAGE", WARNING, "contour names another image", other_image),
    Rule("CONTOUR-OUTSIDE-IMAGE", WARNING, "contour beyond the images", outside_images),
    Rule("CONTOUR-NOT-FLAT", WARNING, "contour not in one plane", not_flat),
    Rule("CONTOUR-TWICE", WARNING, "contour repeated", duplicates),
    Rule("CONTOUR-OVERLAP", WARNING, "contours overlap in part", overlapping),
    Rule("CONTOUR-SPIKE", WARNING, "point far from its contour", spikes),
    Rule("CONTOUR-SPARSE", INFO, "drawn on every second image or fewer", sparse),
    Rule("CONTOUR-GAP", WARNING, "planes missing in a structure", contour_gap),
    Rule("CONTOUR-ONE-SLICE", INFO, "structure on one plane", one_slice),
    Rule("CONTOUR-UNREADABLE", WARNING, "contours left out in reading", left_out),
    Rule("ROI-NUMBER-TWICE", ERROR, "two structures of one number", number_twice),
    Rule("ROI-NAME-TWICE", WARNING, "two structures of one name", name_twice),
    Rule("ROI-NO-NAME", WARNING, "structure without name", no_name),
    Rule("ROI-SAME-SHAPE", WARNING, "two structures with the same contours", same_shape),
)

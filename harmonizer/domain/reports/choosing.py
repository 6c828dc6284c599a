"""Which images of a course a report shows."""

from collections.abc import Sequence

import numpy as np

from harmonizer.domain.dose.plan import ImageSlice
from harmonizer.domain.dose.structures import Roi
from harmonizer.domain.quality.analysis import Analysis
from harmonizer.domain.reports.slices import frame_of

IMAGES = 4


def chosen_images(analysis: Analysis, count: int = IMAGES) -> list[ImageSlice]:
    """Return the images to draw, from foot to head.

    Through the middle and the quarters of the largest target, and through the highest dose; without
    a target through what has contours. Only images in the structures' frame of reference.
    """
    facts = analysis.facts
    frames = {roi.frame_of_reference_uid for roi in facts.rois if roi.frame_of_reference_uid}
    images = [
        image
        for image in facts.planning_images
        if frame_of(image) is not None
        and (not frames or image.frame_of_reference_uid in frames)
        and image.modality == "CT"
    ]
    if not images:
        return []
    normal = _normal(images[0])
    places = np.array([float(np.dot(image.position or (), normal)) for image in images])
    wanted = _wanted(analysis, normal, count)
    nearest = {int(np.argmin(np.abs(places - place))) for place in wanted}
    return [images[i] for i in sorted(nearest, key=lambda i: places[i])]


def _normal(image: ImageSlice) -> np.ndarray:
    return np.cross(image.orientation[:3], image.orientation[3:])


def _wanted(analysis: Analysis, normal: np.ndarray, count: int) -> list[float]:
    """Return places along the normal, mm."""
    drawn = [s for s in analysis.structures if s.roi.closed_contours]
    targets = [s for s in drawn if s.target] or drawn
    if not targets:
        return []
    largest = max(targets, key=lambda s: s.result.volume_cm3 or 0.0)
    low, high = _reach([largest.roi], normal)
    places = [low + share * (high - low) for share in np.linspace(0, 1, count + 1)[1:-1]]
    dose = analysis.facts.dose
    if dose is not None and dose.grid is not None:
        top = np.unravel_index(int(np.argmax(dose.grid.stored)), dose.grid.stored.shape)
        grid = dose.grid
        point = grid.origin + top[2] * grid.column_spacing * grid.row_direction
        point = point + top[1] * grid.row_spacing * grid.column_direction
        places.append(float((point + grid.offsets[top[0]] * grid.normal) @ normal))
    return places


def _reach(rois: Sequence[Roi], normal: np.ndarray) -> tuple[float, float]:
    """Return where regions begin and end along the normal."""
    along = np.concatenate([c.points @ normal for roi in rois for c in roi.closed_contours])
    return float(along.min()), float(along.max())

"""Contours, regions of interest and structure sets, as DICOM's RT Structure Set gives them.

Pure data in millimetres of the patient coordinate system (PS3.3 C.7.6.2.1.1: x to the patient's
left, y to the back, z to the head).
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

CLOSED: Final = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"})
"""Contour Geometric Types that enclose an area."""


@dataclass(frozen=True, eq=False)
class Contour:
    """One contour: its points in drawing order."""

    points: NDArray[np.float64]  # (n, 3), mm, patient coordinates
    geometric_type: str = "CLOSED_PLANAR"
    image_uid: str | None = None

    @property
    def is_closed(self) -> bool:
        """Whether the contour encloses an area by its type; it may still have too few points."""
        return self.geometric_type in CLOSED

    @property
    def shape_key(self) -> bytes:
        """What contours through the same points share, wherever they begin and whichever way."""
        kept = np.round(self.points, 3) + 0.0  # no negative zero
        return kept[np.lexsort(kept.T)].tobytes()


@dataclass(frozen=True, eq=False)
class Roi:
    """One region of interest.

    `slice_spacing_mm` is what the whole structure set says about the distance of its planes; it
    is needed only where a structure has a single plane.
    """

    number: int
    name: str
    contours: tuple[Contour, ...] = ()
    interpreted_type: str | None = None
    frame_of_reference_uid: str | None = None
    slice_spacing_mm: float | None = None

    @property
    def closed_contours(self) -> tuple[Contour, ...]:
        """Contours that can enclose a volume: closed by type, three points or more."""
        return tuple(c for c in self.contours if c.is_closed and len(c.points) >= 3)


@dataclass(frozen=True, eq=False)
class StructureSet:
    """A structure set: its regions and what it says it was drawn on."""

    rois: tuple[Roi, ...]
    sop_instance_uid: str = ""
    image_uids: tuple[str, ...] = ()
    label: str = ""
    approval_status: str | None = None
    notes: tuple[str, ...] = field(default=())
    date: str = ""  # Structure Set Date, YYYYMMDD

    def roi(self, number: int) -> Roi:
        """Return the region with ROI Number `number`.

        Raises
        ------
        KeyError
            If the structure set has no such region.
        """
        for roi in self.rois:
            if roi.number == number:
                return roi
        raise KeyError(number)

"""Two delineations of one structure: squares and circles whose measures are known."""

import numpy as np
import pytest

from harmonizer.domain.dose import Contour, Roi
from harmonizer.domain.dose.comparison import compare_rois
from harmonizer.errors import DataError

PLANES = 3.0 * np.arange(10)


def square(low: float, high: float, planes: np.ndarray = PLANES, **changes: str) -> Roi:
    """Return a box: low..high mm in x and y, `planes` 3 mm apart."""
    corners = np.array([[low, low], [high, low], [high, high], [low, high]])
    contours = [Contour(np.column_stack([corners, np.full(4, z)])) for z in planes]
    return Roi(1, "box", tuple(contours), slice_spacing_mm=3.0, **changes)  # type: ignore[arg-type]


def circle(radius: float) -> Roi:
    angle = 2 * np.pi * np.arange(720) / 720
    ring = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    contours = [Contour(np.column_stack([ring, np.full(720, z)])) for z in PLANES]
    return Roi(2, "circle", tuple(contours), slice_spacing_mm=3.0)


def test_a_structure_is_like_itself() -> None:
    found = compare_rois(square(0, 40), square(0, 40))
    assert found.dice == pytest.approx(1.0)
    assert found.surface_dice == 1.0
    assert found.hausdorff_95_mm == pytest.approx(0.0, abs=1e-3)
    assert found.added_path_length_mm == 0.0
    assert found.volume_reference_cm3 == pytest.approx(40 * 40 * 30 / 1000, rel=1e-3)


def test_a_shift_by_half_the_edge() -> None:
    """Squares of 40 mm shifted 20 mm along both axes: they share a quarter, Dice is 1/4."""
    found = compare_rois(square(0, 40), square(20, 60))
    assert found.dice == pytest.approx(0.25, abs=0.002)
    assert found.overlap_cm3 == pytest.approx(20 * 20 * 30 / 1000, rel=0.01)


def test_circles_ten_millimetres_apart_everywhere() -> None:
    """Radius 30 and 40: every distance is 10 mm, Dice is 2 x 900 / (900 + 1600)."""
    found = compare_rois(circle(30), circle(40), tolerance_mm=1.0)
    assert found.mean_surface_distance_mm == pytest.approx(10.0, abs=0.01)
    assert found.hausdorff_95_mm == pytest.approx(10.0, abs=0.01)
    assert found.nearest_mm == pytest.approx(10.0, abs=0.01)
    assert found.dice == pytest.approx(1800 / 2500, abs=0.002)
    assert found.surface_dice == 0.0
    assert found.added_path_length_mm == pytest.approx(10 * 2 * np.pi * 30, rel=0.001)
    assert compare_rois(circle(30), circle(40), tolerance_mm=11.0).surface_dice == 1.0


def test_planes_that_the_other_does_not_have_count_as_added() -> None:
    """5 of 10 planes are missing: half of 10 x 160 mm has to be drawn, Dice is 2 x 5 / 15."""
    found = compare_rois(square(0, 40), square(0, 40, PLANES[:5]))
    assert found.added_path_length_mm == pytest.approx(800.0)
    assert found.dice == pytest.approx(2 * 5 / 15, abs=1e-3)


def test_structures_apart_have_a_distance_and_no_overlap() -> None:
    """Corner to corner: 10 mm along x and y each."""
    found = compare_rois(square(0, 40), square(50, 70))
    assert found.dice == 0.0
    assert found.nearest_mm == pytest.approx(np.hypot(10, 10), abs=0.01)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        compare_rois(square(0, 40), Roi(3, "nothing"))
    assert caught.value.code == "COMPARE-EMPTY"
    with pytest.raises(DataError) as caught:
        compare_rois(
            square(0, 40, frame_of_reference_uid="1"), square(0, 40, frame_of_reference_uid="2")
        )
    assert caught.value.code == "COMPARE-FRAMES"

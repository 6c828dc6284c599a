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


def test_every_second_plane_is_the_same_volume_with_half_of_the_outline() -> None:
    """Of 10 planes 5 are drawn, 6 mm apart: each stands for 6 mm, the first from -3 to 3 mm."""
    sparse = square(0, 40, PLANES[::2])
    found = compare_rois(square(0, 40), sparse)
    assert found.volume_other_cm3 == pytest.approx(48.0, rel=1e-3)
    assert found.overlap_cm3 == pytest.approx(1.6 * (27 + 1.5), rel=1e-3)  # -1.5 to 27 of -3 to 27
    assert found.added_path_length_mm == pytest.approx(5 * 160)
    assert found.mean_surface_distance_mm == pytest.approx(5 * 3 / 15)  # 5 of 15 planes, 3 mm off


def test_planes_of_another_image_are_refused() -> None:
    """Half a spacing beside each other: a Dice of their planes would say nothing."""
    with pytest.raises(DataError) as caught:
        compare_rois(square(0, 40), square(0, 40, PLANES + 1.5))
    assert caught.value.code == "COMPARE-PLANES"
    above = compare_rois(square(0, 40), square(0, 40, PLANES + 40.5))
    assert (above.dice, above.nearest_mm) == (0.0, pytest.approx(13.5))


def test_the_other_way_round_only_the_added_path_differs() -> None:
    one, two = circle(30), square(-28, 36, PLANES[2:])
    there, back = compare_rois(one, two), compare_rois(two, one)
    assert there.dice == pytest.approx(back.dice)
    assert there.hausdorff_95_mm == back.hausdorff_95_mm
    assert there.mean_surface_distance_mm == pytest.approx(back.mean_surface_distance_mm)
    assert there.added_path_length_mm != back.added_path_length_mm


def test_a_shifted_ellipsoid_after_its_area() -> None:
    """Shifted 5 mm along x, the distance is 5 |n_x|: 5 x 2 pi 25 40 / 12,486 mm2 on average.

    The denominator is the area by Thomsen's formula. Programs that count voxels of 0.5 mm find 12 %
    less here; contours leave out the caps, which makes 5 % more.
    """
    found = compare_rois(ellipsoid(0.0), ellipsoid(5.0))
    assert found.mean_surface_distance_mm == pytest.approx(10_000 * np.pi / 12_486, rel=0.06)
    assert found.dice == pytest.approx(0.8753, abs=0.001)  # of masks, by an independent program


def ellipsoid(x: float) -> Roi:
    angle = 2 * np.pi * np.arange(180) / 180
    contours = []
    for z in np.arange(-39.0, 40.0):
        share = np.sqrt(1 - (z / 40) ** 2)
        ring = [x + 30 * share * np.cos(angle), 25 * share * np.sin(angle), np.full(180, z)]
        contours.append(Contour(np.stack(ring, axis=1)))
    return Roi(1, "ellipsoid", tuple(contours), slice_spacing_mm=1.0)


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

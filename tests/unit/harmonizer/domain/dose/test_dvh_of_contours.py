"""Holes, keyholes, gaps, single planes, other directions, and what gets no number."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonizer.domain.dose import Contour, DoseGrid, Roi, Status, compute_dvh, without_dose

FLAT = 2.0


def grid(shape: tuple[int, int, int] = (30, 40, 40), spacing: float = 2.0) -> DoseGrid:
    """Return an axial grid centred on the origin: dose = 2 Gy + 0.01 Gy per mm of z."""
    frames, rows, columns = shape
    origin = -spacing * (np.array([columns, rows, frames]) - 1) / 2
    z = origin[2] + spacing * np.arange(frames)
    stored = np.round((FLAT + 0.01 * z) * 1e6).astype(np.uint32)
    block = np.broadcast_to(stored[:, None, None], shape)
    axes = np.eye(3)
    offsets = spacing * np.arange(frames, dtype=float)
    return DoseGrid(block, 1e-6, origin, axes[0], axes[1], spacing, spacing, offsets)


def square(half: float, z: float, x: float = 0.0, y: float = 0.0) -> Contour:
    corners = [(-half, -half), (half, -half), (half, half), (-half, half)]
    return Contour(np.array([(x + a, y + b, z) for a, b in corners]))


def stack(half: float, heights: list[float], **place: float) -> tuple[Contour, ...]:
    return tuple(square(half, z, **place) for z in heights)


EVERY_3 = [-6.0, -3.0, 0.0, 3.0, 6.0]


def test_a_box_has_the_volume_of_its_planes_times_their_distance() -> None:
    result = compute_dvh(Roi(1, "box", stack(10, EVERY_3)), grid())
    assert result.status is Status.OK
    assert result.volume_cm3 == pytest.approx(20 * 20 * 15 / 1000, rel=1e-4)
    assert result.mean_gy == pytest.approx(FLAT, abs=1e-4)
    assert result.minimum_gy == pytest.approx(FLAT - 0.075, abs=2e-3)
    assert result.maximum_gy == pytest.approx(FLAT + 0.075, abs=2e-3)


def test_an_inner_contour_is_a_hole() -> None:
    rings = stack(10, EVERY_3) + stack(4, EVERY_3)
    result = compute_dvh(Roi(1, "ring", rings), grid())
    assert result.volume_cm3 == pytest.approx((400 - 64) * 15 / 1000, rel=1e-3)


def test_a_keyhole_is_the_same_hole() -> None:
    outer = [(-10, -10), (10, -10), (10, 10), (-10, 10), (-10, -10)]
    inner = [(-4, -4), (-4, 4), (4, 4), (4, -4), (-4, -4)]
    contours = tuple(
        Contour(np.array([(x, y, z) for x, y in outer + inner], dtype=float)) for z in EVERY_3
    )
    result = compute_dvh(Roi(1, "keyhole", contours), grid())
    assert result.volume_cm3 == pytest.approx((400 - 64) * 15 / 1000, rel=1e-3)


def test_two_contours_on_a_plane_add_up() -> None:
    both = stack(5, EVERY_3, x=-15.0) + stack(5, EVERY_3, x=15.0)
    result = compute_dvh(Roi(1, "pair", both), grid())
    assert result.volume_cm3 == pytest.approx(2 * 100 * 15 / 1000, rel=1e-3)


def test_a_repeated_contour_is_not_a_hole() -> None:
    result = compute_dvh(Roi(1, "twice", (*stack(10, EVERY_3), square(10, 0.0))), grid())
    assert result.volume_cm3 == pytest.approx(6.0, rel=1e-4)
    assert "repeated" in result.notes[0]


def test_one_missing_plane_is_filled_and_said() -> None:
    result = compute_dvh(Roi(1, "gap", stack(10, [-6.0, -3.0, 3.0, 6.0])), grid())
    assert result.volume_cm3 == pytest.approx(6.0, rel=1e-3)
    assert "1 missing planes filled" in result.notes[0]


def test_a_wide_gap_parts_the_structure() -> None:
    heights = [-20.0, -17.0, -14.0, 14.0, 17.0, 20.0]
    result = compute_dvh(Roi(1, "parts", stack(10, heights)), grid())
    assert result.volume_cm3 == pytest.approx(2 * 400 * 9 / 1000, rel=1e-3)
    assert "2 parts" in result.notes[0]


def test_a_single_plane_is_as_thick_as_the_set_says() -> None:
    result = compute_dvh(Roi(1, "one", (square(10, 0.0),), slice_spacing_mm=3.0), grid())
    assert result.volume_cm3 == pytest.approx(1.2, rel=1e-3)


def test_a_structure_smaller_than_a_voxel_has_its_volume_and_dose() -> None:
    result = compute_dvh(Roi(1, "dot", stack(0.4, [0.0, 1.0, 2.0])), grid())
    assert result.volume_cm3 == pytest.approx(0.64 * 3 / 1000, rel=1e-2)
    assert result.mean_gy == pytest.approx(FLAT + 0.01, abs=1e-4)


def test_partly_outside_the_grid_gives_a_volume_and_no_dose() -> None:
    heights = [15.0 + 3 * i for i in range(8)]  # the grid ends at z = 30
    result = compute_dvh(Roi(1, "cut", stack(10, heights)), grid())
    assert result.status is Status.PARTLY_OUTSIDE
    assert result.volume_cm3 == pytest.approx(400 * 24 / 1000, rel=1e-3)
    assert result.outside_cm3 == pytest.approx(400 * 7.5 / 1000, rel=0.02)
    assert result.mean_gy is None
    assert result.dvh is None
    assert "lie outside the dose grid: dose values not computed" in result.notes[-1]


def test_wholly_outside_gives_no_dose() -> None:
    result = compute_dvh(Roi(1, "away", stack(10, [100.0, 103.0, 106.0])), grid())
    assert result.status is Status.OUTSIDE
    assert result.mean_gy is None


def test_other_frames_of_reference_are_not_compared() -> None:
    roi = Roi(1, "box", stack(10, EVERY_3), None, "1.2.3")
    result = compute_dvh(roi, replace(grid(), frame_of_reference_uid="1.2.4"))
    assert result.status is Status.OTHER_FRAME
    assert result.mean_gy is None
    assert result.volume_cm3 == pytest.approx(6.0, rel=1e-3)


def test_what_has_no_volume_says_so() -> None:
    two_points = Contour(np.array([[0.0, 0, 0], [1, 0, 0]]))
    line = Contour(np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]]))
    assert compute_dvh(Roi(1, "none"), grid()).status is Status.NO_CONTOURS
    assert compute_dvh(Roi(1, "two", (two_points,)), grid()).status is Status.NO_VOLUME
    assert compute_dvh(Roi(1, "line", (line,)), grid()).status is Status.NO_VOLUME


def test_a_point_has_a_dose_and_no_volume() -> None:
    point = Contour(np.array([[0.0, 0.0, 5.0]]), "POINT")
    result = compute_dvh(Roi(1, "iso", (point,)), grid())
    assert result.status is Status.POINT
    assert result.mean_gy == pytest.approx(FLAT + 0.05, abs=1e-5)


def test_without_dose_still_has_a_volume() -> None:
    result = without_dose(Roi(1, "box", stack(10, EVERY_3)), Status.BAD_DOSE, "relative units")
    assert result.volume_cm3 == pytest.approx(6.0, rel=1e-3)
    assert result.notes[-1] == "relative units"


POSITIONS = {
    "HFS": ((1, 0, 0), (0, 1, 0)),
    "HFP": ((-1, 0, 0), (0, -1, 0)),
    "FFS": ((-1, 0, 0), (0, 1, 0)),
    "FFP": ((1, 0, 0), (0, -1, 0)),
    "HFDL": ((0, -1, 0), (1, 0, 0)),
    "HFDR": ((0, 1, 0), (-1, 0, 0)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
    "oblique": ((0.8, 0.6, 0), (-0.48, 0.64, 0.6)),
}


@pytest.mark.parametrize("name", POSITIONS)
def test_the_grid_may_lie_any_way(name: str) -> None:
    """Dose 2 Gy + 0.01 x + 0.02 y + 0.03 z, sampled on a turned grid; contours stay axial."""
    row, column = (np.array(v, dtype=float) for v in POSITIONS[name])
    normal = np.cross(row, column)
    count, step = 40, 2.0
    index = (np.arange(count) - (count - 1) / 2) * step
    k, j, i = np.meshgrid(index, index, index, indexing="ij")
    places = i[..., None] * row + j[..., None] * column + k[..., None] * normal
    dose = FLAT + places @ np.array([0.01, 0.02, 0.03])
    stored = np.round(dose * 1e6).astype(np.uint32)
    origin = index[0] * (row + column + normal)
    turned = DoseGrid(stored, 1e-6, origin, row, column, step, step, index - index[0])
    result = compute_dvh(Roi(1, "box", stack(8, EVERY_3, x=5.0, y=-4.0)), turned)
    assert result.volume_cm3 == pytest.approx(256 * 15 / 1000, rel=2e-3)
    assert result.mean_gy == pytest.approx(FLAT + 0.05 - 0.08, abs=2e-3)


def test_contours_may_be_sagittal() -> None:
    planes = []
    for x in EVERY_3:
        corners = [(-10, -10), (10, -10), (10, 10), (-10, 10)]
        planes.append(Contour(np.array([(x, a, b) for a, b in corners], dtype=float)))
    result = compute_dvh(Roi(1, "sagittal", tuple(planes)), grid())
    assert result.volume_cm3 == pytest.approx(6.0, rel=2e-3)
    assert result.maximum_gy == pytest.approx(FLAT + 0.1, abs=2e-3)


def test_frames_may_fall_and_be_uneven() -> None:
    plain = grid()
    falling = replace(plain, stored=plain.stored[::-1], offsets=plain.offsets[::-1])
    keep = np.r_[0:10, 11:30]
    uneven = replace(plain, stored=plain.stored[keep], offsets=plain.offsets[keep])
    roi = Roi(1, "box", stack(10, EVERY_3))
    for other in (falling, uneven):
        assert compute_dvh(roi, other).mean_gy == pytest.approx(FLAT, abs=1e-4)


def test_two_frames_at_one_place_are_refused() -> None:
    with pytest.raises(ValueError, match="rising"):
        replace(grid(), offsets=np.zeros(30))


@settings(max_examples=25)
@given(st.floats(2, 20), st.floats(-10, 10), st.floats(-10, 10), st.integers(2, 7), st.floats(0, 1))
def test_volume_and_mean_do_not_depend_on_where_the_box_lies(
    half: float, x: float, y: float, count: int, offset: float
) -> None:
    heights = [offset + 3.0 * i - 8.0 for i in range(count)]
    result = compute_dvh(Roi(1, "box", stack(half, heights, x=x, y=y)), grid())
    assert result.volume_cm3 == pytest.approx(4 * half * half * 3 * count / 1000, rel=5e-3)
    middle = sum(heights) / count
    assert result.mean_gy == pytest.approx(FLAT + 0.01 * middle, abs=1e-3)
    assert result.dvh is not None
    assert np.all(np.diff(result.dvh.volume_cm3) <= 0)
    assert result.minimum_gy <= result.mean_gy <= result.maximum_gy


def test_dose_is_never_below_zero_beside_a_step() -> None:
    """A small structure across the edge of a field: 0 Gy on one side, 50 Gy on the other."""
    stored = np.zeros((12, 12, 12), np.uint16)
    stored[:, :, 6:] = 50
    axes = np.eye(3)
    places = 3.0 * np.arange(12)
    step = DoseGrid(stored, 1.0, np.zeros(3), axes[0], axes[1], 3.0, 3.0, places)
    corners = np.array([[10.0, 14], [24, 14], [24, 20], [10, 20]])
    contours = tuple(Contour(np.column_stack([corners, np.full(4, z)])) for z in places[3:8])
    found = compute_dvh(Roi(1, "edge", contours, None, None, 3.0), step)
    assert found.minimum_gy == pytest.approx(0.0, abs=1e-9)
    assert found.dvh is not None
    assert found.dvh.dose_gy[0] >= 0


def test_the_work_grows_with_the_structure_not_with_the_grid() -> None:
    """Sixty-four times the grid: the same cells. Eight times the volume: eight times the cells."""

    def cells(half_mm: float, grid_mm: float) -> int:
        places = 2.0 * np.arange(int(2 * grid_mm / 2.0)) - grid_mm
        stored = np.ones((places.size,) * 3, np.uint8)
        axes = np.eye(3)
        origin = np.full(3, -grid_mm)
        grid = DoseGrid(stored, 1.0, origin, axes[0], axes[1], 2.0, 2.0, places + grid_mm)
        h = half_mm
        corners = np.array([[-h, -h], [h, -h], [h, h], [-h, h]])
        levels = np.arange(-h + 1.0, h, 2.0)
        contours = tuple(Contour(np.column_stack([corners, np.full(4, z)])) for z in levels)
        return compute_dvh(Roi(1, "box", contours, None, None, 2.0), grid).cells

    small = cells(40.0, 60.0)
    assert cells(40.0, 240.0) == small
    assert cells(80.0, 120.0) <= 8.5 * small

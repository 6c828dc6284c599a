"""Volume, outlines and inside of a shape come from one formula: they must agree."""

import numpy as np
import pytest

from kasari.phantom.shapes import Ellipsoid, Shape, Shell, Star, Tube, Union, fill

HEART = Ellipsoid((24.0, -46.0, -30.0), (43.0, 38.0, 47.0))
LUNG = Star(Ellipsoid((74.0, 4.0, 10.0), (48.0, 67.0, 108.0)), bites=(HEART,))
GLAND = Ellipsoid((88.0, -110.0, -5.0), (60.0, 40.0, 66.0))
SHAPES = {
    "ellipsoid": GLAND,
    "tube": Tube((3.0, 4.0), (17.0, 12.0), -40.0, 60.0),
    "bitten": LUNG,
    "bulging": Star(Tube((0.0, 0.0), (176.0, 116.0), -150.0, 150.0), bulges=(GLAND,)),
    "two": Union((LUNG, Ellipsoid((-74.0, 4.0, 10.0), (48.0, 67.0, 108.0)))),
    "shell": Shell(GLAND.grown(18.0), GLAND.grown(5.0)),
}


@pytest.fixture(params=SHAPES, ids=str)
def shape(request: pytest.FixtureRequest) -> Shape:
    return SHAPES[request.param]


def area(points: np.ndarray) -> float:
    x, y = points.T
    return float(abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2.0)


def middles(shape: Shape, step: float) -> np.ndarray:
    low, high = shape.box[2]
    return np.arange(low + step / 2.0, high, step)


def test_outlines_stacked_up_have_the_volume(shape: Shape) -> None:
    step = 0.5
    sign = -1.0 if isinstance(shape, Shell) else 1.0  # the second outline of a shell is a hole
    total = 0.0
    for z in middles(shape, step):
        areas = [area(points) for points in shape.outlines(float(z))]
        total += areas[0] + sign * sum(areas[1:]) if areas else 0.0
    assert total * step / 1000.0 == pytest.approx(shape.volume_cm3, rel=2e-3)


def test_the_inside_has_the_volume(shape: Shape) -> None:
    (x0, x1), (y0, y1), (z0, z1) = shape.box
    points = np.random.default_rng(1).random((200_000, 3))
    x, y, z = (low + (high - low) * p for p, (low, high) in zip(points.T, shape.box, strict=True))
    box = (x1 - x0) * (y1 - y0) * (z1 - z0) / 1000.0
    assert shape.contains(x, y, z).mean() * box == pytest.approx(shape.volume_cm3, rel=0.02)


def test_outlines_lie_on_the_surface(shape: Shape) -> None:
    z = float(middles(shape, 10.0)[4])
    for points in shape.outlines(z):
        centre = points.mean(axis=0)
        inwards, outwards = (centre + (points - centre) * factor for factor in (0.97, 1.03))
        heights = np.full(len(points), z)
        within = shape.contains(*inwards.T, heights)
        beyond = shape.contains(*outwards.T, heights)
        hole = isinstance(shape, Shell) and area(points) < 1.01 * area(shape.inner.outlines(z)[0])
        assert within.mean() == (0.0 if hole else pytest.approx(1.0, abs=0.1))
        assert beyond.mean() == (1.0 if hole else pytest.approx(0.0, abs=0.1))


def test_nothing_is_drawn_beyond_the_ends(shape: Shape) -> None:
    low, high = shape.box[2]
    assert shape.outlines(low - 0.1) == []
    assert shape.outlines(high + 0.1) == []


def test_filling_is_even_and_always_the_same() -> None:
    x, y, z = fill(HEART, 20_000)
    assert len(x) == pytest.approx(20_000, rel=0.02)
    assert (x.mean(), y.mean(), z.mean()) == pytest.approx(HEART.centre, abs=0.1)
    assert np.mean(HEART.norm(x, y, z) ** 2) == pytest.approx(0.6, abs=2e-3)
    assert all(np.array_equal(a, b) for a, b in zip((x, y, z), fill(HEART, 20_000), strict=True))


def test_depth_under_the_surface() -> None:
    tube = Star(Tube((0.0, 0.0), (100.0, 50.0), -10.0, 10.0))
    x, y = np.array([0.0, 90.0, 120.0]), np.zeros(3)
    assert tube.depth(x, y, np.zeros(3)) == pytest.approx([100.0, 10.0, -20.0])
    beyond_the_end = tube.depth(x, y, np.full(3, 500.0))
    assert beyond_the_end == pytest.approx([100.0, 10.0, -20.0])

"""Geometry of a course's dose-volume histograms: the template draws it as SVG, without a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from harmonizer.domain.nomenclature import Kind

WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 12, 44
COLOURS: Final = 10
MOST_LINES: Final = 24
STEPS: Final = (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000)


@dataclass(frozen=True)
class Tick:
    at: float  # position in the drawing
    text: str


@dataclass(frozen=True)
class Line:
    """One curve. `style` is its number in the style sheet, 0 to 9."""

    name: str
    detail: str
    points: str
    style: int
    is_target: bool
    is_dashed: bool


@dataclass(frozen=True)
class DvhPlot:
    lines: tuple[Line, ...]
    left_out: int
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def dvh_plot(
    structures: Sequence[Mapping[str, Any]], curves: Mapping[int, Sequence[Sequence[float]]]
) -> DvhPlot | None:
    """Lay out the cumulative DVHs of a course: targets first, then organs, hottest first.

    Returns None without any curve.
    """
    drawn = [row for row in structures if curves.get(row["roi_number"])]
    drawn = [row for row in drawn if row["kind"] in {Kind.TARGET, Kind.ORGAN}]
    if not drawn:
        return None
    drawn.sort(key=lambda row: (row["kind"] != Kind.TARGET, -row["metrics"].get("Mean[Gy]", 0.0)))
    shown = drawn[:MOST_LINES]
    highest = max(curves[row["roi_number"]][-1][0] for row in shown)
    step = step_of(highest, STEPS, 10)
    end = max(step * -(-highest // step), step)
    return DvhPlot(
        tuple(_line(row, curves[row["roi_number"]], n, end) for n, row in enumerate(shown)),
        len(drawn) - len(shown),
        tuple(Tick(_x(dose, end), f"{dose:g}") for dose in _multiples(step, end)),
        tuple(Tick(_y(share), f"{share}") for share in range(0, 101, 20)),
    )


def _line(
    row: Mapping[str, Any], curve: Sequence[Sequence[float]], number: int, end: float
) -> Line:
    begin = [] if curve[0][0] <= 0 else [f"{_x(0, end):.1f},{_y(100):.1f}"]
    points = [f"{_x(dose, end):.1f},{_y(share):.1f}" for dose, share in curve]
    mean = row["metrics"].get("Mean[Gy]")
    detail = "" if mean is None else f"mean {mean:.2f} Gy"
    name = row["standard_name"] or f"{row['suggestion'] or row['local_name']}?"
    return Line(
        name,
        detail,
        " ".join([*begin, *points]),
        number % COLOURS,
        row["kind"] == Kind.TARGET,
        number >= COLOURS,
    )


def _x(dose: float, end: float) -> float:
    return LEFT + dose / end * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share / 100.0 * (HEIGHT - TOP - BOTTOM)


def step_of(highest: float, steps: Sequence[int], most: int) -> int:
    return next((step for step in steps if highest / step <= most), steps[-1])


def _multiples(step: int, end: float) -> list[int]:
    return list(range(0, round(end) + 1, step))

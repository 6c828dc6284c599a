"""Geometry of the plots: the templates draw what is worked out here, as SVG without a script."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 12, 44
COLOURS: Final = 10
MOST_LINES: Final = 24
STEPS: Final = (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000)
DAY_STEPS: Final = (7, 14, 28, 30, 60, 90, 180, 365, 730)
LANE: Final = 30
LANES_LEFT: Final = 210
GRADES: Final = 5


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
    drawn = [row for row in drawn if row["kind"] in {"target", "organ"}]
    if not drawn:
        return None
    drawn.sort(key=lambda row: (row["kind"] != "target", -row["metrics"].get("Mean[Gy]", 0.0)))
    shown = drawn[:MOST_LINES]
    highest = max(curves[row["roi_number"]][-1][0] for row in shown)
    step = _step(highest, STEPS, 10)
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
        row["kind"] == "target",
        number >= COLOURS,
    )


def _x(dose: float, end: float) -> float:
    return LEFT + dose / end * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share / 100.0 * (HEIGHT - TOP - BOTTOM)


def _step(highest: float, steps: Sequence[int], most: int) -> int:
    return next((step for step in steps if highest / step <= most), steps[-1])


def _multiples(step: int, end: float) -> list[int]:
    return list(range(0, round(end) + 1, step))


@dataclass(frozen=True)
class Mark:
    """One grade on one day."""

    x: float
    y: float
    grade: int
    text: str


@dataclass(frozen=True)
class Lane:
    name: str
    y: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class ToxicityPlot:
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    treatment: tuple[float, float]  # x of the first and last fraction
    height: int
    width: int = WIDTH
    left: int = LANES_LEFT


def toxicity_plot(events: Iterable[Any], last_fraction: int | None) -> ToxicityPlot | None:
    """Lay out grades by day from RT start, a lane per term. Returns None without any."""
    graded = [e for e in events if e.kind == "toxicity" and e.day is not None]
    if not graded:
        return None
    first: int = min(0, *(e.day for e in graded))
    last: int = max(last_fraction or 0, *(e.day for e in graded))
    step = _step(last - first, DAY_STEPS, 8)
    scale: float = (WIDTH - LANES_LEFT - RIGHT - 12) / max(last - first, 1)

    def x(day: int) -> float:
        return LANES_LEFT + 12 + (day - first) * scale

    lanes = []
    for number, name in enumerate(sorted({e.name for e in graded})):
        y = TOP + LANE * (number + 0.5)
        found = sorted((e for e in graded if e.name == name), key=lambda e: e.day)
        marks = [
            Mark(x(e.day), y, int(e.value), f"{name}: grade {int(e.value)} on day {e.day}")
            for e in found
        ]
        lanes.append(Lane(name, y, tuple(marks)))
    begin = first // step * step
    ticks = [Tick(x(day), str(day)) for day in range(begin, last + 1, step) if day >= first]
    height = TOP + LANE * len(lanes) + 40
    return ToxicityPlot(tuple(lanes), tuple(ticks), (x(0), x(last_fraction or 0)), height)


@dataclass(frozen=True)
class ScoreTable:
    """Scores of one instrument: a row per scale, a column per day of answering."""

    instrument: str
    days: tuple[tuple[int | None, str], ...]  # day and timepoint
    rows: tuple[tuple[str, tuple[float | None, ...], str], ...]  # scale, scores, small line


def score_tables(events: Iterable[Any]) -> list[ScoreTable]:
    """Arrange PROM scores by instrument, scale and day."""
    found: dict[str, dict[Any, dict[str, float | None]]] = {}
    points: dict[Any, str] = {}
    for event in events:
        if event.kind == "prom":
            instrument, _, scale = event.name.partition(" ")
            column = (event.day, event.on)
            points[column] = event.timepoint or ""
            found.setdefault(instrument, {}).setdefault(column, {})[scale] = event.value
    tables = []
    for instrument, columns in sorted(found.items()):
        order = sorted(columns, key=lambda column: column[1])
        scales = dict.fromkeys(scale for column in order for scale in columns[column])
        rows = [
            (scale, values, _spark([column[0] for column in order], values))
            for scale in scales
            for values in [tuple(columns[column].get(scale) for column in order)]
        ]
        days = tuple((column[0], points[column]) for column in order)
        tables.append(ScoreTable(instrument, days, tuple(rows)))
    return tables


def _spark(days: Sequence[int | None], values: Sequence[float | None]) -> str:
    """Return a small line of scores over days, 90 x 22, empty with less than two scores."""
    known = [(d, v) for d, v in zip(days, values, strict=True) if d is not None and v is not None]
    if len(known) < 2 or any(not 0 <= value <= 100 for _, value in known):
        return ""
    first, span = known[0][0], max(known[-1][0] - known[0][0], 1)
    if not all(later[0] > earlier[0] for earlier, later in pairwise(known)):
        return ""
    return " ".join(f"{2 + 86 * (d - first) / span:.1f},{20 - 18 * v / 100:.1f}" for d, v in known)

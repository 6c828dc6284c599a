"""Where the points of the plots lie."""

from harmonizer.web.plots import MOST_LINES, dvh_plot


def row(number: int, name: str | None, kind: str = "organ", mean: float = 1.0) -> dict:
    return {
        "roi_number": number,
        "local_name": f"local {number}",
        "standard_name": name,
        "suggestion": None,
        "kind": kind,
        "metrics": {"Mean[Gy]": mean},
    }


def test_a_curve_spans_the_axes() -> None:
    plot = dvh_plot([row(1, "Heart")], {1: [(0.0, 100.0), (20.0, 50.0), (40.0, 0.0)]})
    assert plot is not None
    (line,) = plot.lines
    points = [tuple(map(float, pair.split(","))) for pair in line.points.split()]
    assert points[0] == (plot.left, plot.top)
    assert points[-1] == (plot.right, plot.bottom)
    assert points[1] == ((plot.left + plot.right) / 2, (plot.top + plot.bottom) / 2)
    assert [tick.text for tick in plot.x_ticks] == [
        "0",
        "5",
        "10",
        "15",
        "20",
        "25",
        "30",
        "35",
        "40",
    ]


def test_a_curve_that_begins_above_zero_dose_is_drawn_from_zero() -> None:
    plot = dvh_plot([row(1, "PTV", "target")], {1: [(38.0, 100.0), (42.0, 0.0)]})
    assert plot is not None
    assert plot.lines[0].points.startswith(f"{plot.left:.1f},{plot.top:.1f} ")


def test_targets_come_first_and_helpers_not_at_all() -> None:
    rows = [
        row(1, "Heart", mean=2),
        row(2, "Lung_L", mean=9),
        row(3, None, "helper"),
        row(4, "PTV", "target", 1),
        row(5, None, mean=0.5),
        row(6, "Liver"),
    ]
    curves = {number: [(0.0, 100.0), (10.0, 0.0)] for number in range(1, 6)}
    plot = dvh_plot(rows, curves)
    assert plot is not None
    assert [line.name for line in plot.lines] == ["PTV", "Lung_L", "Heart", "local 5?"]
    assert [line.is_target for line in plot.lines] == [True, False, False, False]


def test_a_crowd_is_thinned_and_says_so() -> None:
    rows = [row(number, f"Organ{number}") for number in range(MOST_LINES + 3)]
    plot = dvh_plot(rows, {r["roi_number"]: [(0.0, 100.0), (0.0, 0.0)] for r in rows})
    assert plot is not None
    assert len(plot.lines) == MOST_LINES
    assert plot.left_out == 3
    assert len({(line.style, line.is_dashed) for line in plot.lines[:20]}) == 20


def test_nothing_to_draw() -> None:
    assert dvh_plot([row(1, "Heart")], {}) is None

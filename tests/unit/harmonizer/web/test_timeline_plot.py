"""Where grades and scores lie on the timeline."""

from datetime import date, timedelta

import pytest

from harmonizer.domain.clinical import TimelineEvent
from harmonizer.web.timeline import MOST_SCALES, dose_text, score_tables, timeline_plot

START = date(2020, 1, 6)


def event(kind: str, name: str, value: float | None, day: int | None) -> TimelineEvent:
    on = START + timedelta(days=day or 0)
    return TimelineEvent(on, day, kind, name, value, "5.0", "end")


def test_nothing_to_draw() -> None:
    assert timeline_plot([event("toxicity", "Dry mouth", 1, None)], None, "") is None
    assert timeline_plot([event("prom", "qlq-c30 FA", None, 3)], None, "") is None
    assert score_tables([event("clinical", "record", None, 0)]) == []


def test_grades_lie_on_their_days() -> None:
    events = [
        event("toxicity", "Dry mouth", 0, -7),
        event("toxicity", "Dysphagia", 1, 49),
        event("toxicity", "Dry mouth", 2, 21),
    ]
    plot = timeline_plot(events, 42, "50 Gy")
    assert plot is not None
    assert [lane.name for lane in plot.lanes] == ["Dry mouth", "Dysphagia"]
    first, second = plot.lanes[0].marks
    third = plot.lanes[1].marks[0]
    assert second.x - first.x == pytest.approx(third.x - second.x, abs=0.2)  # 28 days both
    assert first.x < plot.treatment[0] < second.x < plot.treatment[1] < third.x <= plot.right
    assert [mark.value for mark in plot.lanes[0].marks] == [0, 2]
    assert plot.lanes[0].y < plot.lanes[1].y < plot.bottom < plot.height
    assert plot.lines == ()


def test_scores_run_from_0_at_the_bottom_to_100() -> None:
    events = [event("prom", "qlq-c30 FA", 0, 0), event("prom", "qlq-c30 FA", 100, 30)]
    plot = timeline_plot(events, 21, "")
    assert plot is not None
    (line,) = plot.lines
    low, high = line.marks
    assert low.y == plot.bottom
    assert low.y - high.y == pytest.approx(130)
    assert line.points == f"{low.x},{low.y} {high.x},{high.y}"
    assert [level.text for level in plot.levels] == ["0", "50", "100"]


def test_the_scales_that_change_most_are_drawn() -> None:
    names = [f"qlq-c30 S{number}" for number in range(MOST_SCALES + 2)]
    events = [
        event("prom", name, 50 + change * number, day)
        for number, name in enumerate(names)
        for day, change in ((0, 0), (40, 5))
    ]
    plot = timeline_plot([*events, event("prom", "x once", 3, 0)], None, "")
    assert plot is not None
    assert [line.name for line in plot.lines] == names[:1:-1]
    assert plot.scales_left_out == 2


def test_one_day_alone_has_a_place() -> None:
    plot = timeline_plot([event("toxicity", "Dry mouth", 3, 0)], None, "")
    assert plot is not None
    assert plot.left < plot.lanes[0].marks[0].x < plot.right


def test_scores_stand_by_scale_and_day() -> None:
    events = [
        event("prom", "qlq-c30 FA", 22.2, 0),
        event("prom", "qlq-c30 FA", None, 30),
        event("prom", "qlq-c30 QL2", 75.0, 30),
        event("prom", "qlq-c30 FA", 66.7, 60),
    ]
    (table,) = score_tables(events)
    assert [day for day, _ in table.days] == [0, 30, 60]
    rows = {scale: (values, spark) for scale, values, spark in table.rows}
    assert rows["FA"][0] == (22.2, None, 66.7)
    assert rows["FA"][1].split()[0].split(",")[0] == "2.0"
    assert rows["QL2"] == ((None, 75.0, None), "")


def test_the_dose_in_words() -> None:
    def organ(name: str | None, mean: float, kind: str = "organ") -> dict:
        return {"kind": kind, "standard_name": name, "metrics": {"Mean[Gy]": mean}}

    course = {
        "prescribed_gy": 40.05,
        "fractions": 15,
        "structures": [
            organ("Heart", 1.26),
            organ("Body", 9),
            organ("PTV", 40, "target"),
            organ("Lung_L", 5),
            organ(None, 30),
            organ("Liver", 2),
            organ("Lung_R", 0.1),
        ],
    }
    assert dose_text(course) == "40.05 Gy in 15 · Lung_L 5.0 Gy · Liver 2.0 Gy · Heart 1.3 Gy"
    assert dose_text({"prescribed_gy": None, "fractions": 3, "structures": []}) == ""

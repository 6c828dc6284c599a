"""The report of a whole course: in one file, findings first, nothing unescaped."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from benchmarks.quality_course import clean_course
from harmonizer.domain.dose.plan import TreatmentRecord
from harmonizer.domain.quality import Analysis, CourseFacts, analyse
from harmonizer.domain.reports import (
    Picture,
    ReportHead,
    chosen_images,
    report_html,
    report_values,
)

VOID = {"meta", "br", "link", "img"}


class Page(HTMLParser):
    """Checks that tags close in order, and gathers what was said."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


@pytest.fixture(scope="module")
def facts() -> CourseFacts:
    return clean_course()


@pytest.fixture(scope="module")
def analysis(facts: CourseFacts) -> Analysis:
    return analyse(facts)


def pictures(analysis: Analysis) -> list[Picture]:
    flat = np.zeros((16, 16), np.float32)
    return [Picture(image, flat) for image in chosen_images(analysis)]


def test_the_page_is_whole_and_needs_nothing_else(analysis: Analysis) -> None:
    text = report_html(analysis, pictures(analysis), ReportHead("course 1", "2026-01-01"))
    page = Page(text)
    assert page.open == []
    assert page.headings[:2] == ["Findings", "Dose-volume histograms"]
    assert "Images" in page.headings
    assert "Published constraints" in page.headings
    for tag, attributes in page.tags:
        assert tag not in {"script", "link", "iframe", "img"}
        reached = [attributes.get(name) or "" for name in ("href", "src")]
        assert all(not link or link.startswith("data:") for link in reached)
    assert "url(" not in text


def test_names_cannot_break_out_of_the_page(facts: CourseFacts) -> None:
    chosen = facts.structure_set
    assert chosen is not None
    evil = '<img src=x onerror=alert(1)>"&'
    rois = tuple(replace(roi, name=evil) for roi in chosen.rois)
    changed = analyse(replace(facts, structure_sets=(replace(chosen, rois=rois),), names={}))
    page = Page(report_html(changed, [], ReportHead(evil)))
    assert page.open == []
    assert not [tag for tag, _ in page.tags if tag == "img"]


def test_images_go_through_the_target_and_the_highest_dose(analysis: Analysis) -> None:
    chosen = chosen_images(analysis)
    places = [image.position[2] for image in chosen if image.position]
    assert 2 <= len(chosen) <= 4
    assert places == sorted(places)
    assert all(abs(place) <= 47.0 for place in places)  # the PTV is 94 mm high, around 0


def test_without_dose_the_page_says_so(facts: CourseFacts) -> None:
    bare = analyse(replace(facts, doses=(), images=()))
    text = report_html(bare, [], ReportHead("course 1"))
    assert "There is no dose to make histograms of." in text
    assert "COURSE-NO-DOSE" in text
    assert chosen_images(bare) == []


def test_an_empty_course_has_a_page_too() -> None:
    text = report_html(analyse(CourseFacts()), [], ReportHead("nothing"))
    assert Page(text).open == []


def test_a_stopped_course_shows_both_doses(facts: CourseFacts) -> None:
    records: tuple[TreatmentRecord, ...] = facts.records[:10]
    stopped = analyse(replace(facts, records=records))
    share = len(records) / (facts.plans[0].fractions or 1)
    text = report_html(stopped, [], ReportHead("course 1"))
    assert "Planned and delivered" in Page(text).headings
    for one in report_values(stopped)["structures"]:
        planned, given = one["metrics"]["Mean[Gy]"], one["delivered"]["Mean[Gy]"]
        assert given["value"] == pytest.approx(planned["value"] * share, rel=1e-4)


def test_the_values_are_json_and_agree_with_the_analysis(analysis: Analysis) -> None:
    values = json.loads(json.dumps(report_values(analysis), allow_nan=False))
    assert len(values["structures"]) == len(analysis.structures)
    heart = next(one for one in values["structures"] if one["local_name"] == "Heart")
    own = next(one for one in analysis.structures if one.roi.name == "Heart")
    assert heart["metrics"]["Mean[Gy]"]["value"] == pytest.approx(own.result.mean_gy, rel=1e-5)
    assert heart["dvh"][0] == [0.0, 100.0]
    assert heart["dvh"][-1][1] == 0.0
    checked = {(c["structure"], c["metric"]): c["met"] for c in values["constraints"]}
    assert checked[("Heart", "Mean[Gy]")] is True
    assert re.fullmatch(r"dvh-\d+", values["made_by"]["method"])

"""A course's report as one HTML page without scripts, fonts or links to elsewhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from harmonizer.domain.quality.analysis import Analysis
from harmonizer.domain.reports.drawings import Drawing, dose_legend, draw_dvh, draw_images
from harmonizer.domain.reports.slices import Picture
from harmonizer.domain.reports.style import STYLE
from harmonizer.domain.reports.tables import (
    constraint_table,
    delivered_table,
    findings_table,
    organ_table,
    target_table,
)

WORDS: Final = {"L": "left", "R": "right", "B": "both sides"}


@dataclass(frozen=True)
class ReportHead:
    """What the page says about which course it is of. Nothing here is an identity of a person."""

    title: str  # e.g. the course's national identifier, or the folder's name
    made_on: str = ""  # a date, as it shall be printed


def report_html(analysis: Analysis, pictures: Sequence[Picture], head: ReportHead) -> str:
    """Return the page: findings first, then histograms, tables, images."""
    sections = [
        ("Findings", findings_table(analysis)),
        ("Dose-volume histograms", draw_dvh(analysis)),
        ("Targets", target_table(analysis)),
        ("Organs and other structures", organ_table(analysis)),
        ("Planned and delivered", delivered_table(analysis)),
        ("Published constraints", constraint_table(analysis)),
        ("Images", _images(draw_images(analysis, pictures), analysis)),
    ]
    title = escape(f"Dose and quality: {head.title}")
    body = "".join(f"<section><h2>{name}</h2>{text}</section>" for name, text in sections if text)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>"
        f"<header><h1>{title}</h1>{_facts(analysis, head)}</header><main>{body}</main>"
        f"<footer>{_footer(analysis)}</footer></body></html>\n"
    )


def _facts(analysis: Analysis, head: ReportHead) -> str:
    facts, plan, rx = analysis.facts, analysis.facts.plan, analysis.prescription
    prescribed = f"{rx.dose_gy:g} Gy" if rx.dose_gy else "not given"
    if rx.fractions:
        prescribed += f" in {rx.fractions} fractions"
    side = WORDS.get(facts.laterality or "", "")
    rows = [
        ("Site", " ".join(part for part in (facts.site or "not known", side) if part)),
        ("Plan", (plan.label or "without a label") if plan else "none"),
        ("Prescribed", prescribed),
        ("Dose", "; ".join(analysis.dose_made_of) or ("of the plan" if facts.dose else "none")),
        ("Images", str(len(facts.images))),
        ("Made on", head.made_on),
    ]
    cells = "".join(f"<dt>{k}</dt><dd>{escape(v)}</dd>" for k, v in rows if v)
    return f"<dl>{cells}</dl>"


def _images(drawings: Iterable[Drawing], analysis: Analysis) -> str:
    figures = "".join(
        f"<figure>{drawing.svg}<figcaption>{escape(drawing.caption)}</figcaption></figure>"
        for drawing in drawings
    )
    return f'{dose_legend(analysis)}<div class="images">{figures}</div>' if figures else ""


def _footer(analysis: Analysis) -> str:
    return (
        f"Method {escape(analysis.method)}, rules {escape(analysis.ruleset)}, tables "
        f"{escape(analysis.knowledge)}. Uncertainties are one standard deviation, from the size of "
        "a dose voxel and the distance of contour planes. A value that would not mean anything is "
        "left out. For research; not for treatment decisions."
    )

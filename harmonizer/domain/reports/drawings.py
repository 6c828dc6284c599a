"""The drawings of a report with their legends."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from harmonizer.domain.quality.analysis import Analysis, StructureResult
from harmonizer.domain.reports.colours import LEVELS, structure_colour
from harmonizer.domain.reports.curves import Curve, dvh_plot
from harmonizer.domain.reports.slices import Picture, contours_on, frame_of, slice_drawing


@dataclass(frozen=True)
class Drawing:
    """One image of the report."""

    svg: str
    caption: str


def named(one: StructureResult) -> str:
    """Return a structure's standard name, else its own."""
    return one.standard_name or one.roi.name or f"ROI {one.roi.number}"


def ordered(analysis: Analysis) -> list[tuple[StructureResult, str]]:
    """Return structures with their colours: targets first, then by name."""
    drawn = [one for one in analysis.structures if one.roi.contours]
    drawn.sort(key=lambda one: (one.target is None, named(one).lower()))
    return [(one, structure_colour(i)) for i, one in enumerate(drawn)]


def draw_dvh(analysis: Analysis) -> str:
    """Return the plot with its legend."""
    shown = [(one, colour) for one, colour in ordered(analysis) if one.result.dvh is not None]
    curves = [
        Curve(named(one), one.result.dvh, colour, thick=one.target is not None)
        for one, colour in shown
        if one.result.dvh is not None
    ]
    plot = dvh_plot(curves, analysis.prescription.dose_gy)
    if not plot:
        return "<p>There is no dose to make histograms of.</p>"
    keys = "".join(
        f'<li><span class="key" style="background:{colour}"></span>{escape(named(one))}</li>'
        for one, colour in shown
    )
    return f'<div class="plot">{plot}<ul>{keys}</ul></div>'


def reference_gy(analysis: Analysis) -> float | None:
    """Return what 100 % of the dose wash is: the prescription, else the highest dose."""
    dose = analysis.facts.dose
    if analysis.prescription.dose_gy or dose is None or dose.grid is None:
        return analysis.prescription.dose_gy
    return dose.grid.maximum_gy() or None


def draw_images(analysis: Analysis, pictures: Sequence[Picture]) -> Iterator[Drawing]:
    """Yield one drawing for each picture that says where it lies."""
    dose = analysis.facts.dose
    grid = dose.grid if dose else None
    shown = [(one.roi, colour) for one, colour in ordered(analysis)]
    for picture in pictures:
        frame = frame_of(picture.image)
        tolerance = 0.4 * (picture.image.thickness or 2.5)
        svg = slice_drawing(picture, shown, grid, reference_gy(analysis), tolerance)
        if frame is None or not svg:
            continue
        there = [
            named(one) for one, _ in ordered(analysis) if contours_on(frame, one.roi, tolerance)
        ]
        place = float(frame.origin @ frame.normal)
        yield Drawing(svg, f"{place:.1f} mm along the images: {', '.join(there) or 'no contours'}")


def dose_legend(analysis: Analysis) -> str:
    """Return the colours of the dose wash."""
    reference = reference_gy(analysis)
    if not reference:
        return ""
    keys = "".join(
        f'<span><span class="key" style="background:{colour}"></span>{level} % '
        f"({level * reference / 100:.3g} Gy)</span>"
        for level, colour in LEVELS
    )
    word = "prescription" if analysis.prescription.dose_gy else "highest dose"
    return f'<p class="legend">Dose from this share of the {word} on: {keys}</p>'

"""The dose-volume histograms of a course as one SVG drawing."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np

from harmonizer.domain.dose.dvh import Dvh

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 22, 44
POINTS: Final = 240
"""Points of a drawn curve: the histogram has 2001, a pixel of the drawing is wider."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One structure's histogram with its look."""

    name: str
    dvh: Dvh
    colour: str
    thick: bool = False  # targets
    dashed: bool = False  # delivered dose


def thinned(dvh: Dvh, points: int = POINTS) -> list[tuple[float, float]]:
    """Return (dose in Gy, volume in per cent), few enough to draw.

    Half of the points lie at equal steps of dose, half at equal steps of volume, so that neither a
    steep nor a flat part is lost.
    """
    dose, share = dvh.dose_gy, 100.0 * dvh.volume_cm3 / dvh.total_cm3
    by_dose = np.linspace(dose[0], dose[-1], points // 2)
    by_volume = np.interp(np.linspace(-100.0, 0.0, points // 2), -share, dose)
    chosen = np.unique(np.concatenate([by_dose, by_volume]))
    volumes = np.interp(chosen, dose, share)
    return [(0.0, 100.0), *zip(chosen.tolist(), volumes.tolist(), strict=True)]


def dvh_plot(curves: Sequence[Curve], prescribed_gy: float | None) -> str:
    """Draw curves, the prescription as an upright line. Empty without curves."""
    if not curves:
        return ""
    top = max(float(curve.dvh.dose_gy[-1]) for curve in curves)
    step = tick_step(max(top, prescribed_gy or 0.0))
    last = step * int(np.ceil(max(top, prescribed_gy or 0.0, step) * 1.02 / step))
    parts = [
        f'<svg class="dvh" viewBox="0 0 {WIDTH} {HEIGHT}" font-size="11" fill="#57606a" '
        'role="img" aria-label="Dose-volume histograms">',
        *_axes(last, step),
    ]
    if prescribed_gy:
        x = _x(prescribed_gy, last)
        parts.append(
            f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" '
            'stroke="#555" stroke-dasharray="2 3"/>'
            f'<text x="{x:.1f}" y="{TOP - 6}" text-anchor="middle">'
            f"{prescribed_gy:g} Gy prescribed</text>"
        )
    parts += [_line(curve, last) for curve in curves]
    return "".join([*parts, "</svg>"])


def tick_step(top: float) -> float:
    """Return a round distance of ticks for an axis that reaches `top`."""
    for step in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0):
        if top / step <= 12:
            return step
    return 100.0


def _x(dose: float, last: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * dose / last


def _y(percent: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - percent / 100)


def _axes(last: float, step: float) -> list[str]:
    parts = []
    for percent in range(0, 101, 20):
        y = _y(percent)
        parts.append(
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{percent}</text>'
        )
    for tick in np.arange(0.0, last + step / 2, step):
        x = _x(float(tick), last)
        parts.append(
            f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#eee"/>'
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{tick:g}</text>'
        )
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">Dose in Gy'
        f'</text><text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">'
        "Volume in per cent</text>"
    )
    return parts


def _line(curve: Curve, last: float) -> str:
    places = " ".join(f"{_x(d, last):.1f},{_y(v):.1f}" for d, v in thinned(curve.dvh))
    width = 2.4 if curve.thick else 1.4
    dash = ' stroke-dasharray="5 3"' if curve.dashed else ""
    return (
        f'<polyline points="{places}" fill="none" stroke="{curve.colour}" '
        f'stroke-width="{width}"{dash}><title>{escape(curve.name)}</title></polyline>'
    )

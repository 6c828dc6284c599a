"""The trend of quality as a drawing."""

from collections.abc import Sequence
from typing import Final

from harmonizer.domain.quality.summary import Month

SHOWN_MONTHS: Final = 36
WIDTH, HEIGHT, FOOT = 720, 150, 30


def trend(months: Sequence[Month]) -> str:
    """Draw courses per month as bars, those with warnings and errors as their lower parts."""
    shown = months[-SHOWN_MONTHS:]
    top = max((month.courses for month in shown), default=0)
    if not top:
        return ""
    step = WIDTH / max(len(shown), 6)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Courses per month">'
        f'<text x="0" y="10">{top} courses</text>'
    ]
    every = max(1, -(-len(shown) // 12))
    for position, month in enumerate(shown):
        x = position * step
        for count, colour in (
            (month.courses, "#c6d3e1"),
            (month.with_warnings, "#e0b84c"),
            (month.with_errors, "#c0392b"),
        ):
            height = (HEIGHT - FOOT - 14) * count / top
            parts.append(
                f'<rect x="{x + 1:.1f}" y="{HEIGHT - FOOT - height:.1f}" '
                f'width="{max(step - 2, 1):.1f}" height="{height:.1f}" fill="{colour}"/>'
            )
        if position % every == 0:
            parts.append(f'<text x="{x + 1:.1f}" y="{HEIGHT - 12}">{month.month}</text>')
    return "".join([*parts, "</svg>"])

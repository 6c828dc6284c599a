"""The quality of all centres as one HTML page without scripts or links to elsewhere."""

from collections.abc import Sequence
from html import escape
from typing import Final

from harmonizer.domain.quality.summary import Month, Summary
from harmonizer.domain.reports.style import STYLE

SHOWN_CODES: Final = 12
SHOWN_MONTHS: Final = 36
WIDTH, HEIGHT, FOOT = 720, 150, 30


def summary_html(summaries: Sequence[Summary], titles: dict[str, str], made_on: str) -> str:
    """Return the page. `titles` names rules by their code."""
    body = "".join(_section(one, summaries[0], titles) for one in summaries if one.courses)
    body = body or "<p>The archive has no harmonized course yet.</p>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Quality of courses</title><style>{STYLE}</style></head><body>"
        f"<header><h1>Quality of courses</h1><p>Made on {escape(made_on)}.</p></header>"
        f"<main>{body}</main></body></html>\n"
    )


def _section(one: Summary, national: Summary, titles: dict[str, str]) -> str:
    text = (
        f"{one.courses} courses; {_share(one.with_errors, one.courses)} have an error, "
        f"{_share(one.with_warnings, one.courses)} a warning."
    )
    everywhere = {(c.code, c.severity): c.courses for c in national.codes}
    rows = "".join(
        f'<tr><td><span class="mark {c.severity}">{c.severity}</span></td>'
        f"<td>{escape(titles.get(c.code, c.code))} <small>{escape(c.code)}</small></td>"
        f'<td class="n">{c.courses}</td><td class="n">{_share(c.courses, one.courses)}</td>'
        f'<td class="n">{_share(everywhere[c.code, c.severity], national.courses)}</td></tr>'
        for c in one.codes[:SHOWN_CODES]
    )
    table = (
        '<table><thead><tr><th scope="col">Severity</th><th scope="col">Finding</th>'
        '<th scope="col" class="n">Courses</th><th scope="col" class="n">Share</th>'
        f'<th scope="col" class="n">All centres</th></tr></thead><tbody>{rows}</tbody></table>'
        if rows
        else ""
    )
    return (
        f"<section><h2>{escape(one.centre)}</h2><p>{text}</p>{trend(one.months)}{table}</section>"
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else ""


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
    key = "Courses per month; yellow: with a warning, red: with an error."
    return "".join([*parts, f"</svg><p><small>{key}</small></p>"])

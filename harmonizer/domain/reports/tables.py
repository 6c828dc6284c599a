"""The tables of a report."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from harmonizer.domain.dose.indices import isodose_volume, plan_indices
from harmonizer.domain.dose.metrics import Value
from harmonizer.domain.quality.analysis import Analysis, StructureResult
from harmonizer.domain.quality.constraint_check import Checked, checked_constraints
from harmonizer.domain.reports.drawings import named, ordered

TARGET: Final = ("D98%[Gy]", "D95%[Gy]", "D50%[Gy]", "D2%[Gy]", "V95%[%]", "V107%[%]", "HI")
ORGAN: Final = ("Mean[Gy]", "Max[Gy]", "D0.03cc[Gy]", "D2%[Gy]", "V5Gy[%]", "V20Gy[%]", "V40Gy[%]")

WORTH_SAYING: Final = 0.01
"""Uncertainties below this share of the value are not shown; the JSON has them all."""


def findings_table(analysis: Analysis) -> str:
    """Return all findings, worst first."""
    if not analysis.findings:
        return "<p>No rule found anything.</p>"
    rows = [
        (_mark(f.severity.value, f.severity.value), escape(f.where), escape(f.text),
         f"<small>{escape(f.code)}</small>")
        for f in analysis.findings
    ]  # fmt: skip
    return _table(("Severity", "Where", "What", "Rule"), rows)


def target_table(analysis: Analysis) -> str:
    """Return GTV, CTV, ITV and PTV with what ICRU 83 reports and the plan's conformity."""
    chosen = [one for one, _ in ordered(analysis) if one.target]
    if not chosen:
        return ""
    head = ("Target", "Volume cm³", *(_short(name) for name in TARGET), "CI")
    rows = [
        (*_name_and_volume(one), *_cells(one, TARGET), _conformity(analysis, one)) for one in chosen
    ]
    return _table(head, rows, numeric_from=1) + _isodose(analysis)


def organ_table(analysis: Analysis) -> str:
    """Return everything that is no target, with a note where numbers are missing."""
    chosen = [one for one, _ in ordered(analysis) if not one.target]
    if not chosen:
        return ""
    head = ("Structure", "Volume cm³", *(_short(name) for name in ORGAN))
    rows = [(*_name_and_volume(one), *_cells(one, ORGAN)) for one in chosen]
    return _table(head, rows, numeric_from=1)


def delivered_table(analysis: Analysis) -> str:
    """Return mean doses as planned and as given; empty where they do not differ."""
    if not analysis.delivered_made_of:
        return ""
    rows = []
    for one, _ in ordered(analysis):
        name = "D95%[Gy]" if one.target else "Mean[Gy]"
        planned, given = one.metrics.get(name), one.delivered.get(name)
        if planned and given and planned.value is not None and given.value is not None:
            rows.append((escape(named(one)), _short(name), _number(planned), _number(given)))
    made = escape("; ".join(analysis.delivered_made_of))
    head = ("Structure", "Metric", "Planned", "Delivered")
    return f"<p>Delivered: {made}.</p>" + _table(head, rows, numeric_from=2)


def constraint_table(analysis: Analysis) -> str:
    """Return every published constraint that fits, met or not."""
    rows = [_constraint(checked) for checked in checked_constraints(analysis.facts)]
    if not rows:
        return ""
    head = ("Structure", "Constraint", "Value", "", "Endpoint", "Source")
    return _table(head, rows, numeric_from=None)


def _constraint(checked: Checked) -> tuple[str, ...]:
    asked, met = checked.constraint, checked.met
    word = {True: "yes", False: "no", None: "none"}[met]
    text = {True: "met", False: "exceeded", None: "not computed"}[met]
    return (
        escape(asked.structure),
        f"{escape(asked.metric)}&nbsp;≤&nbsp;{asked.limit:g}",
        _number(checked.value),
        _mark(word, text),
        escape(asked.endpoint),
        f"<small>{escape(asked.source)}</small>",
    )


def _conformity(analysis: Analysis, one: StructureResult) -> str:
    """Return Paddick's index where it means something."""
    dose, prescribed = analysis.facts.dose, analysis.prescription.dose_gy
    if dose is None or dose.grid is None or one.result.dvh is None or not prescribed:
        return ""
    return _plain(plan_indices(one.result, dose.grid, prescribed).conformity_paddick)


def _isodose(analysis: Analysis) -> str:
    """Say how much gets the prescription, and how steeply the dose falls from there."""
    dose, prescribed = analysis.facts.dose, analysis.prescription.dose_gy
    if dose is None or dose.grid is None or not prescribed:
        return ""
    whole = isodose_volume(dose.grid, prescribed)
    half = isodose_volume(dose.grid, prescribed / 2)
    gradient = f"; gradient index {half / whole:.3g}" if whole else ""
    text = f"{_plain(whole)} cm³ get the prescribed dose, {_plain(half)} cm³ half of it{gradient}."
    return f"<p><small>CI: Paddick's conformity index. {text}</small></p>"


def _name_and_volume(one: StructureResult) -> tuple[str, str]:
    own = one.roi.name
    name = escape(named(one))
    if one.standard_name and one.standard_name != own:
        name += f" <small>{escape(own)}</small>"
    if not one.result.status.has_dose or one.result.dvh is None:
        notes = "; ".join(one.result.notes) or one.result.status.value
        name += f"<br><small>{escape(notes)}</small>"
    return name, _plain(one.result.volume_cm3)


def _cells(one: StructureResult, names: Sequence[str]) -> list[str]:
    return [_number(one.metrics.get(name)) for name in names]


def _number(value: Value | None) -> str:
    if value is None or value.value is None:
        return ""
    sigma = value.uncertainty
    if sigma is None or sigma <= WORTH_SAYING * abs(value.value):
        return _plain(value.value)
    return f"{_plain(value.value)} <small>± {_plain(float(f'{sigma:.1g}'))}</small>"


def _plain(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _short(name: str) -> str:
    """Return a metric's name as a column's head: `D95%[Gy]` becomes `D95% Gy`."""
    return name.replace("[", " ").replace("]", "")


def _mark(word: str, text: str) -> str:
    return f'<span class="mark {word}">{escape(text)}</span>'


def _table(
    head: Sequence[str], rows: Iterable[Sequence[str]], numeric_from: int | None = None
) -> str:
    """Return a table; columns from `numeric_from` on are aligned as numbers."""

    def kind(column: int) -> str:
        return ' class="n"' if numeric_from is not None and column >= numeric_from else ""

    heads = "".join(f'<th scope="col"{kind(i)}>{escape(name)}</th>' for i, name in enumerate(head))
    lines = "".join(
        "<tr>" + "".join(f"<td{kind(i)}>{cell}</td>" for i, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"

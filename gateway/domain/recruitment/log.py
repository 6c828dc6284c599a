"""A centre's screening log: one line per patient and step, or one per count.

Columns: `step`; and, as far as they are known, `month` (2024-05) or `date`, `diagnosis` (ICD-10),
`age` or `age_band`, `sex`, `count`. Every other column is passed over and kept nowhere.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from gateway.contract.facts import ICD10
from gateway.domain.clinical.columns import SEXES
from gateway.domain.recruitment.counting import BANDS, UNKNOWN, Screened, age_band
from gateway.domain.recruitment.events import STEPS
from gateway.domain.tabular.cells import given, matching, one_of, to_date, to_whole
from gateway.domain.tabular.problems import CellError, Problem, TableError
from gateway.domain.tabular.table import SourceRow, read_table

COLUMNS = ("step", "month", "date", "diagnosis", "age", "age_band", "sex", "count")
_BAND_NAMES = {UNKNOWN: UNKNOWN, "under 18": "under 18", "80 and more": "80 and more"} | {
    f"{low}-{high}": f"{low}-{high}" for low, high in BANDS
}
_PARSERS = {
    "step": one_of({step: step for step in STEPS}),
    "month": matching(r"\d{4}-(0[1-9]|1[0-2])", "a month", "2024-05"),
    "date": to_date,
    "diagnosis": matching(ICD10, "an ICD-10 code", "C50.4"),
    "age": to_whole(0, 130),
    "age_band": one_of(_BAND_NAMES),
    "sex": one_of(SEXES),
    "count": to_whole(0, 1_000_000),
}


@dataclass(frozen=True)
class Log:
    """Counts, each kind once; or what is wrong with the file."""

    events: tuple[Screened, ...]
    problems: tuple[Problem, ...]
    lines: int


def read_log(data: bytes) -> Log:
    """Read a screening log. With one problem it holds no events."""
    try:
        table = read_table(data)
        if "step" not in table.columns:
            mend = f"name the columns {', '.join(COLUMNS)}; only step is needed"
            raise TableError("there is no column step", mend, "step")
    except TableError as error:
        return Log((), (error.problem,), 0)
    read = [_row(row) for row in table.rows if not row.is_empty]
    problems = [p for one in read if isinstance(one, list) for p in one]
    events = [one for one in read if isinstance(one, Screened)]
    if not problems:
        problems = _impossible(events)
    return Log(() if problems else _counted(events), tuple(problems), len(read))


def _row(row: SourceRow) -> Screened | list[Problem]:
    said: dict[str, object] = {}
    problems: list[Problem] = []
    for name in COLUMNS:
        text = given(row.cells.get(name, ""))
        if text is None:
            continue
        try:
            said[name] = _PARSERS[name](text)
        except CellError as error:
            problems.append(Problem(row.line, name, error.reason, error.mend))
    if "step" not in said and not problems:
        problems.append(Problem(row.line, "step", "the cell is empty", "fill it in"))
    if problems:
        return problems
    on, years = said.get("date"), said.get("age")
    return Screened(
        step=str(said["step"]),
        month=str(said.get("month") or (f"{on:%Y-%m}" if isinstance(on, date) else UNKNOWN)),
        diagnosis=str(said.get("diagnosis", UNKNOWN))[:3] if "diagnosis" in said else UNKNOWN,
        age_band=str(said.get("age_band") or age_band(years if isinstance(years, int) else None)),
        sex=str(said.get("sex", UNKNOWN)),
        count=int(str(said.get("count", 1))),
    )


def _counted(events: Sequence[Screened]) -> tuple[Screened, ...]:
    counts: Counter[Screened] = Counter()
    for event in events:
        counts[replace(event, count=0)] += event.count
    return tuple(replace(event, count=number) for event, number in counts.items())


def _impossible(events: Sequence[Screened]) -> list[Problem]:
    """A log that tells of fewer eligible than asked, or fewer asked than answered, is wrong."""
    totals = Counter[str]()
    for event in events:
        totals[event.step] += event.count
    mend = "write a line for every step that a patient took: eligible, asked, then the answer"
    if "eligible" in totals and totals["eligible"] < totals["asked"]:
        return [Problem(0, "step", "more patients were asked than were eligible", mend)]
    if "asked" in totals and totals["asked"] < totals["consented"] + totals["declined"]:
        return [Problem(0, "step", "more patients answered than were asked", mend)]
    return []

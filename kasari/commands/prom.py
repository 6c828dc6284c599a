"""`kasari prom`: score questionnaires from a file, as the archive does."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway.domain.clinical import (
    CellError,
    Problem,
    SourceTable,
    TableError,
    instrument_meant,
    read_table,
)
from gateway.domain.tabular.cells import given, to_whole
from harmonizer.data.instruments import load_instrument, load_instruments
from harmonizer.domain.proms import Direction, Instrument, check_answers
from harmonizer.domain.proms import score as scores_of
from kasari.errors import InputError
from kasari.files import read_file, written_whole

app = typer.Typer(no_args_is_help=True, help="Patient-reported outcomes: instruments and scores.")
console = Console(stderr=True)
ANSWER = to_whole(0, 1000)
SHOWN = 20
ITEM = re.compile(r"(.*?)[ _.-]?(?:q|item)?[ _.-]?0*([1-9]\d?)([a-e]?)")


@app.command("list")
def list_instruments() -> None:
    """List the instruments: id, version, number of items, codes of the scores.

    Example: kasari prom list
    """
    for instrument in load_instruments().values():
        codes = " ".join(instrument.codes)
        typer.echo(f"{instrument.id}\t{instrument.version}\t{len(instrument.items)}\t{codes}")


@app.command()
def score(
    instrument: Annotated[str, typer.Option(help="The instrument, e.g. qlq-c30 or C30.")],
    source: Annotated[Path, typer.Option("--in", help="CSV with one column per item: q1, q2 ...")],
    out: Annotated[Path, typer.Option(help="CSV to write: one row per row, one column per score.")],
) -> None:
    """Score a file of answers. An empty cell is a missing answer, an empty score a missing one.

    Example: kasari prom score --instrument qlq-c30 --in answers.csv --out scores.csv
    """
    try:
        chosen = load_instrument(instrument_meant(instrument, load_instruments()) or instrument)
        table = read_table(read_file(source))
    except TableError as error:
        raise InputError(f"{error.problem.reason}; {error.problem.mend}") from error
    columns = _item_columns(chosen, table)
    rows, problems = _answers(chosen, table, columns)
    if problems:
        for problem in problems[:SHOWN]:
            console.print(
                f"line {problem.line}, {problem.column}: {problem.reason}; {problem.mend}"
            )
        raise InputError(f"{len(problems)} cells cannot be scored; nothing was written")
    with written_whole(out) as part:
        _write(part, chosen, rows)
    console.print(f"{len(rows)} rows with {len(chosen.codes)} scores each in {out}", markup=False)


def _item_columns(instrument: Instrument, table: SourceTable) -> Mapping[str, str]:
    """Return the item code by column; warns of items without a column."""
    named = {name: code for name in table.columns if (code := _code(instrument, name))}
    own = {name: code for name, code in named.items() if code in instrument.items}
    columns = _from_one(instrument, named) or own
    absent = [code for code in instrument.items if code not in columns.values()]
    if not columns:
        raise InputError(f"no column is an item of {instrument.name}; name them q1, q2 and so on")
    if len(set(columns.values())) < len(columns):
        raise InputError("two columns are the same item; keep one of them")
    if absent:
        console.print(f"no column for {', '.join(absent)}: counted as not answered")
    if others := len(table.columns) - len(columns):
        console.print(f"left out, being no items: {others} columns; rows keep their order")
    return columns


def _code(instrument: Instrument, column: str) -> str | None:
    """Return the item that a column's name says: `q01`, `item_1`, `c30_q1`, `hn31`, `vas`."""
    if column in instrument.items:
        return column
    found = ITEM.fullmatch(column)
    if not found:
        return None
    prefix = found[1].rstrip(" _.-")
    module = instrument.id.removeprefix("qlq-").rstrip("0123456789")
    if prefix in {"", "q", "item", module}:
        return f"q{found[2]}{found[3]}"
    is_meant = instrument_meant(prefix, load_instruments()) == instrument.id
    return f"q{found[2]}{found[3]}" if is_meant else None


def _from_one(instrument: Instrument, named: Mapping[str, str]) -> Mapping[str, str]:
    """Read a module's q1, q2 ... as the q31, q32 ... that it prints: if it is all it scores.

    Raises
    ------
    InputError
        If a long module has some of both: its 31st item and the one printed as 31 are two.
    """
    numbers = [int(code[1:]) for code in instrument.items if code[1:].isdigit()]
    if len(numbers) < len(instrument.items) or min(numbers) == 1:
        return {}
    counted = {f"q{n - min(numbers) + 1}": f"q{n}" for n in numbers}
    scored = {item for scale in instrument.scales for item in (*scale.items, *scale.unless)}
    given = set(named.values())
    if not given <= set(counted):
        return {}
    if scored <= {counted[code] for code in given}:
        return {name: counted[code] for name, code in named.items()}
    if given & set(instrument.items) and not given <= set(instrument.items):
        first, last = f"q{min(numbers)}", f"q{max(numbers)}"
        raise InputError(
            f"{first} could be the item that {instrument.name} prints as {first[1:]} or its "
            f"{first[1:]}st; give a column for every item, or name them {first} to {last}"
        )
    return {}


def _answers(
    instrument: Instrument, table: SourceTable, columns: Mapping[str, str]
) -> tuple[list[dict[str, int | None]], list[Problem]]:
    """Read the items that are scored; what stands in another item's cell changes no score."""
    scored = {item for scale in instrument.scales for item in (*scale.items, *scale.unless)}
    used = {column: code for column, code in columns.items() if code in scored}
    names = {code: column for column, code in used.items()}
    rows: list[dict[str, int | None]] = []
    problems: list[Problem] = []
    for row in table.rows:
        answers: dict[str, int | None] = {}
        for column, code in used.items():
            text = given(row.cells[column])
            try:
                answers[code] = None if text is None else ANSWER(text)
            except CellError as error:
                problems.append(Problem(row.line, column, error.reason, error.mend))
        problems += [
            Problem(row.line, names[found.item], found.reason, "correct the cell or leave it empty")
            for found in check_answers(instrument, answers)
        ]
        rows.append(answers)
    return rows, problems


def _write(out: Path, instrument: Instrument, rows: list[dict[str, int | None]]) -> None:
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(instrument.codes)
        profiles = {s.code for s in instrument.scales if s.direction is Direction.DIGITS}
        whole = [code in profiles for code in instrument.codes]
        for answers in rows:
            scores = scores_of(instrument, answers)
            values = (scores[code] for code in instrument.codes)
            cells = zip(values, whole, strict=True)
            writer.writerow(_cell(value, is_whole) for value, is_whole in cells)


def _cell(value: float | None, is_whole: bool) -> str:
    """Keep every digit, so that reading the file gives the same number back."""
    if value is None:
        return ""
    return f"{value:.0f}" if is_whole else repr(value)

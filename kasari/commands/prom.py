"""`kasari prom`: score questionnaires from a file, as the archive does."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway.domain.clinical import CellError, Problem, SourceTable, TableError, read_table
from gateway.domain.clinical.cells import given, to_whole
from harmonizer.data.instruments import load_instrument, load_instruments
from harmonizer.domain.proms import Instrument, check_answers
from harmonizer.domain.proms import score as scores_of
from kasari.errors import InputError

app = typer.Typer(no_args_is_help=True, help="Patient-reported outcomes: instruments and scores.")
console = Console(stderr=True)
ANSWER = to_whole(0, 1000)
SHOWN = 20


@app.command("list")
def list_instruments() -> None:
    """List the instruments: id, version, number of items, codes of the scores."""
    for instrument in load_instruments().values():
        codes = " ".join(instrument.codes)
        typer.echo(f"{instrument.id}\t{instrument.version}\t{len(instrument.items)}\t{codes}")


@app.command()
def score(
    instrument: Annotated[str, typer.Option(help="Id of the instrument, e.g. qlq-c30.")],
    source: Annotated[Path, typer.Option("--in", help="CSV with one column per item: q1, q2 ...")],
    out: Annotated[Path, typer.Option(help="CSV to write: one row per row, one column per score.")],
) -> None:
    """Score a file of answers. An empty cell is a missing answer, an empty score a missing one.

    Example: kasari prom score --instrument qlq-c30 --in answers.csv --out scores.csv
    """
    try:
        chosen = load_instrument(instrument)
        table = read_table(source.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {source}: {error.strerror}; give a readable file") from error
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
    _write(out, chosen, rows)


def _item_columns(instrument: Instrument, table: SourceTable) -> Mapping[str, str]:
    """Return the item code by column; warns of items without a column."""
    columns = {name: code for name in table.columns if (code := _code(name)) in instrument.items}
    absent = [code for code in instrument.items if code not in columns.values()]
    if not columns:
        raise InputError(f"no column is an item of {instrument.name}; name them q1, q2 and so on")
    if absent:
        console.print(f"no column for {', '.join(absent)}: counted as not answered")
    return columns


def _code(column: str) -> str:
    letters = column.rstrip("0123456789abcde")
    number = column[len(letters) :].lstrip("0")
    return f"q{number}" if letters in {"q", "q_", "item", "item_"} and number else column


def _answers(
    instrument: Instrument, table: SourceTable, columns: Mapping[str, str]
) -> tuple[list[dict[str, int | None]], list[Problem]]:
    rows: list[dict[str, int | None]] = []
    problems: list[Problem] = []
    for row in table.rows:
        answers: dict[str, int | None] = {}
        for column, code in columns.items():
            text = given(row.cells[column])
            try:
                answers[code] = None if text is None else ANSWER(text)
            except CellError as error:
                problems.append(Problem(row.line, column, error.reason, error.mend))
        problems += [
            Problem(row.line, found.item, found.reason, "correct the cell or leave it empty")
            for found in check_answers(instrument, answers)
        ]
        rows.append(answers)
    return rows, problems


def _write(out: Path, instrument: Instrument, rows: list[dict[str, int | None]]) -> None:
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(instrument.codes)
        for answers in rows:
            scores = scores_of(instrument, answers)
            values = (scores[code] for code in instrument.codes)
            # repr keeps every digit, so that reading the file gives the same number back
            writer.writerow("" if value is None else repr(value) for value in values)

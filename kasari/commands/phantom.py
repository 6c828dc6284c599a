"""`kasari phantom`: a generated cohort with known truth."""

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kasari.errors import InputError
from kasari.options import AsJson
from kasari.phantom import CohortSummary, generate_cohort


def command(
    patients: Annotated[int, typer.Option(min=1, help="How many patients.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same files.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder to write; empty or new.")],
    small: Annotated[bool, typer.Option("--small", help="Coarse grids, for tests.")] = False,
    centres: Annotated[str, typer.Option(help="Comma separated.")] = "KUH,Tyks",
    declined: Annotated[
        int | None, typer.Option(min=0, help="How many declined; else one in twelve.")
    ] = None,
    deviations: Annotated[int, typer.Option(min=0, help="In how many to plant an error.")] = 0,
    tables_only: Annotated[
        bool, typer.Option("--tables-only", help="Tables and truth, no DICOM.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Generate patients: images, structures, plans, doses, and tables whose truth is known.

    Example: kasari phantom --patients 4 --seed 1 --small --out cohort
    """
    names = _centres(centres)
    if out.is_dir() and any(out.iterdir()):
        raise InputError(f"the folder {out.name} is not empty; name a new one")
    wanted = partial(
        generate_cohort,
        out,
        patients,
        seed,
        centres=names,
        small=small,
        declined=declined,
        deviations=deviations,
        tables_only=tables_only,
    )
    with _bar(disable=as_json) as bar:
        task = bar.add_task("patients", total=patients)
        try:
            summary = wanted(progress=lambda done, _: bar.update(task, completed=done))
        except OSError as error:
            raise InputError(f"cannot write into {out.name}: {error.strerror}") from error
    typer.echo(_json(summary) if as_json else _told(summary))


def _centres(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names or any(not name.isalnum() for name in names) or len(set(names)) < len(names):
        raise typer.BadParameter("give different names of letters and digits")
    return names


def _bar(*, disable: bool) -> Progress:
    return Progress(
        TextColumn("Generating patients"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=disable,
    )


def _json(summary: CohortSummary) -> str:
    return json.dumps({**asdict(summary), "folder": str(summary.folder)}, ensure_ascii=False)


def _told(summary: CohortSummary) -> str:
    where = ", ".join(f"{count} at {name}" for name, count in summary.by_centre.items())
    what = ", ".join(f"{count} {name}" for name, count in summary.by_site.items())
    size = f"{summary.files} files, {summary.bytes / 1e6:.0f} MB"
    who = f"{summary.patients} patients ({where}; {what}), {summary.declined} declined"
    return f"{who}: {size} in {summary.folder}"

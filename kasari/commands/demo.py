"""`kasari demo`: the main job on real input, shown and checked."""

import json
import signal
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from kasari.commands.up import show, stay
from kasari.demo import Demo, Outcome, Wish
from kasari.demo.running import check_folder, remember_wish
from kasari.options import AsJson
from kasari.setup import OWN_FOLDER
from kasari.stack import Stack, stop_stack

DEFAULT_FOLDER: Final = OWN_FOLDER / "demo"
console = Console(stderr=True)


def command(
    leave: Annotated[
        bool, typer.Option("--exit", help="Check the result and stop; exit code 0 if all is well.")
    ] = False,
    patients: Annotated[int, typer.Option(min=1, max=200, help="Of the generated cohort.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another cohort.")] = 5,
    data: Annotated[
        Path, typer.Option(help="Folder that keeps the demo's data.", show_default=False)
    ] = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Two hospitals, an archive, a public course and a generated cohort, from C-STORE to a query.

    Runs until Ctrl-C. A second start takes seconds and changes no count.
    Example: kasari demo --exit
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    check_folder(data)
    remember_wish(data, patients, seed)
    demo = Demo(Wish(data, patients, seed), console)
    try:
        outcome = demo.run()
        problems = list(outcome.problems())
        if as_json:
            typer.echo(json.dumps(outcome.as_json(), indent=2))
        else:
            _show(outcome, demo.stack)
        for problem in problems:
            console.print(problem, markup=False, style="red")
        if leave:
            raise typer.Exit(1 if problems else 0)
        console.print("running; Ctrl-C stops it")
        stay(demo.stack)
    finally:
        stop_stack(data / "stack")


def _show(outcome: Outcome, stack: Stack) -> None:
    plain = Console(soft_wrap=True)
    plain.print(outcome.table())
    for sentence in outcome.sentences():
        plain.print(sentence, markup=False, highlight=False)
    show(stack)
    plain.print(f"the query: {outcome.answer.address}", markup=False, highlight=False)

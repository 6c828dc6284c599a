"""`kasari up`: start the stack on this machine and leave it running."""

import json
import signal
import time
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from kasari.errors import StackError
from kasari.options import AsJson
from kasari.stack import DEFAULT_FOLDER, Stack, publish, start_stack, stop_stack
from kasari.tables import print_table

NAMED: Final = ("KUH", "Tyks", "TAYS", "OYS", "HUS")
MOST: Final = 20
LOOK_EVERY_S: Final = 1.0
console = Console(stderr=True)


def command(
    centres: Annotated[int, typer.Option(min=1, max=MOST, help="How many hospitals.")] = 2,
    data: Annotated[
        Path,
        typer.Option(
            help="Folder that keeps everything; else .kasari/data in the checkout.",
            show_default=False,
        ),
    ] = DEFAULT_FOLDER,
    foreground: Annotated[
        bool, typer.Option(help="Stay, start again what dies, stop all of it on Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start hospitals and the archive on loopback ports. A second start does only what is missing.

    Example: kasari up --centres 2
    """
    with console.status("starting ...") as status:
        stack = start_stack(data, centre_names(centres), status.update)
    publish(stack)
    if as_json:
        typer.echo(json.dumps(stack.description(), indent=2))
    else:
        show(stack)
    if foreground:
        stay(stack)


def centre_names(count: int) -> tuple[str, ...]:
    """Return so many names: known ones first, then numbered ones."""
    numbered = (f"centre{number:02d}" for number in range(len(NAMED) + 1, MOST + 1))
    return (*NAMED, *numbered)[:count]


def show(stack: Stack) -> None:
    """What runs where, as a table for a person."""
    rows = [("archive", stack.archive_url, stack.reader_token_file())]
    for centre in stack.centres.values():
        address = f"{centre.gateway_url}\nDICOM {centre.ae_title} at port {centre.dicom_port}"
        rows.append((centre.name, address, centre.operator_token_file))
    print_table(("what", "where", "sign in with"), rows)


def stay(stack: Stack) -> None:
    """Keep it running until Ctrl-C, or SIGTERM, by which a service manager asks."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            try:
                for name in stack.ensure_running():
                    console.print(f"{name} had ended and was started again", markup=False)
            except StackError as error:
                console.print(str(error), markup=False)
            time.sleep(LOOK_EVERY_S)
    except KeyboardInterrupt:
        console.print("stopping ...")
        stop_stack(stack.folder)

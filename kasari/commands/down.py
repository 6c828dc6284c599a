"""`kasari down`: stop the stack; its data stay."""

import typer

from kasari.setup.options import DataFolder
from kasari.stack import DEFAULT_FOLDER, stop_stack


def command(data: DataFolder = None) -> None:
    """Stop every process of the stack. Its data stay where they are.

    Example: kasari down
    """
    stopped = stop_stack(data or DEFAULT_FOLDER)
    typer.echo(f"stopped: {', '.join(stopped)}" if stopped else "nothing ran")

"""`kasari down`: stop the stack; its data stay."""

import typer

from kasari.options import DataFolder
from kasari.stack import chosen_folder, stop_stack


def command(data: DataFolder = None) -> None:
    """Stop every process of the stack. Its data stay where they are.

    Example: kasari down
    """
    folder = chosen_folder(data)
    stopped = stop_stack(folder)
    typer.echo(f"stopped: {', '.join(stopped)}" if stopped else f"nothing ran in {folder}")

"""`kasari push`: send a folder of DICOM to a centre, as its treatment planning system would."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.contract.dimse import DimseStatus
from kasari.errors import StackError
from kasari.options import AsJson, DataFolder
from kasari.push import Found, Ledger, Outcome, destination, find_files, ledger_file, push
from kasari.stack import Stack, chosen_folder, open_stack

SKIPPED_EXIT: Final = 3
REFUSED_EXIT: Final = 4
SHOWN: Final = 20
MEANING: Final[dict[int, str]] = {
    DimseStatus.PROCESSING_FAILURE: "could not be processed",
    DimseStatus.SOP_CLASS_NOT_SUPPORTED: "a kind of object that is not accepted",
    DimseStatus.NOT_AUTHORIZED: "no consent",
    DimseStatus.OUT_OF_RESOURCES: "not now: send again later",
    DimseStatus.DATA_SET_DOES_NOT_MATCH_SOP_CLASS: "the object does not say what or whose it is",
    DimseStatus.CANNOT_UNDERSTAND: "the object cannot be understood",
}
console = Console(stderr=True)


def command(
    folder: Annotated[Path, typer.Argument(help="A folder of DICOM files, at any depth.")],
    centre: Annotated[str, typer.Option(help="The centre, e.g. KUH.")],
    associations: Annotated[int, typer.Option(min=1, max=8, help="How many at once.")] = 2,
    again: Annotated[bool, typer.Option(help="Send also what was acknowledged before.")] = False,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Send every DICOM file below a folder; one that broke off goes on where it stopped.

    Exit code 3: files that are no whole DICOM were skipped. 4: objects were refused.
    Example: kasari push --centre KUH /data/export
    """
    stack = open_stack(chosen_folder(data))
    found, outcome = push_folder(stack, centre, folder, associations=associations, again=again)
    if as_json:
        typer.echo(json.dumps(as_values(found, outcome), indent=2))
    else:
        _show(found, outcome)
    if outcome.refused:
        raise typer.Exit(REFUSED_EXIT)
    if found.skipped:
        raise typer.Exit(SKIPPED_EXIT)


def push_folder(
    stack: Stack, centre: str, folder: Path, *, associations: int = 2, again: bool = False
) -> tuple[Found, Outcome]:
    """Send a folder to a centre of a running stack, with a progress bar."""
    to = destination(stack, centre)
    if stack.processes()[f"orthanc-{centre}"] is None:
        raise StackError(f"the site Orthanc of {centre} does not run; start it with `kasari up`")
    with console.status(f"looking at {folder} ..."):
        found = find_files(folder)
    path = ledger_file(stack, centre)
    if again:
        path.unlink(missing_ok=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task(centre, total=sum(file.size for file in found.files))
        outcome = push(
            found.files,
            to,
            Ledger(path),
            associations,
            lambda file: progress.advance(task, file.size),
        )
    return found, outcome


def as_values(found: Found, outcome: Outcome) -> dict[str, Any]:
    return {
        "sent": outcome.sent,
        "sent_bytes": outcome.sent_bytes,
        "acknowledged_before": outcome.known,
        "refused": {f"0x{status:04X}": count for status, count in outcome.counts().items()},
        "skipped": {str(path): why for path, why in found.skipped.items()},
        "seconds": round(outcome.seconds, 3),
    }


def _show(found: Found, outcome: Outcome) -> None:
    for path, why in list(found.skipped.items())[:SHOWN]:
        console.print(f"skipped: {path}: {why}", markup=False, soft_wrap=True)
    if len(found.skipped) > SHOWN:
        console.print(f"skipped: {len(found.skipped) - SHOWN} more files; --json names them all")
    for status, count in outcome.counts().items():
        meaning = MEANING.get(status) or MEANING.get(status & 0xFF00) or "refused"
        typer.echo(f"{count} refused with 0x{status:04X}: {meaning}")
    typer.echo(
        f"{outcome.sent} stored ({outcome.sent_bytes / 1e6:.1f} MB in {outcome.seconds:.1f} s), "
        f"{outcome.known} acknowledged before, {len(found.skipped)} skipped"
    )

"""The audit of a gateway, out to the hospital's own log collection."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import typer

from gateway.adapters.audit import SqlAudit
from gateway.adapters.clock import SystemClock
from gateway.config import Settings
from gateway.domain.audit_event import as_fhir
from gateway.domain.audit_message import as_dicom
from gateway.errors import TamperedError
from gateway.opening import open_database
from kasari.doors import settings
from kasari.errors import InputError
from kasari.files import written_whole
from kasari.options import Centre, Gateways


class Form(StrEnum):
    """As what events leave."""

    FHIR = "fhir"
    DICOM = "dicom"


app = typer.Typer(no_args_is_help=True, help="The audit: export it.")


@app.callback()
def about() -> None:
    """The audit, out to the hospital's own log collection; `kasari audit verify` checks it."""


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="The file to write, one event a line.")],
    centre: Centre = "",
    where: Gateways = None,
    after: Annotated[int, typer.Option(help="Only events after this number.")] = 0,
    form: Annotated[Form, typer.Option("--format", help="FHIR, or DICOM PS3.15 A.5.")] = Form.FHIR,
) -> None:
    """Write events, one a line, readable by you only: FHIR R4 AuditEvent or DICOM audit messages.

    Example: kasari gateway audit export --out audit.xml --format dicom --centre KUH
    """
    chosen = settings(where, centre)
    if os.path.lexists(out):
        raise InputError(f"{out} cannot be written: it is there already; name another file")
    with written_whole(out) as part, _audit(chosen) as audit:
        part.unlink(missing_ok=True)  # of an export that was killed, and perhaps not for us only
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            count = _write(file, audit.events(after), chosen.centre, form)
    typer.echo(f"{out}: {count} events")


def _write(file: TextIO, events: Iterator[dict[str, str]], centre: str, form: Form) -> int:
    """Write the events. Returns how many."""
    count = 0
    try:
        for event in events:
            file.write(_written(event, centre, form) + "\n")
            count += 1
    except TamperedError as error:
        raise InputError(
            f"the audit is {error}, which cannot be read, so nothing was exported; compare it with "
            "a backup, and export what comes behind it with --after and its number"
        ) from None
    return count


def _written(event: dict[str, str], centre: str, form: Form) -> str:
    if form is Form.DICOM:
        return as_dicom(event, centre)
    return json.dumps(as_fhir(event, centre), ensure_ascii=False)


@contextmanager
def _audit(chosen: Settings) -> Iterator[SqlAudit]:
    engine = open_database(chosen)
    try:
        yield SqlAudit(engine, SystemClock())
    finally:
        engine.dispose()

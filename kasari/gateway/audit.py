"""The audit of a gateway: is its chain whole, and out to the hospital's own log collection."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from gateway.adapters.audit import SqlAudit
from gateway.adapters.clock import SystemClock
from gateway.config import Settings
from gateway.domain.audit_event import as_fhir
from gateway.opening import open_database
from kasari.errors import InputError
from kasari.gateway.local import Config, LocalCentre, settings

app = typer.Typer(no_args_is_help=True, help="The audit: verify its chain, export it.")


@app.command()
def verify(config: Config = None, centre: LocalCentre = None) -> None:
    """Check the chain; exit code 1 and the place if it is broken."""
    with _audit(settings(config, centre)) as audit:
        broken = audit.first_break()
    if broken is not None:
        raise InputError(f"the audit chain is broken at event {broken}")
    typer.echo("the audit chain is whole")


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="The file to write, one event a line.")],
    config: Config = None,
    centre: LocalCentre = None,
    after: Annotated[int, typer.Option(help="Only events after this number.")] = 0,
) -> None:
    """Write events as FHIR R4 AuditEvent, one JSON object a line, readable by you only.

    Example: kasari gateway audit export --out audit.ndjson --centre KUH --after 1200
    """
    chosen, count = settings(config, centre), 0
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file, _audit(chosen) as audit:
        for event in audit.events(after):
            file.write(json.dumps(as_fhir(event, chosen.centre), ensure_ascii=False) + "\n")
            count += 1
    typer.echo(f"{out}: {count} events")


@contextmanager
def _audit(chosen: Settings) -> Iterator[SqlAudit]:
    engine = open_database(chosen)
    try:
        yield SqlAudit(engine, SystemClock())
    finally:
        engine.dispose()

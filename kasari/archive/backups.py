"""Backup and restore of the harmonizer's database."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from harmonizer.adapters.audit import SqlAudit
from harmonizer.adapters.clock import SystemClock
from harmonizer.app import open_database
from harmonizer.config import Settings, load_settings
from kasari.backups.keeping import database_file, put_back, read_about, write_backup
from kasari.backups.running import refuse_if_running
from kasari.errors import InputError
from kasari.setup.options import DataFolder
from kasari.stack import chosen_folder

KIND: Final = "harmonizer"
Config = Annotated[
    Path | None, typer.Option(help="The settings, harmonizer.yml; else the local stack's.")
]


def backup(
    out: Annotated[Path, typer.Option(help="The file to write.")],
    config: Config = None,
    data: DataFolder = None,
) -> None:
    """Save the harmonizer's database while it runs; the objects are Orthanc's to save.

    Example: kasari archive backup --out archive.tar
    """
    chosen = _settings(config, data)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    about = {"kind": KIND, "name": chosen.public_url, "made_at": made}
    size = write_backup(out, database_file(chosen.database), about, {})
    typer.echo(f"{out}: {size / 1e6:.1f} MB. Save the archive's Orthanc (store and index) as well.")


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    config: Config = None,
    data: DataFolder = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put the database that is there aside.")
    ] = False,
) -> None:
    """Put a backup in place of a stopped harmonizer's database.

    What was delivered since is wanted again from the centres, or found in the store.
    Example: kasari archive restore archive.tar --config harmonizer.yml
    """
    chosen, about = _settings(config, data), read_about(file)
    if about.get("kind") != KIND:
        raise InputError(f"{file} is a backup of {about.get('kind')} {about.get('name')}")
    refuse_if_running(chosen.listen.host, chosen.listen.port)
    database = database_file(chosen.database)
    aside = put_back(file, database, replace=replace, now=datetime.now(UTC))
    engine = open_database(chosen)
    try:
        broken = SqlAudit(engine, SystemClock()).first_break()
    finally:
        engine.dispose()
    typer.echo(f"restored what was saved at {about['made_at']}; start the harmonizer now")
    if aside:
        typer.echo(f"the database that was there: {aside}")
    if broken is not None:
        raise InputError(f"the audit chain of the backup is broken at event {broken}")


def _settings(config: Path | None, data: Path | None) -> Settings:
    return load_settings(config or chosen_folder(data) / "harmonizer" / "harmonizer.yml")

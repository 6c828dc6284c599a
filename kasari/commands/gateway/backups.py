"""Backup and restore of a gateway."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gateway.adapters import audit_seals
from gateway.adapters.audit import SqlAudit
from gateway.adapters.clock import SystemClock
from gateway.adapters.restore_mark import RestoreMark
from gateway.adapters.vault import SqlVault
from gateway.config import Settings
from gateway.opening import open_database, open_ring, open_seals
from gateway.service_lock import sole_user_of
from kasari.backups.keeping import (
    database_file,
    put_back,
    read_about,
    read_file,
    write_backup,
)
from kasari.doors import settings
from kasari.errors import InputError
from kasari.options import Centre, Gateways

KIND: Final = "gateway"
POLICY: Final = "policy.json"
SEALS: Final = audit_seals.FILE
WHAT_NOW: Final = (
    "Start the gateway now and import the consent lists of since: until then it takes in and sends "
    "nothing. Then resume sending: kasari gateway resume"
)
NO_KEY: Final = "The root key is NOT in it: without that key file nobody can read or restore it."


def backup(
    out: Annotated[Path, typer.Option(help="The file to write.")],
    centre: Centre = "",
    where: Gateways = None,
) -> None:
    """Save the database and the policy while the gateway runs. The root key is not in it.

    Example: kasari gateway backup --out kuh.tar --centre KUH
    """
    chosen = settings(where, centre)
    database = database_file(chosen.database)
    if database.is_file():
        _record(chosen, "backup")
    about = {
        "kind": KIND,
        "name": chosen.centre,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "key_id": open_ring(chosen).key_id,
    }
    beside = {POLICY: chosen.policy_file} if chosen.policy_file else {}
    if _seals(chosen).is_file():
        beside[SEALS] = _seals(chosen)
    size = write_backup(out, database, about, beside)
    typer.echo(f"{out}: {size / 1e6:.1f} MB. {NO_KEY}")


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    centre: Centre = "",
    where: Gateways = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put the database that is there aside.")
    ] = False,
) -> None:
    """Put a backup in place of a stopped gateway's database.

    At its next start the gateway compares itself with the site Orthanc, and waits for the consent
    lists of since the backup and for `kasari gateway resume`.
    Example: kasari gateway restore kuh.tar --config gateway.yml
    """
    chosen, about = settings(where, centre), read_about(file)
    if (about.get("kind"), about.get("name")) != (KIND, chosen.centre):
        raise InputError(f"{file} is a backup of {about.get('kind')} {about.get('name')}")
    if about.get("key_id") != open_ring(chosen).key_id:
        raise InputError("root_key_file: the backup was made with another key; bring that key")
    with sole_user_of(chosen.data_folder):
        aside = _put_back(file, chosen, about, replace=replace)
    typer.echo(f"restored what was saved at {about['made_at']}. {WHAT_NOW}")
    if aside:
        typer.echo(f"the database that was there: {aside}")


def _put_back(file: Path, chosen: Settings, about: dict[str, Any], *, replace: bool) -> Path | None:
    """Put everything of a backup in place. Returns where the database that was there lies now."""
    database, mark = database_file(chosen.database), RestoreMark(chosen.data_folder)
    # all of it is proven before anything is changed
    beside = {name: read_file(file, name) for name in (POLICY, SEALS) if name in about["sha256"]}
    aside = put_back(
        file,
        database,
        replace=replace,
        now=datetime.now(UTC),
        first=lambda: mark.leave(str(about.get("made_at", ""))),
    )
    _put_policy_back(beside.get(POLICY), chosen)
    _put_seals_back(beside.get(SEALS), chosen)
    _record(chosen, "restore")
    return aside


def _record(chosen: Settings, action: str) -> None:
    engine, ring = open_database(chosen), open_ring(chosen)
    try:
        keys = (ring.vault_key, ring.key_id, SystemClock(), ring.former_vault_keys)
        SqlVault(engine, *keys).check_key()
        SqlAudit(engine, SystemClock()).record(action, "local", "-")
        seals = open_seals(chosen, engine, ring, SystemClock())
        if action == "restore":
            seals.drop_later()
        seals.seal()
    finally:
        engine.dispose()


def _seals(chosen: Settings) -> Path:
    return chosen.data_folder / SEALS


def _put_seals_back(saved: bytes | None, chosen: Settings) -> None:
    """The seals of what was put aside are not of what was put back: they go aside as well."""
    path = _seals(chosen)
    if path.exists():
        path.rename(path.with_name(f"{SEALS}.before-{datetime.now(UTC):%Y%m%dT%H%M%S}"))
    if saved is not None:
        path.write_bytes(saved)
        path.chmod(0o600)


def _put_policy_back(saved: bytes | None, chosen: Settings) -> None:
    if saved is None or chosen.policy_file is None:
        return
    if not chosen.policy_file.exists():
        chosen.policy_file.write_bytes(saved)
    elif chosen.policy_file.read_bytes() != saved:
        typer.echo(f"{chosen.policy_file} differs from the policy that was saved; it stays")

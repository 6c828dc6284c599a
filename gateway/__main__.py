"""`python -m gateway`: serve, and the few things that setting a centre up needs."""

import argparse
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import uvicorn

from gateway.adapters.clock import SystemClock
from gateway.adapters.vault import SqlVault
from gateway.app import create_app, open_database, open_ring
from gateway.config import Settings, load_settings
from gateway.errors import GatewayError, TamperedError
from gateway.opening import verify_audit
from gateway.service_lock import sole_user_of
from gateway.tls import check_certificate


def serve(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Run the service until it is told to stop."""
    certificate = settings.listen.certificate
    if certificate is not None:
        check_certificate(certificate, "listen.certificate")
    with sole_user_of(settings.data_folder):
        uvicorn.run(
            create_app(settings),
            host=settings.listen.host,
            port=settings.listen.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            ssl_certfile=certificate,
            forwarded_allow_ips=list(settings.listen.trusted_proxies),
        )
    return 0


def write_site_keys(settings: Settings, arguments: argparse.Namespace) -> int:
    """Write the keys that the plugin may hold, readable by this user only."""
    text = open_ring(settings).site_keys().to_json()
    path: Path = arguments.out
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
    return 0


def show_identity(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Print what the archive must know of this centre. Nothing of it is secret."""
    ring = open_ring(settings)
    identity = {
        "centre": settings.centre,
        "public_key": ring.public_key_base64(),
        "public_key_id": ring.public_key_id,
    }
    sys.stdout.write(json.dumps(identity) + "\n")
    return 0


def reseal(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Seal what the vault holds under the newest root key. The service need not stop."""
    ring = open_ring(settings)
    vault = SqlVault(
        open_database(settings),
        ring.vault_key,
        ring.key_id,
        SystemClock(),
        ring.former_vault_keys,
    )
    vault.check_key()
    sys.stdout.write(f"{vault.reseal()} people sealed anew under key {ring.key_id}\n")
    return 0


def check_audit(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Check the audit chain and its seals: exit code 1 and the place if one is broken."""
    try:
        found = verify_audit(settings)
    except TamperedError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    sys.stdout.write(
        f"the audit is whole: {found.events} events, the first {found.sealed} sealed\n"
    )
    return 0


COMMANDS: dict[str, Callable[[Settings, argparse.Namespace], int]] = {
    "serve": serve,
    "site-keys": write_site_keys,
    "identity": show_identity,
    "reseal": reseal,
    "audit-verify": check_audit,
}


def main(words: list[str] | None = None) -> int:
    """Run one command; a wrong setting ends in one line on standard error and exit code 2."""
    parser = argparse.ArgumentParser(prog="python -m gateway")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run in COMMANDS.items():
        command = commands.add_parser(name, help=(run.__doc__ or "").split("\n")[0])
        command.add_argument("--config", type=Path, required=True, help="gateway.yml")
        if name == "site-keys":
            command.add_argument("--out", type=Path, required=True)
        if name == "identity":
            command.add_argument("--json", action="store_true", help="the only form there is")
    arguments = parser.parse_args(words)
    os.umask(0o077)  # databases and their logs are for this user only, in any folder
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # a warning of theirs may quote a value, and a PACS or a sender tells us original ones
    warnings.simplefilter("ignore")
    for quoting in ("pydicom", "pynetdicom"):
        logging.getLogger(quoting).setLevel(logging.CRITICAL)
    for noisy in ("httpx", "httpcore", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        return COMMANDS[arguments.command](load_settings(arguments.config), arguments)
    except GatewayError as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())

"""`python -m harmonizer`: serve, and check the audit trail."""

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import uvicorn

from harmonizer.adapters.audit import SqlAudit
from harmonizer.adapters.clock import SystemClock
from harmonizer.app import create_app, open_database
from harmonizer.config import Settings, load_settings
from harmonizer.errors import HarmonizerError
from harmonizer.service_lock import user_of


def serve(settings: Settings) -> int:
    """Run the service until it is told to stop."""
    with user_of(settings.data_folder):
        uvicorn.run(
            create_app(settings),
            host=settings.listen.host,
            port=settings.listen.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            forwarded_allow_ips=list(settings.listen.trusted_proxies),
        )
    return 0


def verify_audit(settings: Settings) -> int:
    """Check the audit chain: exit code 1 and the place if it is broken."""
    broken = SqlAudit(open_database(settings), SystemClock()).first_break()
    sys.stdout.write("the audit chain is whole\n" if broken is None else f"broken at {broken}\n")
    return 0 if broken is None else 1


COMMANDS: dict[str, Callable[[Settings], int]] = {"serve": serve, "audit-verify": verify_audit}


def main(words: list[str] | None = None) -> int:
    """Run one command; a wrong setting ends in one line on standard error and exit code 2."""
    parser = argparse.ArgumentParser(prog="python -m harmonizer")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run in COMMANDS.items():
        command = commands.add_parser(name, help=(run.__doc__ or "").split("\n")[0])
        command.add_argument("--config", type=Path, required=True, help="harmonizer.yml")
    arguments = parser.parse_args(words)
    os.umask(0o077)  # databases and their logs are for this user only, in any folder
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    warnings.simplefilter("ignore")  # pydicom's may quote a value
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    for noisy in ("httpx", "httpcore", "alembic", "apscheduler"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        return COMMANDS[arguments.command](load_settings(arguments.config))
    except HarmonizerError as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())

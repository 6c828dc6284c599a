"""The one command: every topic is a sub-command, one module each in `kasari.commands`."""

import logging
import os
import re
import sys
import traceback
import warnings
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from pkgutil import iter_modules
from typing import NoReturn

import typer

from gateway.errors import GatewayError
from harmonizer.errors import HarmonizerError
from kasari import commands
from kasari.errors import KasariError

OF_SERVERS = frozenset({"gateway", "archive", "audit"})
"""Words that may write a server's database, seals and settings: for this user only."""
KEEP_LINES = "\b"
"""Before lines that are not to be filled, for typer."""

app = typer.Typer(
    name="kasari",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
)


@app.callback()
def together() -> None:
    """The KaSARi radiotherapy archive: stack, demo, import and tools."""


def register(wanted: str | None) -> None:
    """Add `kasari/commands/<word>.py` as `kasari <word>`; all of them unless one is asked for.

    A module shows `app`, a group of commands, or `command`, a function, with `settings` of its
    context if it has any. Importing one only is
    what keeps a short command short.
    """
    words = sorted(module.name for module in iter_modules(commands.__path__))
    for word in [wanted] if wanted in words else words:
        module = import_module(f"kasari.commands.{word}")
        group = getattr(module, "app", None)
        if isinstance(group, typer.Typer):
            _set_examples_apart(group)
            app.add_typer(group, name=word)
        else:
            settings = getattr(module, "settings", None)
            text = with_examples(module.command.__doc__)
            app.command(word, help=text, context_settings=settings)(module.command)


def _set_examples_apart(group: typer.Typer) -> None:
    itself = group.registered_callback
    if itself is not None and itself.callback is not None:
        itself.help = with_examples(itself.callback.__doc__ or "")
    for command in group.registered_commands:
        if command.callback is not None:
            command.help = with_examples(command.callback.__doc__ or "")
    for part in group.registered_groups:
        if part.typer_instance is not None:
            _set_examples_apart(part.typer_instance)


def with_examples(text: str) -> str:
    """Return a help text whose examples stand at its end, a line each that can be copied."""
    clean = cleandoc(text)
    examples = [f"  {line.strip()}" for line in re.findall(r"Example: (.+)", clean)]
    said = re.sub(r" *Example: .+", "", clean).strip()
    if not examples:
        return said
    return "\n".join([said, "", KEEP_LINES, "Examples:", *examples])


def main() -> None:
    """Run the command line. An expected error is one line and exit code 1."""
    # a warning of theirs may quote a value of a file, and files here may be original ones
    warnings.simplefilter("ignore")
    for quoting in ("pydicom", "pynetdicom"):
        logging.getLogger(quoting).setLevel(logging.CRITICAL)
    word = sys.argv[1] if len(sys.argv) > 1 else None
    if word in OF_SERVERS:
        os.umask(0o077)
    register(word)
    try:
        app(prog_name="kasari")
    except (KasariError, GatewayError, HarmonizerError) as error:
        if "KASARI_TRACE" in os.environ:
            raise
        _end(str(error))
    except OSError as error:
        if "KASARI_TRACE" in os.environ:
            raise
        what = f"{error.filename}: " if error.filename else ""
        _end(f"{what}{error.strerror or type(error).__name__}; mend that, then try again")
    except Exception as error:  # what it says may quote a value of a file
        if "KASARI_TRACE" in os.environ:
            raise
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
        _end(f"this is a fault of the program ({where}); KASARI_TRACE=1 shows all of it")


def _end(text: str) -> NoReturn:
    from rich.console import Console  # what goes well needs none of it

    Console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(1) from None


if __name__ == "__main__":
    main()

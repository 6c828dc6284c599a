"""Asking the person at the keyboard for what must not stand on a command line.

What stands there, other users of the machine can read.
"""

import sys

import typer


def read_password(*, twice: bool = False) -> str:
    """Ask for a password without showing it, or read a line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=twice, err=True))
    return sys.stdin.readline().rstrip("\r\n")


def read_identifier(given: str, what: str) -> str:
    """Return an identifier, asked for or read as a line of standard input where none was given."""
    if given:
        return given
    if sys.stdin.isatty():
        return str(typer.prompt(what, err=True)).strip()
    return sys.stdin.readline().strip()

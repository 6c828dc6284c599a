"""Asking a centre's gateway over HTTP, with its operator token or a person's account."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer

from kasari.errors import InputError, StackError
from kasari.setup import OWN_FOLDER

Centre = Annotated[str, typer.Option(help="The centre, e.g. KUH.")]
StackFile = Annotated[Path, typer.Option(help="Where `kasari up` wrote what runs.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
STACK: Final = OWN_FOLDER / "stack.json"


def read_password(*, twice: bool = False) -> str:
    """Ask for a password without showing it, or read a line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=twice, err=True))
    return sys.stdin.readline().rstrip("\r\n")


def read_identifier(given: str, what: str) -> str:
    """Return an identifier, asked for or read as a line of standard input where none was given.

    What stands on a command line, other users of the machine can read.
    """
    if given:
        return given
    if sys.stdin.isatty():
        return str(typer.prompt(what, err=True)).strip()
    return sys.stdin.readline().strip()


def login(user: str) -> httpx.Auth:
    """Return how a person of the gateway's accounts logs in."""
    return httpx.BasicAuth(user, read_password())


def described(stack: Path) -> dict[str, Any]:
    """Return what `stack.json` holds."""
    try:
        found: dict[str, Any] = json.loads(stack.read_text("utf-8"))
        found["centres"].items()
    except (OSError, ValueError, KeyError, AttributeError):
        raise StackError("no stack runs here; start one with `kasari up`") from None
    return found


def ask(
    stack: Path,
    centre: str,
    method: str,
    path: str,
    body: Any = None,
    auth: httpx.Auth | None = None,
) -> Any:
    """Return a gateway's answer. With `auth` a person asks, else the operator token."""
    centres = described(stack)["centres"]
    if centre not in centres:
        raise InputError(f"no centre {centre} runs here; there are {', '.join(centres)}")
    place = centres[centre]
    token = Path(place["operator_token_file"]).read_text("utf-8").strip()
    headers = {} if auth else {"Authorization": f"Bearer {token}"}
    try:
        answer = httpx.request(
            method,
            place["gateway_url"] + path,
            json=body,
            headers=headers,
            auth=auth,
            timeout=60,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        raise StackError(
            f"the gateway of {centre} does not answer: {type(error).__name__}"
        ) from None
    if auth and answer.status_code == httpx.codes.UNAUTHORIZED:
        raise InputError("name or password is wrong")
    if answer.is_error:
        told = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        text = told.get("text") or told.get("detail")
        raise InputError(str(text or f"the gateway answered {answer.status_code}"))
    return answer.json() if answer.content else None

"""Asking a centre's gateway over HTTP, with its operator token or a person's account."""

import json
import ssl
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer

from gateway.config import Settings, load_settings
from kasari.errors import InputError, StackError
from kasari.setup import OWN_FOLDER

Centre = Annotated[
    str, typer.Option(help="The centre, e.g. KUH; may be left out where there is one.")
]
StackFile = Annotated[
    Path,
    typer.Option(
        "--stack",
        "--config",
        help="Where `kasari up` wrote what runs; or a gateway's settings, gateway.yml.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
STACK: Final = OWN_FOLDER / "stack.json"
EVERY_ADDRESS: Final = {"0.0.0.0", "::", "[::]"}  # noqa: S104 - compared, not bound to


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
    """Return what `stack.json` holds, or the same of the one gateway of a settings file."""
    if stack.suffix in {".yml", ".yaml"}:
        return _of_settings(load_settings(stack))
    try:
        found: dict[str, Any] = json.loads(stack.read_text("utf-8"))
        found["centres"].items()
    except (OSError, ValueError, KeyError, AttributeError):
        raise StackError("no stack runs here; start one with `kasari up`") from None
    return found


def _token(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except OSError as error:
        raise InputError(f"operator_token_file: {path} cannot be read: {error.strerror}") from None


def _of_settings(settings: Settings) -> dict[str, Any]:
    host = "127.0.0.1" if settings.listen.host in EVERY_ADDRESS else settings.listen.host
    certificate = settings.listen.certificate
    place = {
        "gateway_url": f"{'https' if certificate else 'http'}://{host}:{settings.listen.port}",
        "operator_token_file": str(settings.operator_token_file),
        "certificate": str(certificate) if certificate else None,
    }
    return {"centres": {settings.centre: place}}


def _trust(certificate: str | None) -> ssl.SSLContext | bool:
    """Take the gateway's own certificate and no other, whatever name stands in it."""
    if certificate is None:
        return True
    try:
        context = ssl.create_default_context(cafile=certificate)
    except OSError as error:
        raise InputError(f"listen.certificate: {certificate}: {error.strerror}") from None
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return context


def _place(stack: Path, centre: str) -> tuple[str, dict[str, Any]]:
    """Return a centre's name and how it is reached; the only one if none is named."""
    centres: dict[str, dict[str, Any]] = described(stack)["centres"]
    if not centre and len(centres) == 1:
        return next(iter(centres.items()))
    if centre not in centres:
        what = f"no centre {centre} runs here" if centre else "say which with --centre"
        raise InputError(f"{what}; there are {', '.join(centres)}")
    return centre, centres[centre]


def ask(
    stack: Path,
    centre: str,
    method: str,
    path: str,
    body: Any = None,
    auth: httpx.Auth | None = None,
) -> Any:
    """Return a gateway's answer. With `auth` a person asks, else the operator token."""
    centre, place = _place(stack, centre)
    token = _token(Path(place["operator_token_file"]))
    headers = {} if auth else {"Authorization": f"Bearer {token}"}
    try:
        answer = httpx.request(
            method,
            place["gateway_url"] + path,
            json=body,
            headers=headers,
            auth=auth,
            verify=_trust(place.get("certificate")),
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
        raise InputError(str(told.get("text") or f"the gateway answered {answer.status_code}"))
    return answer.json() if answer.content else None

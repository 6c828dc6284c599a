"""The doors to gateways and to the archive: where they are, and asking there over HTTP."""

import json
import ssl
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

import httpx

from gateway.config import Settings, load_settings
from kasari.errors import InputError, KasariError, StackError
from kasari.files import written_whole
from kasari.stack import Centre, chosen_folder, open_stack

PATIENCE_S: Final = 600.0
"""A long file may be read and checked for minutes before the first byte of an answer."""
CONNECT_S: Final = 10.0
LOOPBACK: Final = {"127.0.0.1", "localhost", "::1"}
EVERY_ADDRESS: Final = {"0.0.0.0", "::", "[::]"}  # noqa: S104 - compared, not bound to


@dataclass(frozen=True)
class Door:
    """A service, and who asks there: a token, or a person with name and password."""

    url: str
    token: str = field(default="", repr=False)
    what: str = "the archive"
    login: tuple[str, str] | None = field(default=None, repr=False)
    verify: ssl.SSLContext | bool = field(default=True, repr=False)
    transport: httpx.BaseTransport | None = field(default=None, repr=False)
    seconds: float = PATIENCE_S
    """How long it may take to answer."""

    def of_person(self, name: str, password: str) -> Self:
        """Return the same door for somebody with an account there."""
        return replace(self, login=(name, password))

    def soon(self, seconds: float) -> Self:
        """Return the same door for somebody who does not wait longer."""
        return replace(self, seconds=seconds)

    def json(self, method: str, path: str, *, also: Collection[int] = (), **how: Any) -> Any:
        """Return the answer. A report of what is wrong with a file is one, whatever its status.

        Parameters
        ----------
        also
            Statuses of errors that the caller takes as an answer.
        how
            `params`, `json` or `content`, as httpx has them.

        Raises
        ------
        StackError
            It does not answer, or cannot now.
        InputError
            It refuses, and says why.
        """
        with self._answer(method, path, how) as answer:
            told = self._read(answer)
        is_report = isinstance(told, dict) and "problems" in told
        if answer.is_success or answer.status_code in also or is_report:
            return told
        raise self._refusal(answer.status_code, told)

    def download(self, path: str, out: Path, params: Mapping[str, str] | None = None) -> None:
        """Write the answer to a file: whole, or not at all."""
        with written_whole(out) as part, self._answer("GET", path, {"params": params}) as answer:
            if not answer.is_success:
                raise self._refusal(answer.status_code, self._read(answer))
            with part.open("wb") as file:
                for chunk in answer.iter_bytes():
                    file.write(chunk)

    @contextmanager
    def _answer(self, method: str, path: str, how: dict[str, Any]) -> Iterator[httpx.Response]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            is_here = httpx.URL(self.url).host in LOOPBACK  # nothing stands between: no proxy
            with (
                httpx.Client(
                    base_url=self.url,
                    headers={} if self.login else headers,
                    auth=self.login,
                    timeout=httpx.Timeout(self.seconds, connect=CONNECT_S),
                    trust_env=not is_here,
                    verify=self.verify,
                    transport=self.transport,
                ) as client,
                client.stream(method, path, **how) as answer,
            ):
                yield answer
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # the type only: what it says may quote addresses and payloads
            text = f"{self.what} does not answer ({type(error).__name__}); does it run?"
            raise StackError(text) from None

    def _read(self, answer: httpx.Response) -> Any:
        content = answer.read()
        try:
            return json.loads(content) if content else None
        except ValueError:
            if answer.is_success:
                text = f"{self.what} does not speak like one; is {self.url} its address?"
                raise InputError(text) from None
            return None

    def _refusal(self, status: int, told: Any) -> KasariError:
        if self.login and status == httpx.codes.UNAUTHORIZED:
            return InputError("name or password is wrong")
        said = told if isinstance(told, dict) else {}
        texts = (said.get(name) for name in ("text", "detail"))
        text = next((one for one in texts if isinstance(one, str)), "")
        kind = StackError if status >= httpx.codes.INTERNAL_SERVER_ERROR else InputError
        return kind(text or f"{self.what} answered {status}")


def archive_door(
    url: str | None, token_file: Path | None, data: Path | None, role: str = "researcher"
) -> Door:
    """Return the archive that was named, else the local stack's, where one is that `role`."""
    if url is not None or token_file is not None:
        return _named("the archive", url, token_file)
    stack = open_stack(chosen_folder(data))
    return Door(stack.archive_url, read_token(stack.reader_token_file(role)))


def gateway_door(
    centre: str, where: Path | None, url: str | None = None, token_file: Path | None = None
) -> Door:
    """Return the gateway that was named, by its address or settings, else the local stack's."""
    if url is not None or token_file is not None:
        return _named("the gateway", url, token_file)
    name, place = _place(where, centre)
    token, trust = read_token(Path(place["operator_token_file"])), _trust(place.get("certificate"))
    return Door(place["gateway_url"], token, f"the gateway of {name}", verify=trust)


def door_of(centre: Centre) -> Door:
    """Return the gateway of a centre of a local stack."""
    return Door(
        centre.gateway_url, read_token(centre.operator_token_file), f"the gateway of {centre.name}"
    )


def site_here(centre: str, where: Path | None) -> Centre | None:
    """Return a centre of a local stack, whose Orthanc can be asked; None for a settings file."""
    told = described(where)
    if "data_folder" not in told:
        return None
    return open_stack(Path(told["data_folder"])).centre(_place(where, centre)[0])


def described(where: Path | None) -> dict[str, Any]:
    """Return what a `stack.json` holds, or the same of the one gateway of a settings file."""
    if where is not None and _is_settings(where):
        return _of_settings(load_settings(where))
    is_file = where is not None and where.suffix == ".json"
    path = where if where and is_file else chosen_folder(where) / "stack.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        found["centres"].items()
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise StackError(f"no stack runs in {path.parent}; start one with `kasari up`") from None
    return found


def settings(where: Path | None, centre: str) -> Settings:
    """Return a gateway's own settings, for what is done on the machine that it runs on."""
    name, _ = _place(where, centre)
    if where is not None and _is_settings(where):
        return load_settings(where)
    return load_settings(Path(described(where)["data_folder"]) / "centres" / name / "gateway.yml")


def read_token(path: Path) -> str:
    """Return what a token file holds."""
    try:
        token = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        text = f"{path}: the token file cannot be read ({type(error).__name__})"
        raise InputError(text) from None
    if not token.isprintable() or len(token.split()) != 1:
        raise InputError(f"{path}: must hold one token and nothing else")
    return token


def _named(what: str, url: str | None, token_file: Path | None) -> Door:
    if url is None or token_file is None:
        raise InputError("give --url and --token-file together, or neither for the local stack")
    if not url.startswith(("http://", "https://")):
        raise InputError("--url: must begin with https:// or http://")
    return Door(url, read_token(token_file), what)


def _is_settings(path: Path) -> bool:
    return path.suffix in {".yml", ".yaml"}


def _of_settings(found: Settings) -> dict[str, Any]:
    host = "127.0.0.1" if found.listen.host in EVERY_ADDRESS else found.listen.host
    certificate = found.listen.certificate
    place = {
        "gateway_url": f"{'https' if certificate else 'http'}://{host}:{found.listen.port}",
        "operator_token_file": str(found.operator_token_file),
        "certificate": str(certificate) if certificate else None,
    }
    return {"centres": {found.centre: place}}


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


def _place(where: Path | None, centre: str) -> tuple[str, dict[str, Any]]:
    """Return a centre's name and how it is reached; the only one if none is named."""
    centres: dict[str, dict[str, Any]] = described(where)["centres"]
    if not centre and len(centres) == 1:
        return next(iter(centres.items()))
    if centre not in centres:
        what = f"no centre {centre} runs here" if centre else "say which with --centre"
        raise InputError(f"{what}; there are {', '.join(centres)}")
    return centre, centres[centre]

"""Settings of the harmonizer, from one YAML file. Nothing else knows them."""

import stat
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from harmonizer.errors import ConfigError

SHORTEST_SECRET = 16
DEFAULT_SECRETS = {"changeme", "change-me", "orthanc", "password", "secret", "kasari"}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def _is_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise ValueError("must be http(s)://host:port without a user name")
    return value.rstrip("/")


LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_PLAIN = "must be https (or set allow_plain_http on a private network)"


def _is_plain(url: str) -> bool:
    """Whether what is said there can be read on the way between machines."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in LOOPBACK


Url = Annotated[str, AfterValidator(_is_url)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Listen(_Section):
    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65535)
    trusted_proxies: tuple[str, ...] = ("127.0.0.1",)
    """Who is believed when he says for whom he asks; "*" only where nobody else can connect.

    Wrong tokens are counted by address: without this, everybody's by the proxy's.
    """
    allow_plain_http: bool = False
    """Without a proxy that encrypts: only in a network that nobody else is in."""

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        behind = set(self.trusted_proxies) - LOOPBACK
        if self.host not in LOOPBACK and not behind and not self.allow_plain_http:
            raise ValueError(
                f"{self.host} is not this machine only: set trusted_proxies, the proxy in front "
                "that speaks TLS (or allow_plain_http on a private network)"
            )
        return self


class ArchiveOrthanc(_Section):
    url: Url
    username: str
    password_file: Path
    allow_plain_http: bool = False
    """Only for a network that nobody else is in, or that encrypts by itself."""

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        if _is_plain(self.url) and not self.allow_plain_http:
            raise ValueError(f"url {_PLAIN}")
        return self


class Centre(_Section):
    """A hospital that may store."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,16}$")]
    public_key: str
    """Base64 of the raw Ed25519 key: `python -m gateway identity` prints it."""
    former_public_keys: tuple[str, ...] = ()
    """Keys of before that still count, while a centre changes its root key."""
    token_file: Path

    @property
    def public_keys(self) -> tuple[str, ...]:
        return (self.public_key, *self.former_public_keys)


class Reader(_Section):
    """Somebody who may look."""

    name: Name
    role: Literal["researcher", "curator", "admin"]
    token_file: Path


class Settings(_Section):
    """The archive's front door. Paths are relative to the settings file."""

    data_folder: Path
    listen: Listen
    public_url: Url
    """How readers reach the service; QIDO's RetrieveURL begins with it."""
    database_url: str = ""
    archive_orthanc: ArchiveOrthanc
    centres: tuple[Centre, ...]
    readers: tuple[Reader, ...] = ()
    poll_seconds: float = Field(default=0.5, gt=0, le=3600)
    scan_minutes: float = Field(default=10.0, gt=0, le=1440)
    scrub_per_minute: int = Field(default=200, ge=1)
    """Stored instances read again and compared with their digests."""
    largest_instance_mb: int = Field(default=1024, ge=1)
    stores_per_centre: int = Field(default=2, ge=1, le=16)
    """STOW-RS requests of one centre that are read at the same time; the others wait."""

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_folder / 'harmonizer.db'}"

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        if _is_plain(self.public_url) and not self.listen.allow_plain_http:
            raise ValueError(f"public_url {_PLAIN.replace('allow', 'listen.allow')}")
        return self

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for kind, names in (
            ("centres", [centre.name for centre in self.centres]),
            ("readers", [reader.name for reader in self.readers]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"{kind}: each name once")
        return self


def load_settings(path: Path) -> Settings:
    """Read the settings file.

    Raises
    ------
    ConfigError
        In one line: which key is wrong and what it must be.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({type(error).__name__})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{where}: is not YAML") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: must hold keys and values")
    try:
        return Settings.model_validate(_absolute(content, path.resolve().parent))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {key}: {first['msg']}") from None


def _absolute(content: Any, folder: Path) -> Any:
    """Make the values of keys that end in `_file` or `_folder` absolute, at any depth."""
    if isinstance(content, list):
        return [_absolute(item, folder) for item in content]
    if not isinstance(content, dict):
        return content
    out: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, str) and str(key).endswith(("_file", "_folder")):
            out[key] = str(folder / Path(value).expanduser())
        else:
            out[key] = _absolute(value, folder)
    return out


def read_secret(path: Path, key: str) -> str:
    """Read a token or password file; refuse one that others may read or that is a default."""
    try:
        mode = path.stat().st_mode
        secret = path.read_text("utf-8", errors="replace").strip()
    except OSError as error:
        raise ConfigError(f"{key}: {path} cannot be read ({type(error).__name__})") from None
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigError(f"{key}: others may read {path}; run chmod 600 {path}")
    if len(secret) < SHORTEST_SECRET or secret.lower() in DEFAULT_SECRETS:
        raise ConfigError(f"{key}: {path} needs a random secret of >= {SHORTEST_SECRET} characters")
    return secret

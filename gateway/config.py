"""Settings of the gateway service, from one YAML file. Nothing else knows them."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from gateway.domain.consent import RESEARCH
from gateway.domain.submission import Window
from gateway.domain.validation import TEST_PATIENTS
from gateway.errors import ConfigError

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def _is_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise ValueError("must be http(s)://host:port without a user name")
    return value.rstrip("/")


Url = Annotated[str, AfterValidator(_is_url)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Listen(_Section):
    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65535)


class Console(Listen):
    """Where pages and API are, with their passwords and identities: encrypted, or here only."""

    certificate: Path | None = None
    """PEM with certificate and key: the port then speaks TLS only."""
    trusted_proxies: tuple[str, ...] = ("127.0.0.1",)
    """Proxies in front that speak TLS; "*" only where nobody else can connect."""

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        behind = set(self.trusted_proxies) - LOOPBACK
        if self.host not in LOOPBACK and not self.certificate and not behind:
            raise ValueError(
                f"{self.host} is not this machine only: set certificate, or trusted_proxies if a "
                "proxy in front speaks TLS"
            )
        return self


class _Peer(_Section):
    """Another process that is called with a password or token: encrypted, or on this machine."""

    url: Url
    allow_plain_http: bool = False
    """Only for a network that nobody else is in, or that encrypts by itself."""

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme == "http" and parts.hostname not in LOOPBACK and not self.allow_plain_http:
            raise ValueError("url must be https (or set allow_plain_http on a private network)")
        return self


class SiteOrthanc(_Peer):
    username: str
    password_file: Path


class ArchiveDoor(_Peer):
    token_file: Path
    ca_file: Path | None = None
    client_certificate: Path | None = None
    """PEM with the centre's certificate and its key."""


class Disk(_Section):
    """When intake stops. Sending goes on."""

    full_percent: float = Field(default=90.0, ge=1, le=100)
    reserve_gb: float = Field(default=1.0, ge=0)
    orthanc_folder: Path | None = None
    """The site Orthanc's storage, if it is on this machine; watched beside `data_folder`."""


def _is_window(value: str) -> str:
    Window.parse(value)
    return value


def _is_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error:
        raise ValueError("must be a regular expression") from None
    return value


def _is_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("must be a time zone like Europe/Helsinki") from None
    return value


class Sending(_Section):
    """How fast and when objects leave."""

    megabytes_per_second: float | None = Field(default=None, gt=0)
    windows: tuple[Annotated[str, AfterValidator(_is_window)], ...] = ()
    """Local times, e.g. `20:00-06:00`; without any, at every time."""
    time_zone: Annotated[str, AfterValidator(_is_zone)] = "Europe/Helsinki"


class Sender(_Section):
    """A system that may call the DICOM port."""

    aet: str = Field(pattern=r"^[ -\[\]-~]{1,16}$")
    host: str = Field(min_length=1)
    """Its address, or a name that leads to it."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """Its own DICOM port, where it hears the answers to storage commitment."""
    tls: bool | None = None
    """Whether that port is called by TLS; as `dicom.certificate` says if this does not."""
    ca_file: Path | None = None
    """PEM: who signs its certificate; `dicom.senders_ca_file` if not set."""
    certificate_name: str = ""
    """The name in its certificate, if that is not `host`."""


class DicomDoor(_Section):
    """The DICOM port that senders see. The site Orthanc's own must be reachable by us only."""

    ae_title: str = Field(pattern=r"^[ -\[\]-~]{1,16}$")
    listen: Listen
    orthanc_host: str = "127.0.0.1"
    orthanc_port: int = Field(ge=1, le=65535)
    senders: tuple[Sender, ...] = ()
    senders_file: Path | None = None
    """JSON with `DicomModalities`, as Orthanc reads it; beside `senders`."""
    certificate: Path | None = None
    """PEM with certificate and key: the port then speaks TLS only."""
    senders_ca_file: Path | None = None
    """PEM: whoever calls by TLS must show a certificate of these."""
    commitment_hours: float = Field(default=72.0, gt=0, le=24 * 365)
    """How long a request for storage commitment may wait for the archive's read-back."""

    @model_validator(mode="after")
    def _both_sides(self) -> Self:
        if self.certificate and not self.senders_ca_file:
            raise ValueError("senders_ca_file: name who signs the senders' certificates")
        return self


class Collection(_Section):
    """Fetching what is missing of consented patients from a PACS or OIS."""

    pacs: Sender
    """It must be one of `dicom.senders` too: what it sends comes by the same door."""
    ae_title: str = ""
    """By which we ask; empty for `dicom.ae_title`, to which the PACS sends."""
    cron: str = "0 20-23,0-5 * * *"
    time_zone: Annotated[str, AfterValidator(_is_zone)] = "Europe/Helsinki"
    instances_per_hour: int = Field(default=5000, ge=1)
    patients_per_run: int = Field(default=200, ge=1)
    again_hours: float = Field(default=20.0, ge=0)
    quiet_days: int = Field(default=7, ge=0)
    """Treatment records are fetched when none was made for so long."""


class Settings(_Section):
    """One centre's gateway. Paths are relative to the settings file."""

    centre: str = Field(pattern=r"^[A-Za-z0-9_-]{1,16}$")
    data_folder: Path
    listen: Console
    database_url: str = ""
    root_key_file: Path
    former_root_key_files: tuple[Path, ...] = ()
    """Root keys of before, the oldest first: identities come from it, and old seals are read."""
    site_orthanc: SiteOrthanc
    archive: ArchiveDoor
    plugin_token_file: Path
    operator_token_file: Path
    settle_seconds: float = Field(default=1.0, ge=0, le=86_400)
    poll_seconds: float = Field(default=0.5, gt=0, le=3600)
    canary_minutes: float = Field(default=10.0, gt=0, le=1440)
    on_withdrawal: Literal["erase", "stop"] = "erase"
    """What happens to objects stored here; in both cases nothing more is sent."""
    after_death: Literal["continue", "stop"] = "continue"
    """Whether a consent outlives the patient."""
    consent_scopes: tuple[str, ...] = Field(default=(RESEARCH,), min_length=1)
    """Of consent lists, these scopes count as consent to this archive; others are not taken."""
    patient_identifier_system: str = ""
    """FHIR: the system of the identifiers that objects carry; empty for whichever comes first."""
    unknown_patients: Literal["refuse", "hold"] = "refuse"
    """Refuse whoever is in no consent list, or keep it here, pseudonymized, for `hold_days`."""
    hold_days: int = Field(default=30, ge=1, le=365)
    senders: int = Field(default=2, ge=1, le=16)
    course_needs: tuple[str, ...] = ("planning-image", "structures", "plan", "dose")
    waiting_minutes: dict[str, float] = Field(default_factory=dict)
    """By reason, e.g. `images-missing: 60`: so long it may come before a person is asked."""
    test_patients: tuple[Annotated[str, AfterValidator(_is_pattern)], ...] = TEST_PATIENTS
    """Patterns of identifiers and names of patients that are none."""
    rule_severities: dict[str, str] = Field(default_factory=dict)
    policy_file: Path | None = None
    inbox_folder: Path | None = None
    """Clinical files that are put into its subfolders are imported."""
    inbox_keep_days: int = Field(default=30, ge=0, le=3650)
    """How long a file stays there after it was imported or refused; 0 deletes it at once."""
    dicom: DicomDoor | None = None
    """Without it, the DICOM port is the site Orthanc's own and nothing closes it."""
    collection: Collection | None = None
    disk: Disk = Disk()
    sending: Sending = Sending()

    @model_validator(mode="after")
    def _collects_by_the_door(self) -> Self:
        if self.collection is not None and self.dicom is None:
            raise ValueError("collection: needs the section dicom, to which the PACS sends")
        return self

    @property
    def secrets(self) -> dict[str, Path]:
        """Every file that holds a secret, by what it is."""
        found = {
            "root key": self.root_key_file,
            "site Orthanc's password": self.site_orthanc.password_file,
            "archive's token": self.archive.token_file,
            "plugin's token": self.plugin_token_file,
            "operator's token": self.operator_token_file,
        }
        if self.archive.client_certificate is not None:
            found["client certificate"] = self.archive.client_certificate
        return found | self.port_certificates

    @property
    def port_certificates(self) -> dict[str, Path]:
        """What the gateway shows to those who call it; keys are in the same files."""
        shown = {
            "console's certificate": self.listen.certificate,
            "DICOM certificate": self.dicom.certificate if self.dicom else None,
        }
        return {name: path for name, path in shown.items() if path is not None}

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_folder / 'gateway.db'}"


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
        settings = Settings.model_validate(_absolute(content, path.resolve().parent))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {key}: {first['msg']}") from None
    return settings


def _absolute(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Make paths absolute: keys that end in `_file`, `_files`, `_folder` or `certificate`."""
    out: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            out[key] = _absolute(value, folder)
        elif isinstance(value, str) and key.endswith(("_file", "_folder", "certificate")):
            out[key] = str(folder / Path(value).expanduser())
        elif isinstance(value, list) and key.endswith("_files"):
            out[key] = [str(folder / Path(str(one)).expanduser()) for one in value]
        elif isinstance(value, list):
            out[key] = [_absolute(one, folder) if isinstance(one, dict) else one for one in value]
        else:
            out[key] = value
    return out


def read_senders(door: DicomDoor) -> tuple[Sender, ...]:
    """Return who may call: what the settings list, and what Orthanc's own list says.

    Raises
    ------
    ConfigError
        `senders_file` is not JSON as Orthanc reads it.
    """
    path = door.senders_file
    if path is None:
        return door.senders
    try:
        listed = json.loads(path.read_text("utf-8"))["DicomModalities"].values()
        found = [
            Sender(
                aet=one["AET"], host=one["Host"], port=one.get("Port"), tls=one.get("UseDicomTls")
            )
            for one in listed
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"dicom.senders_file: {path} must hold DicomModalities, each with AET, Host and Port "
            f"({type(error).__name__})"
        ) from None
    return (*door.senders, *found)

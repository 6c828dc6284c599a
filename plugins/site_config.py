"""What the plugin of the site's Orthanc is told by its settings file."""

import json
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import ConfigError


@dataclass(frozen=True)
class SiteSettings:
    """What the plugin is told by the JSON file that Orthanc's configuration names."""

    gateway_url: str
    gateway_token_file: Path
    site_keys_file: Path
    policy_file: Path | None
    gateway_ca_file: Path | None = None
    allow_plain_http: bool = False
    """The gateway is on another machine, in a network that nobody else is in."""


def read_settings(path: Path) -> SiteSettings:
    """Read the file; paths in it are relative to its folder.

    Raises
    ------
    ConfigError
        When it cannot be read or misses a key.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
        policy, trusted = values.get("policy_file"), values.get("gateway_ca_file")
        return SiteSettings(
            gateway_url=str(values["gateway_url"]),
            gateway_token_file=path.parent / values["gateway_token_file"],
            site_keys_file=path.parent / values["site_keys_file"],
            policy_file=path.parent / policy if policy else None,
            gateway_ca_file=path.parent / trusted if trusted else None,
            allow_plain_http=values.get("allow_plain_http") is True,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path.name}: {type(error).__name__}: see docs/operating.md") from error

"""Reading a certificate's dates."""

from datetime import datetime
from pathlib import Path

from cryptography import x509

from gateway.errors import ConfigError


def end_of(path: Path, key: str = "archive.client_certificate") -> datetime:
    """Return when the first certificate of a PEM file ends, in UTC. `key` is its setting."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0].not_valid_after_utc
    except (OSError, ValueError) as error:
        raise ConfigError(f"{key}: {type(error).__name__}; give a PEM file") from None

"""Reading a client certificate's dates."""

from datetime import datetime
from pathlib import Path

from cryptography import x509

from gateway.errors import ConfigError


def end_of(path: Path) -> datetime:
    """Return when the first certificate of a PEM file ends, in UTC."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0].not_valid_after_utc
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"archive.client_certificate: {type(error).__name__}; give a PEM file"
        ) from None

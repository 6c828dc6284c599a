"""TLS of the ports that we open, and of the DICOM ports that we call."""

import ssl
from pathlib import Path

from gateway.config import DicomDoor, Sender
from gateway.errors import ConfigError
from gateway.secret_files import read_private

Tls = tuple[ssl.SSLContext, str]
"""How a peer is called, and the name that its certificate must bear."""


def door_context(door: DicomDoor) -> ssl.SSLContext | None:
    """Return how senders are heard: with a certificate of theirs, or None without TLS."""
    if door.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    _show(context, door.certificate, "dicom.certificate")
    _trust(context, door.senders_ca_file, "dicom.senders_ca_file")
    return context


def peer_tls(peer: Sender, door: DicomDoor) -> Tls | None:
    """Return how a peer's own port is called, or None without TLS.

    Where nothing else is set it is called as it has to call us.
    """
    wanted = peer.tls if peer.tls is not None else door.certificate is not None
    if not wanted:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # no authority but the one that is named
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _trust(context, peer.ca_file or door.senders_ca_file, f"ca_file of {peer.aet}")
    if door.certificate is not None:
        _show(context, door.certificate, "dicom.certificate")
    return context, peer.certificate_name or peer.host


def check_certificate(path: Path, key: str) -> None:
    """Raise `ConfigError` unless the file holds a certificate and its key, for the owner only."""
    _show(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), path, key)


def _show(context: ssl.SSLContext, path: Path, key: str) -> None:
    read_private(path, key)  # the private key is in the same file
    try:
        context.load_cert_chain(path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{key}: {path} must be PEM with a certificate and its key ({type(error).__name__})"
        ) from None


def _trust(context: ssl.SSLContext, path: Path | None, key: str) -> None:
    if path is None:
        raise ConfigError(f"{key}: name who signs the certificate (PEM)")
    try:
        context.load_verify_locations(path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{key}: {path} must be PEM with certificates ({type(error).__name__})"
        ) from None

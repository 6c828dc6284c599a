"""Tokens, passwords and keys in files of their own, which nobody else may read."""

import stat
from pathlib import Path

from gateway.errors import ConfigError

SHORTEST_SECRET = 16
DEFAULT_SECRETS = {"changeme", "change-me", "orthanc", "password", "secret", "kasari"}
_KEY_BYTES = 32


def read_secret(path: Path, key: str) -> str:
    """Read a token or password file; refuse one that others may read or that is a default."""
    secret = read_private(path, key).decode("utf-8", "replace").strip()
    if len(secret) < SHORTEST_SECRET or secret.lower() in DEFAULT_SECRETS:
        raise ConfigError(f"{key}: {path} needs a random secret of >= {SHORTEST_SECRET} characters")
    return secret


def read_root_key(path: Path) -> bytes:
    """Read the centre's root key: 32 raw bytes or more, or at least 64 hexadecimal digits."""
    return _root_key(read_private(path, "root_key_file"), path)


def read_offline_key(path: Path) -> tuple[bytes, str]:
    """Read a root key for files on this machine; the second text warns if others may read it."""
    content, mode = _content_and_mode(path, "key")
    open_to_others = f"others may read {path}; run chmod 600 {path}" if mode & 0o077 else ""
    return _root_key(content, path), open_to_others


def _root_key(raw: bytes, path: Path) -> bytes:
    try:
        decoded = bytes.fromhex(raw.decode("ascii").strip())
    except ValueError:
        # random bytes are never all letters: that is a wrong file, or words that can be guessed
        is_text = all(byte < 0x80 and (byte >= 0x20 or byte in b"\t\r\n") for byte in raw)
        decoded = b"" if is_text else raw
    if len(decoded) < _KEY_BYTES or len(set(decoded)) < 8:
        raise ConfigError(
            f"root_key_file: {path} must hold {_KEY_BYTES} random bytes; make one with "
            f"`head -c 32 /dev/urandom > FILE`"
        )
    return decoded


def read_private(path: Path, key: str) -> bytes:
    """Read a file that holds a secret; refuse one that others may read."""
    content, mode = _content_and_mode(path, key)
    if mode & 0o077:
        raise ConfigError(f"{key}: others may read {path}; run chmod 600 {path}")
    return content


def _content_and_mode(path: Path, key: str) -> tuple[bytes, int]:
    try:
        return path.read_bytes(), stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise ConfigError(f"{key}: {path} cannot be read ({type(error).__name__})") from None

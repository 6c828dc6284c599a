"""Passwords, kept as salted scrypt (RFC 7914) with the cost written beside the hash."""

import hmac
import secrets
import unicodedata
from base64 import b64decode, b64encode
from hashlib import scrypt
from typing import Final

from gateway.errors import RejectError

SHORTEST: Final = 12
LONGEST: Final = 128
COST: Final = 2**15
"""N: with r = 8, 32 MiB of memory and about a tenth of a second for each guess."""
_R, _P, _SALT, _LENGTH = 8, 1, 16, 32


def check_password(name: str, password: str) -> None:
    """Raise RejectError `account-password` if a password is too easily guessed."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise RejectError(
            "account-password", f"a password has {SHORTEST} to {LONGEST} characters; any will do"
        )
    if name in password.lower() or len(set(password)) < 5:
        raise RejectError(
            "account-password", "a password holds neither the account's name nor one letter often"
        )


def hash_password(password: str) -> str:
    """Return `scrypt$N$r$p$salt$hash`, the last two in base64."""
    salt = secrets.token_bytes(_SALT)
    digest = _scrypt(password, salt, COST, _R, _P)
    parts = (str(COST), str(_R), str(_P), b64encode(salt).decode(), b64encode(digest).decode())
    return "$".join(("scrypt", *parts))


def is_password(password: str, kept: str) -> bool:
    """Tell whether `password` is the one that was hashed to `kept`, in constant time."""
    _, cost, r, p, salt, wanted = kept.split("$")
    found = _scrypt(password, b64decode(salt), int(cost), int(r), int(p))
    return hmac.compare_digest(found, b64decode(wanted))


def _scrypt(password: str, salt: bytes, cost: int, r: int, p: int) -> bytes:
    # Composed and decomposed letters are the same password, whatever keyboard it came from.
    given = unicodedata.normalize("NFKC", password).encode()
    memory = 128 * r * (cost + p + 2)
    return scrypt(given, salt=salt, n=cost, r=r, p=p, maxmem=2 * memory, dklen=_LENGTH)

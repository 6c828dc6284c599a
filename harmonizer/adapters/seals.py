"""The centres' signatures: Ed25519 over the canonical text of a certificate."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from gateway.contract.manifest import CertificateBody, CourseCertificate
from harmonizer.errors import ConfigError, RefusedError

_P: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _P) % _P
"""Field and constant of the curve -x² + y² = 1 + d x² y² (RFC 8032, 5.1)."""


class CentreSeals:
    """The `Seals` port. `public_keys`: base64 of each centre's raw keys, the present one first."""

    def __init__(self, public_keys: Mapping[str, Sequence[str]]) -> None:
        self._keys = {
            centre: [_load(centre, key) for key in keys] for centre, keys in public_keys.items()
        }

    def open(self, centre: str, sealed: CourseCertificate) -> CertificateBody:
        keys = self._keys.get(centre)
        if keys is None:
            raise RefusedError("unknown-centre", "this centre has no key here", 403)
        if not any(_fits(key, sealed) for key in keys):
            text = "the signature is not of this centre's key; compare the key registered here"
            raise RefusedError("bad-signature", text, 403)
        try:
            body = CertificateBody.model_validate_json(sealed.body)
        except ValidationError:
            text = "the certificate is not of a form known here; compare the versions of both sides"
            raise RefusedError("bad-certificate", text) from None
        if sha256(body.manifest.model_dump_json().encode()).hexdigest() != body.manifest_sha256:
            raise RefusedError("bad-certificate", "the certificate's digest is of another manifest")
        return body


def _fits(key: Ed25519PublicKey, sealed: CourseCertificate) -> bool:
    try:
        key.verify(base64.b64decode(sealed.signature, validate=True), sealed.body.encode())
    except (InvalidSignature, binascii.Error):
        return False
    return True


def _load(centre: str, key: str) -> Ed25519PublicKey:
    where, mend = f"centres: {centre}: public_key", "print it with `python -m gateway identity`"
    try:
        raw = base64.b64decode(key, validate=True)
        loaded = Ed25519PublicKey.from_public_bytes(raw)
    except (ValueError, binascii.Error):
        raise ConfigError(f"{where} is not 32 bytes in base64; {mend}") from None
    if _has_small_order(raw):
        raise ConfigError(f"{where} is one for which anybody can sign; {mend}")
    return loaded


def _has_small_order(key: bytes) -> bool:
    """Whether a key, all zeros for instance, is one of the eight points of order 1, 2, 4 or 8.

    Of what is encoded (RFC 8032, 5.1.2) only y counts, modulo p: so all ways to write a point are
    found. y is 1, -1 or 0 for the orders 1, 2 and 4. A point of order 8 doubles to y = 0, which
    the doubling formula gives for x² = -y² only; in the curve's equation, d y⁴ + 2 y² = 1.
    """
    y = int.from_bytes(key, "little") % 2**255 % _P
    return y * (y * y - 1) % _P == 0 or (_D * y**4 + 2 * y * y - 1) % _P == 0

"""The centres' signatures: Ed25519 over the canonical text of a certificate."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from gateway.contract.manifest import CertificateBody, CourseCertificate
from harmonizer.errors import ConfigError, RefusedError


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
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
    except (ValueError, binascii.Error):
        text = f"centres: {centre}: public_key is not 32 bytes in base64"
        raise ConfigError(f"{text}; print it with `python -m gateway identity`") from None

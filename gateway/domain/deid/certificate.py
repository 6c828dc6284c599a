"""The centre's seal on what it did and checked: canonical JSON and an Ed25519 signature."""

import base64
import json

from gateway.contract.manifest import CertificateBody, CourseCertificate
from gateway.domain.identity import KeyRing


def seal_certificate(body: CertificateBody, ring: KeyRing) -> CourseCertificate:
    """Sign one version of a course."""
    text = json.dumps(body.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    signature = ring.signing_key.sign(text.encode())
    return CourseCertificate(
        body=text,
        signature=base64.b64encode(signature).decode(),
        public_key_id=ring.public_key_id,
    )

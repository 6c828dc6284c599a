"""The centre's seal on what it did and checked: canonical JSON and an Ed25519 signature."""

from gateway.contract.manifest import CertificateBody, CourseCertificate
from gateway.domain.identity import KeyRing, signed_text


def seal_certificate(body: CertificateBody, ring: KeyRing) -> CourseCertificate:
    """Sign one version of a course."""
    text, signature = signed_text(ring, body.model_dump(mode="json"))
    return CourseCertificate(body=text, signature=signature, public_key_id=ring.public_key_id)

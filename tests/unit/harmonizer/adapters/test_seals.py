"""A certificate counts by the centre's present key, or by one of before that is still listed."""

import base64
import json
from hashlib import sha256

import pytest

from gateway.contract.manifest import CourseCertificate
from gateway.domain.identity import KeyRing
from harmonizer.adapters.seals import CentreSeals
from harmonizer.errors import RefusedError

OLD = KeyRing.from_root(bytes(range(32)), "KUH")
NEW = KeyRing.from_roots([bytes(range(32)), bytes(range(50, 82))], "KUH")


def sealed(ring: KeyRing) -> CourseCertificate:
    body = json.dumps({"digest": sha256(b"x").hexdigest()})
    signature = base64.b64encode(ring.signing_key.sign(body.encode())).decode()
    return CourseCertificate(body=body, signature=signature, public_key_id=ring.public_key_id)


def code_of(seals: CentreSeals, certificate: CourseCertificate, centre: str = "KUH") -> str:
    with pytest.raises(RefusedError) as refused:
        seals.open(centre, certificate)
    return refused.value.code


def test_both_keys_count_while_a_centre_changes_its_root_key() -> None:
    """The body is no certificate, which is only found out after its signature was good."""
    seals = CentreSeals({"KUH": (NEW.public_key_base64(), OLD.public_key_base64())})
    assert code_of(seals, sealed(OLD)) == "bad-certificate"
    assert code_of(seals, sealed(NEW)) == "bad-certificate"


def test_afterwards_the_old_key_counts_no_more() -> None:
    seals = CentreSeals({"KUH": (NEW.public_key_base64(),)})
    assert code_of(seals, sealed(OLD)) == "bad-signature"
    assert code_of(seals, sealed(NEW), "Tyks") == "unknown-centre"

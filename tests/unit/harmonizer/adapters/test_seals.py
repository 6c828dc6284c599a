"""A certificate counts by the centre's present key, or by one of before that is still listed."""

import base64
import json
import secrets
from hashlib import sha256

import pytest

from gateway.contract.manifest import CourseCertificate
from gateway.domain.identity import KeyRing
from harmonizer.adapters.seals import CentreSeals
from harmonizer.errors import ConfigError, RefusedError

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


HIGHEST = 1 << 255
P = 2**255 - 19
ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
"""y of a point of order 8, as in Chalkias, Garillot, Nikolaenko, Taming the many EdDSAs (2020)."""
SMALL = [0, 1, P - 1, P, P + 1, ORDER_8, P - ORDER_8]
"""y of every point of small order; p and p + 1 are 0 and 1, as they must not be written."""


def written(y: int) -> str:
    return base64.b64encode(y.to_bytes(32, "little")).decode()


@pytest.mark.parametrize("sign", [0, HIGHEST], ids=["plus", "minus"])
@pytest.mark.parametrize("y", SMALL, ids=lambda y: f"{y % 65536:04x}")
def test_a_key_for_which_anybody_can_sign_is_refused(y: int, sign: int) -> None:
    with pytest.raises(ConfigError, match=r"KUH: public_key .* anybody can sign; print it with"):
        CentreSeals({"KUH": (NEW.public_key_base64(), written(y | sign))})


def test_its_neighbours_and_everybodys_keys_are_taken() -> None:
    near = [y + 1 for y in SMALL if y + 1 not in SMALL and y < P - 1]
    rings = [KeyRing.from_root(secrets.token_bytes(32), "KUH") for _ in range(50)]
    keys = [*map(written, near), *(ring.public_key_base64() for ring in rings)]
    assert CentreSeals({"KUH": keys})


@pytest.mark.parametrize("key", ["", "(printed by: python -m gateway identity)", "AAAA"])
def test_what_is_no_key_is_told(key: str) -> None:
    with pytest.raises(ConfigError, match="KUH: public_key is not 32 bytes in base64"):
        CentreSeals({"KUH": (key,)})

"""The engine's bytes as they were once written: neither we nor a library may change them unseen.

After a change that is meant: `python -m tests.unit.gateway.domain.deid.test_golden_bytes` writes
what is compared here, and the commit says why.
"""

from pathlib import Path

import pytest

from tests.factories import engine, sent_objects

GOLDEN = Path(__file__).parents[4] / "golden/deid"
KINDS = ("ct", "ct2", "structures", "plan", "dose", "record", "registration")
PROFILE_HASH = engine.PROFILE.name_and_hash.split()[-1].encode()
ANY_HASH = b"x" * len(PROFILE_HASH)


def written(sent: bytes) -> bytes:
    """What leaves, but for the profile's own hash: a rule for another attribute changes no byte."""
    return engine.national_bytes(sent).replace(PROFILE_HASH, ANY_HASH)


@pytest.mark.fault(46)
@pytest.mark.parametrize("kind", KINDS)
def test_the_bytes_are_those_of_before(kind: str) -> None:
    """A library is exchanged for another version | the engine writes the same bytes as before"""
    sent = (GOLDEN / f"{kind}.sent.dcm").read_bytes()
    assert written(sent) == (GOLDEN / f"{kind}.leaves.dcm").read_bytes()


if __name__ == "__main__":
    for kind, data in zip(KINDS, sent_objects.course(2), strict=True):
        (GOLDEN / f"{kind}.sent.dcm").write_bytes(data)
        (GOLDEN / f"{kind}.leaves.dcm").write_bytes(written(data))

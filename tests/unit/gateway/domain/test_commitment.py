"""When a sender may hear that its objects are kept: a table of every case."""

import pytest

from gateway.domain.dicomnet import Asked, Kept, decide

CT, PLAN = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.481.5"
ONE, TWO = Asked(CT, "1.1"), Asked(PLAN, "1.2")
BOTH = [(ONE, "k1"), (TWO, "k2")]
HERE, SAFE = Kept(CT, verified=False), Kept(CT, verified=True)


@pytest.mark.parametrize(
    ("kept", "settled", "expired", "failure"),
    [
        ({}, False, False, None),
        ({}, True, False, 0x0112),
        ({}, True, True, 0x0112),
        ({"k1": HERE}, True, False, None),
        ({"k1": HERE}, True, True, 0x0110),
        ({"k1": Kept(PLAN, verified=True)}, False, False, 0x0119),
        ({"k1": SAFE}, False, False, 0),
        ({"k1": SAFE}, True, True, 0),
    ],
)
def test_one_object(kept: dict, settled: bool, expired: bool, failure: int | None) -> None:
    verdict = decide([(ONE, "k1")], kept, settled=settled, expired=expired)
    if failure is None:
        assert verdict is None
        return
    assert verdict is not None
    assert verdict.committed == (() if failure else (ONE,))
    assert verdict.failed == (((ONE, failure),) if failure else ())


def test_one_that_is_open_keeps_the_whole_answer_back() -> None:
    kept = {"k1": SAFE, "k2": Kept(PLAN, verified=False)}
    assert decide(BOTH, kept, settled=True, expired=False) is None
    verdict = decide(BOTH, kept, settled=True, expired=True)
    assert verdict is not None
    assert (verdict.committed, verdict.failed) == ((ONE,), ((TWO, 0x0110),))


def test_an_original_uid_is_not_shown() -> None:
    assert "1.1" not in repr(Asked(CT, "1.1")).replace(CT, "")

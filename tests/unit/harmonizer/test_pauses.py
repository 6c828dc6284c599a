"""Pauses before another attempt: they grow, they have an end, and no two need be the same."""

from datetime import timedelta

import pytest

from harmonizer.services import pauses
from harmonizer.services.pauses import pause_after


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 2), (1, 4), (2, 8), (7, 256), (8, 300), (10**6, 300)]
)
@pytest.mark.parametrize(("drawn", "share"), [(0.0, 0.5), (0.5, 1.0), (0.75, 1.25)])
def test_a_pause_doubles_up_to_five_minutes(
    attempts: int, seconds: int, drawn: float, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pauses, "random", lambda: drawn)
    assert pause_after(attempts) == timedelta(seconds=seconds * share)


def test_what_failed_together_is_not_tried_together() -> None:
    assert len({pause_after(3) for _ in range(20)}) > 1

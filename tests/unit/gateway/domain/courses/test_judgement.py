"""Where a course should stand: a table of situations."""

from dataclasses import replace

import pytest

from gateway.domain.courses import NO_CONSENT, CourseState, Reason, Situation, judge

GAP = Reason("slice-gap", "1 slice missing")
MORE = Reason("no-dose", "no dose has come")
COMPLETE = Situation(
    state=CourseState.COLLECTING,
    settled=True,
    admitted=True,
    changed=True,
    delivered=False,
    waiting_for=(),
    released=(),
)


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, CourseState.READY),
        ({"settled": False}, CourseState.COLLECTING),
        ({"waiting_for": (GAP,)}, CourseState.HELD),
        ({"waiting_for": (GAP,), "released": (GAP,)}, CourseState.READY),
        ({"waiting_for": (GAP, MORE), "released": (GAP,)}, CourseState.HELD),
        ({"admitted": False}, CourseState.HELD),
        ({"admitted": False, "settled": False}, CourseState.HELD),
        ({"changed": False, "delivered": True}, CourseState.DELIVERED),
        ({"changed": True, "delivered": True}, CourseState.READY),
        ({"state": CourseState.REFUSED, "changed": False}, CourseState.REFUSED),
        ({"state": CourseState.REFUSED, "changed": True}, CourseState.READY),
        ({"refused_on": "2026-03-02"}, CourseState.REFUSED),
        ({"refused_on": "2026-03-02", "changed_since": True}, CourseState.HELD),
        ({"refused_on": "2026-03-02", "changed_since": True, "patient": True}, CourseState.HELD),
        ({"refused_on": "2026-03-02", "changed": False, "delivered": True}, CourseState.REFUSED),
        ({"refused_on": "2026-03-02", "admitted": False}, CourseState.HELD),
    ],
)
def test_a_situation_has_one_state(change: dict[str, object], state: CourseState) -> None:
    assert judge(replace(COMPLETE, **change))[0] is state  # type: ignore[arg-type]


def test_withdrawal_outweighs_everything() -> None:
    released = replace(COMPLETE, admitted=False, waiting_for=(GAP,), released=(GAP,))
    assert judge(released) == (CourseState.HELD, (NO_CONSENT,))

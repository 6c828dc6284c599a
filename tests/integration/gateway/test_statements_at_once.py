"""What concerns many instances takes a few statements: others wait while the database is written.

How many statements are allowed does not depend on how many instances there are.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event

from gateway.domain.deid import Decision, SealedTerm, TermUse
from gateway.domain.erasure import ErasureCause
from gateway.ports import StoredInstance
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital

MANY = 600


@contextmanager
def at_most(engine: Engine, limit: int) -> Iterator[None]:
    """Count the statements that begin inside."""
    told: list[str] = []

    def note(_db: object, _cursor: object, statement: str, *_: object) -> None:
        told.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(told) <= limit, told


@pytest.fixture
def full(hospital: Hospital) -> Hospital:
    """Many instances of one course: half came the day before, a third has been delivered."""
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    index, now = hospital.service.index, hospital.clock.now()
    first = next(iter(index.of_patient(hospital.pseudonym())))
    index.put([many(first, number, hospital) for number in range(MANY)], None)
    assert len(index.ids()) == MANY + 7
    assert now > first.received_at
    return hospital


def many(first: StoredInstance, number: int, hospital: Hospital) -> StoredInstance:
    return replace(
        first,
        orthanc_id=f"many-{number}",
        instance=replace(first.instance, sop_instance_uid=f"2.25.{number}"),
        sender="CT1" if number % 2 else "TPS",
        received_at=first.received_at - timedelta(days=number % 2),
        delivered_at=hospital.clock.now() if number % 3 == 0 else None,
    )


def names() -> list[str]:
    return [f"many-{number}" for number in range(MANY)]


def test_erasing_counts_each_by_day_and_sender(full: Hospital) -> None:
    index = full.service.index
    with at_most(full.service.engine, 20):
        index.forget([*names(), *names()[:3]], ErasureCause.WITHDRAWN, "PAAA")
    assert not index.known(names())
    told = {(line["sender"], line["day"]): line["deleted"] for line in full.service.ledger.days()}
    assert told["CT1", "2026-03-01"] == told["TPS", "2026-03-02"] == MANY // 2
    full.service.vault.bury("PAAA", 0)
    assert full.service.vault.tombstones()["PAAA"].instances == MANY


def test_what_the_store_has_no_more_is_marked_at_once(full: Hospital) -> None:
    index = full.service.index
    (course,) = full.service.courses.find()
    with at_most(full.service.engine, 10):
        assert index.mark_gone([*names(), "unknown"]) == {course.id}
    found = index.known(names()).values()
    assert {one.state for one in found} == {"gone"}
    assert {one.course_id for one in found if one.delivered_at} == {course.id}
    assert {one.course_id for one in found if not one.delivered_at} == {None}


def test_the_index_is_asked_once_in_a_batch_where_uids_are(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    index, places = hospital.service.index, hospital.service.index.places
    monkeypatch.setattr(index, "places", lambda uids: asked.append(len(uids)) or places(uids))
    for data in make.course(patient=hospital.pseudonym()):
        hospital.site.store(data)
    hospital.service.intake.step()
    assert asked == [7]


def test_a_day_asks_for_its_courses_once(full: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    def one_by_one(course_id: int) -> None:
        raise AssertionError(f"asked for course {course_id} alone")

    monkeypatch.setattr(full.service.courses, "get", one_by_one)
    (told, *_) = full.service.ledger.courses_of(full.clock.now().date(), None)
    assert told["course"] == 1


def test_terms_are_counted_in_the_database(full: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    term = SealedTerm("00081030", "REDACTED-0123456789", b"sealed")
    other = replace(term, tag="300A0002")
    uses = [TermUse(name, "PAAA", one) for name in names()[:30] for one in (term, other)]
    terms = full.service.terms
    terms._terms.note(uses)
    (found,) = terms._terms.find()
    assert (found.instances, found.tags) == (30, ("00081030", "300A0002"))
    times: list[Decision | None] = []
    read: Callable[..., object] = terms._terms.find
    monkeypatch.setattr(terms._terms, "find", lambda d=None: times.append(d) or read(d))
    told = terms.decide(term.replacement, Decision.MAPPED, "BREAST", "steward:anna")
    assert (told["decision"], told["text"], told["instances"]) == ("mapped", "BREAST", 30)
    assert len(times) == 1
    assert terms.find()[0] == {key: told[key] for key in terms.find()[0]}

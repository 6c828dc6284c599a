"""What the archive lost or never heard of goes again, and nothing else."""

import pytest

from gateway.errors import RetryError
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital


@pytest.fixture
def delivered(hospital: Hospital) -> Hospital:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.send()
    assert hospital.states() == ["delivered"]
    return hospital


def go_again(hospital: Hospital) -> None:
    hospital.service.course_service.step()
    assert hospital.states() == ["ready"]
    hospital.send()
    assert hospital.states() == ["delivered"]


def test_a_whole_archive_is_left_in_peace(delivered: Hospital) -> None:
    assert delivered.service.recheck.step() == {"delivered": 1, "sent_again": 0}
    assert delivered.states() == ["delivered"]


def test_lost_instances_go_again_as_the_next_version(delivered: Hospital) -> None:
    before = dict(delivered.archive.held)
    lost = sorted(before)[:2]
    for uid in lost:
        del delivered.archive.held[uid]
    assert delivered.service.recheck.step() == {"delivered": 1, "sent_again": 1}
    go_again(delivered)
    assert delivered.archive.held == before
    assert [version for _, version in delivered.archive.announced] == [1, 2]
    assert delivered.service.recheck.step()["sent_again"] == 0
    assert delivered.service.audit.first_break() is None


def test_an_archive_restored_from_before_the_course_gets_it_again(delivered: Hospital) -> None:
    before = dict(delivered.archive.held)
    delivered.archive.held.clear()
    delivered.archive.announced.clear()
    assert delivered.service.recheck.step()["sent_again"] == 1
    go_again(delivered)
    assert delivered.archive.held == before


def test_an_archive_that_does_not_answer_changes_nothing(delivered: Hospital) -> None:
    delivered.archive.failures["holdings"] = [RetryError("the archive answered 503")]
    with pytest.raises(RetryError):
        delivered.service.recheck.step()
    assert delivered.states() == ["delivered"]

"""Two delivered courses of one patient that a sum dose joins: both stay whole, whatever is lost."""

from collections.abc import Sequence
from io import BytesIO

import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence as Items
from pydicom.uid import RTPlanStorage

from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital

OTHER_FRAME = "2.25.901"


def changed(data: bytes, **values: object) -> bytes:
    dataset = dcmread(BytesIO(data))
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return make.as_bytes(dataset)


def second_course(patient: str) -> list[bytes]:
    """CT 11..14, structure set 101, plan 201, dose 301, all in a frame of their own."""
    images = [make.ct(n + 11, 3.0 * n, patient, series=510, frame=OTHER_FRAME) for n in range(4)]
    return [
        *images,
        make.structures(101, range(11, 15), patient, frame=OTHER_FRAME),
        changed(make.plan(201, 101, patient), RTPlanLabel="boost"),
        changed(make.dose(301, 201, patient), FrameOfReferenceUID=OTHER_FRAME),
    ]


def sum_dose(number: int, plans: Sequence[int], patient: str) -> bytes:
    items = []
    for plan in plans:
        item = Dataset()
        item.ReferencedSOPClassUID = RTPlanStorage
        item.ReferencedSOPInstanceUID = make.uid(plan)
        items.append(item)
    of_one = make.dose(number, plans[0], patient)
    return changed(of_one, ReferencedRTPlanSequence=Items(items), DoseSummationType="MULTI_PLAN")


@pytest.fixture
def joined(hospital: Hospital) -> Hospital:
    """Both are delivered; then their sum comes."""
    for objects in (make.course(patient=hospital.pseudonym()), second_course(hospital.pseudonym())):
        hospital.take_in(objects)
        while hospital.send():
            pass
    assert hospital.states() == ["delivered", "delivered"]
    hospital.take_in([sum_dose(310, (200, 201), hospital.pseudonym())])
    assert sorted(hospital.states()) == ["delivered", "ready"]
    while hospital.send():
        pass
    return hospital


def members(hospital: Hospital, course_id: int) -> set[str]:
    stored = hospital.service.index.of_patient(hospital.pseudonym())
    return {s.instance.sop_instance_uid for s in stored if s.course_id == course_id}


def lose(hospital: Hospital, numbers: Sequence[int]) -> None:
    for number in numbers:
        del hospital.archive.held[hospital.stage.uid(make.uid(number))]


def settle_all(hospital: Hospital) -> None:
    hospital.settle()
    while hospital.send():
        pass


def versions(hospital: Hospital) -> dict[str, int]:
    found = hospital.service.courses.find()
    return {course.anchor_uid: course.delivered_version for course in found}


def test_each_keeps_its_members_and_the_sum_goes_with_the_first(joined: Hospital) -> None:
    assert joined.states() == ["delivered", "delivered"]
    assert members(joined, 2) == {make.uid(n) for n in (11, 12, 13, 14, 101, 201, 301)}
    assert len(members(joined, 1)) == 8
    assert versions(joined) == {make.uid(200): 2, make.uid(201): 1}
    name = joined.stage.uid(make.uid(200))
    manifest = joined.archive.announced[name, 2].manifest
    outside = {missing.to_uid for missing in manifest.missing}
    assert outside == {joined.stage.uid(make.uid(201))}, "it is in the other course"
    assert outside <= joined.archive.held.keys()


@pytest.mark.parametrize("numbers", [(11, 12), (1, 2), (2, 12, 310)])
def test_what_the_archive_loses_of_either_goes_again(
    joined: Hospital, numbers: Sequence[int]
) -> None:
    before = dict(joined.archive.held)
    lose(joined, numbers)
    assert joined.service.recheck.step()["sent_again"] >= 1
    settle_all(joined)
    assert joined.states() == ["delivered", "delivered"]
    assert joined.archive.held == before
    assert joined.service.recheck.step() == {"delivered": 2, "sent_again": 0}


def test_records_that_come_later_go_to_the_course_of_their_plan(joined: Hospital) -> None:
    patient = joined.pseudonym()
    joined.take_in([make.record(401, 201, 1, patient), make.record(400, 200, 1, patient)])
    settle_all(joined)
    assert make.uid(401) in members(joined, 2)
    assert make.uid(400) in members(joined, 1)
    assert versions(joined) == {make.uid(200): 3, make.uid(201): 2}
    assert joined.service.status.account().delivered == 17


def test_a_sum_goes_to_the_course_in_whose_frame_it_lies(joined: Hospital) -> None:
    """In the other one it would lie beside every image, and a person would be asked."""
    there = sum_dose(311, (200, 201), joined.pseudonym())
    joined.take_in([changed(there, FrameOfReferenceUID=OTHER_FRAME)])
    settle_all(joined)
    assert joined.states() == ["delivered", "delivered"]
    assert make.uid(311) in members(joined, 2)


def test_a_person_decides_on_each_alone(joined: Hospital) -> None:
    joined.take_in([make.dose(302, 201, joined.pseudonym(), units="RELATIVE")])
    states = {course.id: course.state.value for course in joined.service.courses.find()}
    assert states == {1: "delivered", 2: "held"}
    joined.service.decisions.release(2, "a relative dose is what there is", "operator")
    settle_all(joined)
    assert joined.states() == ["delivered", "delivered"]
    assert make.uid(302) in members(joined, 2)


def test_the_order_of_arrival_after_a_restart_changes_nothing(joined: Hospital) -> None:
    joined.restart()
    joined.service.index.move("changes", "0")
    settle_all(joined)
    assert joined.states() == ["delivered", "delivered"]
    assert versions(joined) == {make.uid(200): 2, make.uid(201): 1}


def test_one_that_was_never_sent_still_becomes_part_of_the_other(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    hospital.send()
    hospital.take_in(second_course(hospital.pseudonym())[:-1])
    assert sorted(hospital.states()) == ["delivered", "held"]
    hospital.take_in([sum_dose(310, (200, 201), hospital.pseudonym())])
    assert len(hospital.states()) == 1
    settle_all(hospital)
    assert hospital.states() == ["delivered"]
    assert len(members(hospital, 1)) == 14

"""Which instances belong together: by references, in any order, never across two courses."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from gateway.contract.manifest import Role
from gateway.domain.courses import Draft, Instance, assemble, read_instance
from tests.factories import site_objects as make

COURSE = [read_instance(data) for data in make.course()]


def names(draft: Draft) -> set[str]:
    return {member.sop_instance_uid for member in draft.members}


@given(st.permutations(COURSE))
def test_the_order_of_arrival_does_not_matter(instances: list[Instance]) -> None:
    (draft,) = assemble(instances)
    assert draft == assemble(COURSE)[0]
    assert draft.anchor_uid == make.uid(200)


def test_the_plan_names_the_course_then_structures_then_dose() -> None:
    without_plan = [i for i in COURSE if i.role is not Role.PLAN]
    anchors = {draft.anchor_uid for draft in assemble(without_plan)}
    assert anchors == {make.uid(100), make.uid(300)}
    (images,) = assemble([i for i in COURSE if i.role is Role.PLANNING_IMAGE])
    assert images.anchor_uid == make.uid(500)
    assert not images.has_anchor


def test_slices_that_no_contour_names_belong_by_their_series() -> None:
    extra = read_instance(make.ct(77, 60.0))
    (draft,) = assemble([*COURSE, extra])
    assert make.uid(77) in names(draft)


def test_a_registration_and_its_images_are_attached() -> None:
    cone_beam = [read_instance(make.ct(n, n, series=600, frame="2.25.901")) for n in (61, 62)]
    link = read_instance(make.registration(70, [1, 61], [make.FRAME, "2.25.901"]))
    (draft,) = assemble([*COURSE, *cone_beam, link])
    roles = {member.sop_instance_uid: member.role for member in draft.members}
    assert roles[make.uid(61)] is roles[make.uid(62)] is Role.SETUP_IMAGE
    assert roles[make.uid(1)] is Role.PLANNING_IMAGE
    assert roles[make.uid(70)] is Role.REGISTRATION


def test_a_registration_never_merges_two_courses() -> None:
    later = [
        read_instance(make.ct(801, 0.0, series=880, frame="2.25.902")),
        read_instance(make.structures(810, [801], frame="2.25.902")),
        read_instance(make.plan(820, 810)),
    ]
    link = read_instance(make.registration(70, [1, 2, 801], [make.FRAME, "2.25.902"]))
    drafts = assemble([*COURSE, *later, link])
    assert sorted(len(draft.members) for draft in drafts) == [3, 8]
    first = next(draft for draft in drafts if draft.anchor_uid == make.uid(200))
    assert make.uid(70) in names(first), "it goes where most of its images are"


def test_two_plans_on_one_structure_set_are_one_course() -> None:
    boost = read_instance(make.plan(210, 100))
    (draft,) = assemble([*COURSE, boost])
    assert draft.anchor_uid == make.uid(200)
    assert len(draft.of(Role.PLAN)) == 2


@given(st.sets(st.integers(0, len(COURSE) - 1), min_size=1))
def test_every_instance_is_in_exactly_one_course(chosen: set[int]) -> None:
    instances = [COURSE[n] for n in chosen]
    found = list(itertools.chain(*(draft.members for draft in assemble(instances))))
    assert sorted(m.sop_instance_uid for m in found) == sorted(
        i.sop_instance_uid for i in instances
    )

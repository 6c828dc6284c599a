"""Revised plans are linked to what they revise, and are not merged with it."""

from dataclasses import replace
from io import BytesIO

import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence as Items

from gateway.domain.courses import (
    Basis,
    GroupFacts,
    Instance,
    Needs,
    PlanFacts,
    assemble,
    missing_of,
    read_instance,
    reasons_of,
    revisions,
)
from tests.factories import site_objects as make

FIRST = [read_instance(data) for data in make.course()]
PLAN, OTHER_FRAME = make.uid(200), "2.25.902"


def planned_again(frame: str = make.FRAME, **facts: object) -> list[Instance]:
    """Another CT, structure set 810 and plan 820, a week later and under the same label."""
    plan = read_instance(make.plan(820, 810))
    assert isinstance(plan.facts, PlanFacts)
    told = replace(plan.facts, **({"label": "BREAST R", "planned_on": "20200115"} | facts))  # type: ignore[arg-type]
    return [
        read_instance(make.ct(801, 0.0, series=880, frame=frame)),
        read_instance(make.structures(810, [801], frame=frame)),
        replace(plan, facts=told),
    ]


def first(**facts: object) -> list[Instance]:
    told = {"label": "Breast R", "planned_on": "20200108"} | facts
    return [
        replace(i, facts=replace(i.facts, **told)) if i.sop_instance_uid == PLAN else i  # type: ignore[arg-type,type-var]
        for i in FIRST
    ]


def test_a_plan_that_names_its_predecessor_is_linked_and_stays_a_course_of_its_own() -> None:
    dataset = dcmread(BytesIO(make.plan(820, 810)))
    named = Dataset()
    named.ReferencedSOPInstanceUID = PLAN
    named.RTPlanRelationship = "PREDECESSOR"
    dataset.ReferencedRTPlanSequence = Items([named])
    later = [*planned_again(OTHER_FRAME)[:2], read_instance(make.as_bytes(dataset))]
    both = assemble([*FIRST, *later])
    assert sorted(len(draft.members) for draft in both) == [3, 7]
    (link,) = next(draft.revisions for draft in both if draft.anchor_uid == make.uid(820))
    assert (link.plan_uid, link.earlier_uid, link.basis) == (make.uid(820), PLAN, Basis.NAMED)
    (alone,) = assemble(later)
    assert alone.revisions == (link,)  # also while what it names has not come


def test_label_place_and_date_tell_where_the_plan_does_not() -> None:
    (link,) = revisions([*first(), *planned_again()])
    assert (link.plan_uid, link.earlier_uid) == (make.uid(820), PLAN)
    assert link.basis is Basis.SAME_LABEL


def test_of_one_day_the_approved_plan_is_the_later_one() -> None:
    draft = first(approval="UNAPPROVED", planned_on="20200115")
    (link,) = revisions([*draft, *planned_again()])
    assert link.earlier_uid == PLAN


@pytest.mark.parametrize(
    ("frame", "facts"),
    [
        (OTHER_FRAME, {}),
        (make.FRAME, {"label": "BREAST L"}),
        (make.FRAME, {"label": ""}),
        (make.FRAME, {"planned_on": "20200108"}),
        (make.FRAME, {"intent": "VERIFICATION"}),
    ],
    ids=["elsewhere", "another label", "no label", "the same day", "a verification"],
)
def test_what_is_no_revision_is_not_linked(frame: str, facts: dict[str, object]) -> None:
    assert revisions([*first(), *planned_again(frame, **facts)]) == ()


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("PROST1", "PROST1R"),
        ("L", "L:1"),
        ("L:1", "L:2"),
        ("Breast", "Breast_R1"),
        ("Lung", "LUNG v2"),
        ("HN", "HN_replan"),
        ("HN_adapt1", "HN_adapt2"),
        ("Pelvis", "Pelvis (1)"),
        ("Pelvis", "Pelvis rev. 2"),
        ("Pelvis", "Pelvis revised"),
    ],
)
def test_a_mark_behind_the_label_tells_a_revision(earlier: str, later: str) -> None:
    (link,) = revisions([*first(label=earlier), *planned_again(label=later)])
    assert (link.plan_uid, link.earlier_uid) == (make.uid(820), PLAN)
    (same_day,) = revisions(
        [*first(label=earlier), *planned_again(label=later, planned_on="20200108")]
    )
    assert same_day == link
    assert revisions([*first(label=later), *planned_again(label=earlier)]) == ()


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("PROST1", "PROST2"),
        ("PROST", "PROST Boost"),
        ("Breast", "Breast R"),
        ("Breast_L1", "Breast_R1"),
        ("Breast_R1", "Breast_R2"),
        ("P", "Prev2026"),
        ("L:1", "LN:2"),
        ("r.26,s.40", "r.27,s.40"),
        ("UNMAPPED_81f6b77", "UNMAPPED_81f6b71"),
    ],
)
def test_labels_of_two_plans_are_not_taken_for_a_revision(earlier: str, later: str) -> None:
    assert revisions([*first(label=earlier), *planned_again(label=later)]) == ()


def test_a_boost_is_no_revision_whatever_its_label() -> None:
    boost = planned_again(label="Breast R:1", prescriptions_gy=(16.0,), groups=(GroupFacts(1, 4),))
    assert revisions([*first(), *boost]) == ()


def test_a_third_plan_is_linked_to_the_second() -> None:
    third = replace(planned_again(planned_on="20200122")[2], sop_instance_uid=make.uid(830))
    links = revisions([*first(), *planned_again(), third])
    assert [(link.plan_uid, link.earlier_uid) for link in links] == [
        (make.uid(820), PLAN),
        (make.uid(830), make.uid(820)),
    ]


def test_a_verification_plan_does_not_hold_the_plan_that_it_verifies() -> None:
    phantom = planned_again(OTHER_FRAME, intent="VERIFICATION", verifies=(PLAN,))
    verification = replace(phantom[2], references=(make.uid(810), PLAN))
    drafts = assemble([*FIRST, *phantom[:2], verification])
    assert sorted(len(draft.members) for draft in drafts) == [3, 7]


def naming(relationship: str, number: int = 200) -> Instance:
    """A plan on the structure set of the first, which names that one in this relationship."""
    dataset = dcmread(BytesIO(make.plan(210, 100)))
    dataset.RTPlanDate, dataset.RTPlanLabel = "20200115", "Breast R"
    named = Dataset()
    named.ReferencedSOPInstanceUID = make.uid(number)
    named.RTPlanRelationship = relationship
    dataset.ReferencedRTPlanSequence = Items([named])
    return read_instance(make.as_bytes(dataset))


@pytest.mark.parametrize("relationship", ["ALTERNATIVE", "PRIOR", "CONCURRENT"])
def test_only_a_predecessor_is_revised(relationship: str) -> None:
    assert revisions([*first(), naming(relationship)]) == ()


@pytest.mark.parametrize(
    ("relationship", "holds", "told"),
    [
        ("PREDECESSOR", [], "the plan was derived from it; it has not come"),
        ("PRIOR", [], "the plan names it as of an earlier treatment; it has not come"),
        ("ALTERNATIVE", [], "the plan names it as an alternative; it has not come"),
        (
            "CONCURRENT",
            [("plan-missing", "the plan refers to a concurrent plan that has not come")],
            "the plan refers to it; it has not come",
        ),
    ],
)
def test_a_plan_that_never_comes_holds_only_what_is_delivered_with_it(
    relationship: str, holds: list[tuple[str, str]], told: str
) -> None:
    instances = [*FIRST, naming(relationship, number=999)]
    present = {i.sop_instance_uid for i in instances}
    (draft,) = assemble(instances)
    assert [(r.code, r.text) for r in reasons_of(draft, present, Needs())] == holds
    assert [m.reason for m in missing_of(draft, present)] == [told]


def test_an_earlier_treatment_on_another_image_stays_a_course_of_its_own() -> None:
    earlier = planned_again(OTHER_FRAME)
    both = assemble([*FIRST, *earlier, naming("PRIOR", number=820)])
    assert sorted(len(draft.members) for draft in both) == [3, 8]
    concurrent = assemble([*FIRST, *earlier, naming("CONCURRENT", number=820)])
    assert [len(draft.members) for draft in concurrent] == [11]

"""What a course waits for, in the words that a physicist reads."""

from collections.abc import Iterable
from dataclasses import replace
from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.sequence import Sequence as Items
from pydicom.uid import RTPlanStorage

from gateway.contract.manifest import Role
from gateway.domain.courses import (
    ImageFacts,
    Instance,
    Needs,
    assemble,
    missing_of,
    read_instance,
    reasons_of,
)
from tests.factories import site_objects as make


def reasons(objects: list[bytes], needs: Needs | None = None) -> list[tuple[str, str]]:
    return told_of([read_instance(data) for data in objects], needs)


def told_of(instances: list[Instance], needs: Needs | None = None) -> list[tuple[str, str]]:
    present = {instance.sop_instance_uid for instance in instances}
    (draft,) = assemble(instances)
    return [(r.code, r.text) for r in reasons_of(draft, present, needs or Needs())]


def slices(places: dict[int, float], lies: str = "HFS") -> list[Instance]:
    """CT slices by number at these heights."""
    one = read_instance(make.ct(1, 0.0, lies=lies))
    assert isinstance(one.facts, ImageFacts)
    return [
        replace(
            one,
            sop_instance_uid=make.uid(number),
            facts=replace(one.facts, position_mm=(0.0, 0.0, z)),
        )
        for number, z in places.items()
    ]


def planned_on(numbers: Iterable[int]) -> list[Instance]:
    """Structure set, plan and dose of a course on these slices."""
    rest = [make.structures(400, list(numbers)), make.plan(401, 400), make.dose(402, 401)]
    return [read_instance(data) for data in rest]


def test_a_whole_course_waits_for_nothing() -> None:
    assert reasons(make.course()) == []


def test_absent_slices_are_counted() -> None:
    objects = make.course(slices=98)
    assert reasons([objects[0], *objects[98:]]) == [
        (
            "images-missing",
            "1 of 98 CT slices are here: the structure set refers to 97 that have not come",
        )
    ]


@pytest.mark.parametrize("lies", make.POSITIONS)
def test_a_gap_is_found_by_geometry_alone(lies: str) -> None:
    images = slices({n: 3.0 * n for n in range(9) if n not in {5, 6}}, lies)
    assert told_of([*images, *planned_on(range(3))]) == [
        ("slice-gap", "2 of 9 CT slices missing: gap at z = 15.0 to 18.0 mm")
    ]


@pytest.mark.parametrize(
    ("absent", "told"),
    [
        ([46], "1 of 121 CT slices missing: gap at z = -45.0 mm"),
        ([46, 47, 48], "3 of 121 CT slices missing: gap at z = -45.0 to -39.0 mm"),
        ([46, 51], "2 of 121 CT slices missing: gaps at z = -45.0, -30.0 mm"),
        (
            [46, 120, 121],
            "3 of 121 CT slices missing: gap at z = -45.0 mm, and 2 above or below those that "
            "are here",
        ),
    ],
)
@pytest.mark.parametrize("lies", make.POSITIONS)
def test_missing_slices_are_counted_and_their_places_told(
    absent: list[int], told: str, lies: str
) -> None:
    images = slices({n: 3.0 * (n - 61) for n in range(1, 122) if n not in absent}, lies)
    assert told_of([*images, *planned_on(range(1, 122))]) == [("images-missing", told)]


def test_of_what_kind_missing_images_are_is_said_only_if_one_is_here() -> None:
    here = [make.ct(n, 3.0 * n, series=600) for n in (1, 2)]
    assert (
        "images-missing",
        "0 of 3 image slices are here: the structure set refers to 3 that have not come",
    ) in reasons([*here, make.structures(100, [7, 8, 9]), make.plan(200, 100)])


def test_gaps_of_a_series_that_nobody_has_drawn_on_hold_nothing() -> None:
    scout = [make.ct(60 + n, z, series=600) for n, z in enumerate((0.0, 10.0, 20.0, 90.0))]
    instances = [read_instance(data) for data in [*make.course(), *scout]]
    as_mr = [
        replace(i, modality="MR") if i.series_instance_uid == make.uid(600) else i
        for i in instances
    ]
    present = {i.sop_instance_uid for i in as_mr}
    (draft,) = assemble(as_mr)
    assert len(draft.of(Role.PLANNING_IMAGE)) == 8
    assert reasons_of(draft, present, Needs()) == ()


COARSE = [-5.0 * n for n in range(10, 0, -1)]
MIXED = [*COARSE, *(2.0 * n for n in range(40)), *(78 - z for z in reversed(COARSE))]
"""Sixty slices: 5 mm outside and 2 mm through the target."""


def scanned(heights: list[float], named: set[float], lies: str = "HFS") -> list[Instance]:
    """A course on slices at these heights, whose structure set names those at some of them."""
    places = dict(enumerate(heights, start=1))
    return [*slices(places, lies), *planned_on(n for n, z in places.items() if z in named)]


@pytest.mark.parametrize(
    "named", [set(MIXED), {z for z in MIXED if z >= 0}], ids=["every slice", "with contours"]
)
@pytest.mark.parametrize("lies", ["HFS", "FFS"])
@pytest.mark.parametrize(
    "heights", [MIXED, [0.0, 3.0, 6.0, 8.0, 10.0, 12.0], [0.0, 5.0, 10.0, *range(12, 30, 2)]]
)
def test_uneven_but_whole_spacing_is_no_gap(
    heights: list[float], named: set[float], lies: str
) -> None:
    assert told_of(scanned(heights, named, lies)) == []


def test_a_wide_step_between_slices_that_are_all_named_is_no_gap() -> None:
    heights = [0.0, 3.0, 6.0, 15.0, 18.0, 21.0]
    assert told_of(scanned(heights, set(heights))) == []
    assert told_of(scanned(heights, set(heights[:5]))) == [
        ("slice-gap", "2 of 8 CT slices missing: gap at z = 9.0 to 12.0 mm")
    ]


@pytest.mark.parametrize(
    ("absent", "told"),
    [
        ({-30.0}, "1 of 60 CT slices missing: gap at z = -30.0 mm"),
        ({20.0}, "1 of 60 CT slices missing: gap at z = 20.0 mm"),
        ({20.0, 24.0, 98.0}, "3 of 60 CT slices missing: gaps at z = 20.0, 24.0, 98.0 mm"),
    ],
)
def test_a_gap_is_what_is_wide_among_its_neighbours(absent: set[float], told: str) -> None:
    heights = [z for z in MIXED if z not in absent]
    named = {z for z in heights if 0 <= z <= 78}
    assert told_of(scanned(heights, named)) == [("slice-gap", told)]


@pytest.mark.parametrize(
    ("turned", "along", "told"),
    [
        ((0, 1, 0, 0, 0, -1), (1.0, 0.0, 0.0), "gap at x = 12.0 to 15.0 mm"),
        ((1, 0, 0, 0, 0, -1), (0.0, 1.0, 0.0), "gap at y = 12.0 to 15.0 mm"),
        ((1, 0, 0, 0, 0.8, -0.6), (0.0, 0.6, 0.8), "gap at z = 9.6 to 12.0 mm"),
    ],
    ids=["sagittal", "coronal", "oblique"],
)
def test_slices_that_are_not_axial_are_told_on_their_own_axis(
    turned: tuple[float, ...], along: tuple[float, float, float], told: str
) -> None:
    """Of two stacks of one series the axial one is whole; the other lacks two of nine slices."""
    x, y, z = along
    tilted = [
        replace(
            read_instance(make.ct(50 + n, 0.0)),
            facts=ImageFacts((3.0 * n * x, 3.0 * n * y, 3.0 * n * z), turned),
        )
        for n in (0, 1, 2, 3, 6, 7, 8)
    ]
    instances = [*(read_instance(data) for data in make.course(slices=3)), *tilted]
    (draft,) = assemble(instances)
    present = {i.sop_instance_uid for i in instances}
    assert [r.text for r in reasons_of(draft, present, Needs())] == [
        f"2 of 9 CT slices missing: {told}"
    ]


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [
        (slice(-1, None), [("no-dose", "no dose has come")]),
        (
            slice(-2, -1),
            [("plan-missing", "the dose refers to a plan that has not come")],
        ),
    ],
)
def test_what_has_not_come_is_named(left_out: slice, expected: list[tuple[str, str]]) -> None:
    objects = make.course()
    del objects[left_out]
    instances = [read_instance(data) for data in objects]
    present = {i.sop_instance_uid for i in instances}
    found = [
        (r.code, r.text)
        for draft in assemble(instances)
        for r in reasons_of(draft, present, Needs(roles=(Role.DOSE,)))
        if draft.of(Role.DOSE) or draft.of(Role.PLAN)
    ]
    assert found == expected


@pytest.mark.parametrize(
    ("sets", "plans", "told"),
    [
        ((999,), (200,), [("structures-missing", "the dose refers to a structure set")]),
        ((100,), (998,), [("plan-missing", "the dose refers to a plan")]),
        (
            (999,),
            (998,),
            [
                ("plan-missing", "the dose refers to a plan"),
                ("structures-missing", "the dose refers to a structure set"),
            ],
        ),
    ],
)
def test_what_a_dose_lacks_is_told_by_its_kind(
    sets: tuple[int, ...], plans: tuple[int, ...], told: list[tuple[str, str]]
) -> None:
    dataset = dcmread(BytesIO(make.course()[-1]))
    dataset.ReferencedStructureSetSequence, dataset.ReferencedRTPlanSequence = (
        Items([make.reference(n, RTPlanStorage) for n in numbers]) for numbers in (sets, plans)
    )
    instances = [read_instance(data) for data in [*make.course()[:-1], make.as_bytes(dataset)]]
    present = {i.sop_instance_uid for i in instances}
    found = [
        (r.code, r.text)
        for draft in assemble(instances)
        for r in reasons_of(draft, present, Needs(()))
    ]
    assert found == [(code, f"{text} that has not come") for code, text in told]


def test_a_plan_whose_structure_set_is_absent_lacks_no_concurrent_plan() -> None:
    concurrent = dcmread(BytesIO(make.plan(210, 999)))
    concurrent.ReferencedRTPlanSequence = Items([make.reference(200, RTPlanStorage)])
    assert reasons([*make.course(), make.as_bytes(concurrent)]) == [
        ("structures-missing", "the plan refers to a structure set that has not come")
    ]


def test_a_registration_to_images_elsewhere_does_not_hold_but_is_told() -> None:
    instances = [read_instance(data) for data in make.course()]
    instances.append(read_instance(make.registration(70, [1, 999], [make.FRAME])))
    present = {i.sop_instance_uid for i in instances}
    (draft,) = assemble(instances)
    assert reasons_of(draft, present, Needs()) == ()
    assert [m.to_uid for m in missing_of(draft, present)] == [make.uid(999)]


def test_images_alone_say_what_they_lack() -> None:
    assert reasons([make.ct(1, 0.0), make.ct(2, 3.0)]) == [
        ("unreferenced", "2 CT instances: no plan, structure set or dose refers to them")
    ]


def test_reading_keeps_what_is_needed_only() -> None:
    instance = read_instance(make.structures(100, [3, 1, 2, 3]))
    assert isinstance(instance, Instance)
    assert instance.references == (make.uid(1), make.uid(2), make.uid(3))
    assert instance.frame_uids == (make.FRAME,)

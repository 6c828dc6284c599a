"""Each member in exactly one place: the course that it was sent with, and going or staying."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.courses import Instance, assemble, by_home, kept_apart, read_instance, without
from tests.factories import site_objects as make
from tests.integration.gateway.test_courses_that_are_joined import second_course, sum_dose

FIRST = [read_instance(data) for data in make.course()]
SECOND = [read_instance(data) for data in second_course("PAAA")]
SUM = read_instance(sum_dose(310, (200, 201), "PAAA"))
LATER = [
    read_instance(make.plan(210, 101)),
    read_instance(make.dose(311, 210)),
    read_instance(make.record(411, 210, 1)),
]
EVERYTHING = [*FIRST, *SECOND, SUM, *LATER]
TRIAL = [
    read_instance(make.plan(190, 100, approval="UNAPPROVED")),
    read_instance(make.dose(390, 190)),
    read_instance(make.record(490, 190, 1)),
]


def uids(instances: list[Instance] | tuple[Instance, ...]) -> set[str]:
    return {one.sop_instance_uid for one in instances}


@given(st.permutations(EVERYTHING))
def test_two_that_were_sent_stay_two_in_any_order(instances: list[Instance]) -> None:
    homes = dict.fromkeys(uids(FIRST), 1) | dict.fromkeys(uids(SECOND), 2)
    sent, new = by_home(assemble(instances), homes)
    assert new == []
    assert uids(sent[1].members) == uids(FIRST) | {SUM.sop_instance_uid}
    assert uids(sent[2].members) == uids(SECOND) | uids(LATER)


@given(st.lists(st.sampled_from([0, 1, 2]), min_size=18, max_size=18))
def test_whatever_was_sent_with_which_nothing_is_lost_or_doubled(where: list[int]) -> None:
    ordered = sorted(uids(EVERYTHING))
    homes = {uid: home for uid, home in zip(ordered, where, strict=True) if home}
    sent, new = by_home(assemble(EVERYTHING), homes)
    found = [m for draft in [*sent.values(), *new] for m in draft.members]
    assert len(found) == len(EVERYTHING)
    assert uids(found) == uids(EVERYTHING)
    for home, draft in sent.items():
        assert {homes.get(uid, home) for uid in uids(draft.members)} == {home}


@given(st.permutations([*FIRST, *TRIAL]))
def test_what_goes_refers_to_nothing_that_stays(instances: list[Instance]) -> None:
    (draft,) = assemble(instances)
    apart = kept_apart(draft, {make.uid(190)}, (), ())
    assert apart == dict.fromkeys(uids(TRIAL), make.uid(190))
    rest = without(draft, apart)
    assert rest == assemble(FIRST)[0]
    assert not {uid for one in rest.members for uid in one.references} & apart.keys()


def test_without_another_plan_policy_keeps_nothing_apart_but_a_person_does() -> None:
    (draft,) = assemble([*FIRST, *TRIAL])
    plans = {make.uid(190), make.uid(200)}
    assert kept_apart(draft, plans, (), ()) == {}
    assert kept_apart(draft, plans, {make.uid(200)}, ()).keys() == {make.uid(200), make.uid(300)}


def test_what_was_sent_or_taken_in_is_never_kept_apart() -> None:
    (draft,) = assemble([*FIRST, *TRIAL])
    assert kept_apart(draft, {make.uid(190)}, (), {make.uid(190)}) == {}
    free = {make.uid(390)}
    assert kept_apart(draft, {make.uid(190)}, (), free).keys() == {make.uid(190), make.uid(490)}

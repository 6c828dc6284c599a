"""What is near is counted by place and not by pairs of members, and comes to the same."""

import tracemalloc
from collections import Counter
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from gateway.contract.manifest import Role
from gateway.domain.courses import Draft, Instance, by_home

IMAGE, OTHER = Role.PLANNING_IMAGE, Role.DOSE
MOST_MB = 4.0


def instance(
    uid: str, role: Role, series: str, frames: tuple[str, ...], references: tuple[str, ...] = ()
) -> Instance:
    return Instance(uid, "1", series, "study", "PAAA", "CT", role, references, frames)


def places(one: Instance) -> set[str]:
    series = {f"series {one.series_instance_uid}"} if one.role is IMAGE else set()
    return series | set(one.frame_uids)


def by_definition(members: tuple[Instance, ...], homes: Mapping[str, int]) -> dict[str, int]:
    """Say where each member belongs, with every pair looked at."""
    uids = [one.sop_instance_uid for one in members]
    pairs = [(one, other) for one in members for other in members if one is not other]
    refers = {uid: set[str]() for uid in uids}
    near = {uid: set[str]() for uid in uids}
    for one, other in pairs:
        if other.sop_instance_uid in one.references:
            refers[one.sop_instance_uid].add(other.sop_instance_uid)
            refers[other.sop_instance_uid].add(one.sop_instance_uid)
        if places(one) & places(other):
            near[one.sop_instance_uid].add(other.sop_instance_uid)

    def following(*ties: Mapping[str, set[str]]) -> dict[str, int]:
        found = {}
        for uid in (uid for uid in uids if uid not in placed):
            counts = [Counter(placed[one] for one in tie[uid] & placed.keys()) for tie in ties]
            order = {home: ([-count[home] for count in counts], home) for home in counts[0]}
            if order:
                found[uid] = min(order, key=lambda home: order[home])
        return found

    placed = dict(homes)
    while waiting := [uid for uid in uids if uid not in placed]:
        first = min(homes.values())
        placed |= following(refers, near) or following(near) or dict.fromkeys(waiting, first)
    return placed


@st.composite
def patients(draw: st.DrawFn) -> tuple[tuple[Instance, ...], dict[str, int]]:
    """Return members in a few series and frames, of which two courses at least were sent."""
    names = [f"u{number:02d}" for number in range(draw(st.integers(3, 14)))]
    series, frames = st.sampled_from("abc"), st.lists(st.sampled_from("FGHI"), unique=True)
    members = tuple(
        instance(
            name,
            draw(st.sampled_from([IMAGE, IMAGE, OTHER])),
            draw(series),
            tuple(sorted(draw(frames))),
            tuple(draw(st.lists(st.sampled_from(names), max_size=2, unique=True))),
        )
        for name in names
    )
    sent = draw(st.dictionaries(st.sampled_from(names[2:]), st.integers(1, 3), max_size=8))
    return members, {names[0]: 1, names[1]: 2, **sent}


@given(patients())
def test_the_places_come_to_what_the_pairs_come_to(
    patient: tuple[tuple[Instance, ...], dict[str, int]],
) -> None:
    members, homes = patient
    sent, new = by_home([Draft("anchor", members)], homes)
    assert new == []
    found = {m.sop_instance_uid: home for home, part in sent.items() for m in part.members}
    assert found == by_definition(members, homes)


def test_thousands_of_images_in_one_frame_take_little_memory() -> None:
    images = [instance(f"i{n:04d}", IMAGE, f"s{n // 80}", ("F",)) for n in range(1500)]
    draft = Draft("anchor", (*images, instance("sum", OTHER, "d", ("F",))))
    homes = {one.sop_instance_uid: 1 + n % 2 for n, one in enumerate(images)}
    tracemalloc.start()
    by_home([draft], homes)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST_MB * 1e6

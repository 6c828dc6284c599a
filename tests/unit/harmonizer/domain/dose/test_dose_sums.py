"""Doses added up, with numbers that can be worked out by hand."""

import numpy as np
import pytest

from harmonizer.domain.dose.assembly import CourseDose, assemble
from harmonizer.domain.dose.grid import DoseGrid
from harmonizer.domain.dose.plan import (
    Beam,
    BeamDelivery,
    DoseReference,
    FractionGroup,
    Plan,
    RtDose,
    TreatmentRecord,
)
from harmonizer.domain.dose.summation import Part, add_up, delivered_share, stack_frames
from harmonizer.errors import DataError


def grid(value: float, frames: int = 3, **changes: object) -> DoseGrid:
    """Return a grid of 2 x 2 voxels of 2 mm with one dose, `frames` at 3 mm."""
    axes = np.eye(3)
    fields: dict[str, object] = {
        "stored": np.full((frames, 2, 2), round(value * 100), np.uint16),
        "scaling": 0.01,
        "origin": np.zeros(3),
        "row_direction": axes[0],
        "column_direction": axes[1],
        "row_spacing": 2.0,
        "column_spacing": 2.0,
        "offsets": 3.0 * np.arange(frames),
        "frame_of_reference_uid": "1.2",
    }
    return DoseGrid(**{**fields, **changes})  # type: ignore[arg-type]


def dose(value: float, kind: str = "PLAN", plan: str = "p1", **changes: object) -> RtDose:
    fields: dict[str, object] = {
        "sop_instance_uid": f"d{value}",
        "grid": grid(value),
        "units": "GY",
        "summation_type": kind,
        "plan_uids": (plan,) if plan else (),
    }
    return RtDose(**{**fields, **changes})  # type: ignore[arg-type]


def plan(uid: str = "p1", fractions: int = 10, prescribed: float = 20.0) -> Plan:
    return Plan(
        uid,
        fraction_groups=(FractionGroup(1, fractions, (1, 2)),),
        beams=(Beam(1, delivery_type="TREATMENT"), Beam(2, delivery_type="TREATMENT")),
        dose_references=(DoseReference(1, "TARGET", prescribed_gy=prescribed),),
    )


def records(uid: str, fractions: int) -> list[TreatmentRecord]:
    return [
        TreatmentRecord(f"{uid}.{n}", (uid,), deliveries=(BeamDelivery(1, n), BeamDelivery(2, n)))
        for n in range(1, fractions + 1)
    ]


def everywhere(found: RtDose | None) -> float:
    """Return the one dose that all voxels of a dose have."""
    assert found is not None
    assert found.grid is not None
    values = np.unique(np.round(found.grid.stored * found.grid.scaling, 4))
    assert values.size == 1
    return float(values[0])


def codes(found: CourseDose) -> set[str]:
    return {code for code, _ in found.problems}


def test_parts_add_up_by_their_share_on_the_first_grid() -> None:
    """10 Gy + half of 4 Gy."""
    total = add_up([Part(grid(10), 1.0, "first"), Part(grid(4), 0.5, "half of second")])
    assert np.allclose(total.grid.stored * total.grid.scaling, 12.0)
    assert total.made_of == ("first", "half of second")


def test_a_part_on_another_grid_is_interpolated_and_its_gaps_are_said() -> None:
    """Dose that rises 1 Gy per mm along z, on frames half-way between those of the base."""
    rising = np.repeat(np.array([150, 450, 750], np.uint16), 4).reshape(3, 2, 2)
    other = grid(0, stored=rising, origin=np.array([0.0, 0.0, 1.5]))
    total = add_up([Part(grid(1), 1.0, "flat"), Part(other, 1.0, "rising")])
    along = total.grid.stored[:, 0, 0] * total.grid.scaling
    assert along[1:].tolist() == pytest.approx([1 + 3.0, 1 + 6.0], abs=1e-4)
    shifted = grid(2, origin=np.array([0.0, 0.0, 6.0]))
    short = add_up([Part(grid(1), 1.0, "flat"), Part(shifted, 1.0, "beside")])
    along = short.grid.stored[:, 0, 0] * short.grid.scaling
    assert along.tolist() == pytest.approx([1.0, 1.0, 3.0], abs=1e-4)
    assert short.made_of[1] == "beside (66.7% of the grid without value)"


def test_doses_in_different_frames_are_not_added() -> None:
    parts = [Part(grid(1), 1.0, ""), Part(grid(1, frame_of_reference_uid="9"), 1.0, "")]
    with pytest.raises(DataError, match="different frames"):
        add_up(parts)
    with pytest.raises(DataError, match="no dose"):
        add_up([])


def test_slices_of_different_scaling_become_one_grid_in_order() -> None:
    """Stored 500 x 0.01 = 5 Gy at z 3, stored 70 x 0.1 = 7 Gy at z 0."""
    upper = grid(5, frames=1, origin=np.array([0.0, 0.0, 3.0]))
    lower = grid(0, frames=1, stored=np.full((1, 2, 2), 70, np.uint16), scaling=0.1)
    joined = stack_frames([upper, lower])
    assert joined.offsets.tolist() == [0.0, 3.0]
    assert (joined.stored[:, 0, 0] * joined.scaling).tolist() == pytest.approx([7.0, 5.0])


@pytest.mark.parametrize(
    "second",
    [
        grid(5, frames=1, origin=np.array([0.0, 0.0, 0.0])),
        grid(5, frames=1, origin=np.array([4.0, 0.0, 3.0])),
        grid(5, frames=1, row_spacing=2.5, origin=np.array([0.0, 0.0, 3.0])),
        grid(5, frames=2),
    ],
    ids=["same place", "beside", "other spacing", "two frames"],
)
def test_slices_that_do_not_fit_are_refused(second: DoseGrid) -> None:
    with pytest.raises(DataError) as caught:
        stack_frames([grid(5, frames=1), second])
    assert caught.value.code == "DOSE-SLICES"


def test_the_share_given_is_fractions_over_fractions() -> None:
    assert delivered_share(7, 28) == 0.25
    for bad in ((1, 0), (-1, 5)):
        with pytest.raises(ValueError, match="share"):
            delivered_share(*bad)


def test_a_plan_dose_is_taken_as_it_is() -> None:
    only = dose(20)
    found = assemble([only], [plan()])
    assert found.planned is only
    assert found.delivered is None
    assert found.problems == ()


def test_beams_make_a_plan_only_if_all_are_there() -> None:
    beams = [dose(8, "BEAM", beam_numbers=(1,)), dose(12, "BEAM", beam_numbers=(2,))]
    whole = assemble(beams, [plan()])
    assert everywhere(whole.planned) == 20.0
    assert whole.planned is not None
    assert whole.planned.made_of == ("2 doses of beams added up",)
    part = assemble(beams[:1], [plan()])
    assert codes(part) == {"DOSE-SUM-INCOMPLETE"}
    assert everywhere(part.planned) == 8.0
    assert part.planned is not None
    assert part.planned.summation_type == "BEAM"


def test_a_session_counts_as_often_as_there_are_fractions() -> None:
    found = assemble([dose(2, "FRACTION_SESSION")], [plan(fractions=10)])
    assert everywhere(found.planned) == 20.0


def test_slices_in_several_objects_are_one_dose() -> None:
    slices = [
        dose(7, grid=grid(7, frames=1, origin=np.array([0.0, 0.0, z])), sop_instance_uid=f"s{z}")
        for z in (6.0, 0.0, 3.0)
    ]
    found = assemble(slices, [plan()]).planned
    assert found is not None
    assert found.grid is not None
    assert found.grid.stored.shape == (3, 2, 2)
    assert found.made_of == ("3 objects of one slice each",)


def test_two_plans_without_records_are_not_added() -> None:
    """The second may be an alternative that nobody got."""
    found = assemble([dose(20), dose(10, plan="p2")], [plan(), plan("p2")])
    assert everywhere(found.planned) == 20.0
    assert codes(found) == {"COURSE-SEVERAL-PLANS"}


def test_plans_with_records_are_added_by_what_was_given() -> None:
    """Main plan 10 of 10 fractions, boost 2 of 5: planned 20 + 10, given 20 + 4."""
    found = assemble(
        [dose(20), dose(10, plan="p2")],
        [plan(fractions=10), plan("p2", fractions=5)],
        [*records("p1", 10), *records("p2", 2)],
    )
    assert everywhere(found.planned) == 30.0
    assert everywhere(found.delivered) == 24.0
    assert found.delivered is not None
    assert found.delivered.made_of == ("plan 1: 100.0% of its dose", "plan 2: 40.0% of its dose")
    assert found.problems == ()


def test_a_plan_that_was_never_given_is_left_out() -> None:
    doses = [dose(50, plan="p2"), dose(20)]
    found = assemble(doses, [plan(), plan("p2")], records("p1", 10))
    assert everywhere(found.planned) == 20.0
    assert found.delivered is None


def test_a_plan_that_was_stopped_gives_its_share() -> None:
    found = assemble([dose(20)], [plan(fractions=10)], records("p1", 7))
    assert everywhere(found.planned) == 20.0
    assert everywhere(found.delivered) == pytest.approx(14.0)
    assert found.delivered is not None
    assert found.delivered.made_of == ("70.0% of the plan's dose",)


def test_plans_in_different_frames_are_not_added() -> None:
    other = dose(10, plan="p2", grid=grid(10, frame_of_reference_uid="9"))
    found = assemble(
        [dose(20), other], [plan(), plan("p2")], [*records("p1", 10), *records("p2", 10)]
    )
    assert everywhere(found.planned) == 20.0
    assert codes(found) == {"DOSE-SUM-FRAMES"}


def test_no_dose_gives_none() -> None:
    found = assemble([], [plan()])
    assert found.planned is None
    assert found.problems == ()

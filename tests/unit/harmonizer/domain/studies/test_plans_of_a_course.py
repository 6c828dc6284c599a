"""What is kept of each plan of a course: what it asks for, and what its records say."""

from harmonizer.domain.dose.plan import (
    Beam,
    BeamDelivery,
    DoseReference,
    FractionGroup,
    Plan,
    TreatmentRecord,
)
from harmonizer.domain.quality import CourseFacts
from harmonizer.domain.studies import describe_plans


def plan(uid: str, points: int, fractions: int, gy: float) -> Plan:
    return Plan(
        uid,
        fraction_groups=(FractionGroup(1, fractions, (1,)),),
        beams=(Beam(1, control_points=points),),
        dose_references=(
            DoseReference(1, "TARGET", roi_number=4, prescribed_gy=gy),
            DoseReference(2, "ORGAN_AT_RISK", roi_number=5, prescribed_gy=3.0),
            DoseReference(3, "TARGET", prescribed_gy=gy),
        ),
    )


def record(uid: str, day: str, fraction: int) -> TreatmentRecord:
    return TreatmentRecord(f"{uid}.{day}", (uid,), day, deliveries=(BeamDelivery(1, fraction),))


PLANS = (plan("2.25.1", 2, 15, 40.05), plan("2.25.2", 90, 4, 10.0))


def test_each_plan_has_its_own_fractions_days_and_doses() -> None:
    records = [record("2.25.1", f"202001{day}", day) for day in range(10, 15)]
    whole, boost = describe_plans(CourseFacts(plans=PLANS, records=tuple(records)))
    assert (whole.technique, whole.fractions, whole.delivered) == ("static", 15, 5)
    assert (whole.first_day, whole.last_day) == ("2020-01-10", "2020-01-14")
    assert whole.prescribed == ((4, 40.05),)
    assert (boost.technique, boost.fractions, boost.delivered) == ("modulated", 4, 0)
    assert (boost.first_day, boost.last_day) == (None, None)


def test_without_any_record_nobody_knows_what_was_given() -> None:
    assert [row.delivered for row in describe_plans(CourseFacts(plans=PLANS))] == [None, None]

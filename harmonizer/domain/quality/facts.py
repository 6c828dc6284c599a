"""Everything that the quality rules may look at, gathered beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harmonizer.domain.dose.assembly import CourseDose, fractions_given
from harmonizer.domain.dose.dvh import DvhResult
from harmonizer.domain.dose.plan import ImageSlice, Plan, RtDose, TreatmentRecord
from harmonizer.domain.dose.structures import Roi, StructureSet
from harmonizer.domain.quality.knowledge import EMPTY, Knowledge


@dataclass(frozen=True, eq=False)
class CourseFacts:
    """A course as read, mapped and computed. Every part may be missing.

    `names` maps ROI numbers to TG-263 names; a region without one is not in it. `course_dose` and
    `dvhs` are filled by `analysis.computed`; `dvhs` holds what was computed under `dose`.
    """

    structure_sets: tuple[StructureSet, ...] = ()
    doses: tuple[RtDose, ...] = ()
    plans: tuple[Plan, ...] = ()
    records: tuple[TreatmentRecord, ...] = ()
    images: tuple[ImageSlice, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)
    guesses: Mapping[int, str] = field(default_factory=dict)  # names not sure enough to apply
    course_dose: CourseDose | None = None
    dvhs: Mapping[int, DvhResult] = field(default_factory=dict)
    site: str | None = None  # breast, prostate, lung, head-neck, ...
    laterality: str | None = None  # L, R or B: of the diagnosis
    knowledge: Knowledge = EMPTY
    unreadable: tuple[tuple[str, str], ...] = ()  # (which object, why)
    patients: int = 1  # how many different Patient IDs the objects have

    @property
    def structure_set(self) -> StructureSet | None:
        """The structure set that the dose or plan refers to; else the only or the last one."""
        wanted = {uid for dose in self.doses for uid in dose.structure_set_uids}
        wanted |= {uid for plan in self.plans for uid in plan.structure_set_uids}
        for structure_set in self.structure_sets:
            if structure_set.sop_instance_uid in wanted:
                return structure_set
        return self.structure_sets[-1] if self.structure_sets else None

    @property
    def rois(self) -> tuple[Roi, ...]:
        """Regions of the chosen structure set."""
        chosen = self.structure_set
        return chosen.rois if chosen else ()

    @property
    def plan(self) -> Plan | None:
        """The plan that a dose refers to; else the first."""
        wanted = {uid for dose in self.doses for uid in dose.plan_uids}
        for plan in self.plans:
            if plan.sop_instance_uid in wanted:
                return plan
        return self.plans[0] if self.plans else None

    @property
    def dose(self) -> RtDose | None:
        """The dose of the whole course; else of the whole plan; else the first with a grid."""
        if self.course_dose is not None:
            return self.course_dose.planned
        for dose in self.doses:
            if dose.summation_type in {"PLAN", "MULTI_PLAN"} and dose.grid is not None:
                return dose
        usable = [dose for dose in self.doses if dose.grid is not None]
        return usable[0] if usable else None

    @property
    def planning_images(self) -> tuple[ImageSlice, ...]:
        """The images that the structures were drawn on, where any is here; else all CT.

        A cone-beam CT for set-up in the same course says nothing about the structures.
        """
        chosen = self.structure_set
        drawn_on = set(chosen.image_uids) if chosen else set()
        if chosen and not drawn_on:
            drawn_on = {c.image_uid for roi in chosen.rois for c in roi.contours if c.image_uid}
        found = tuple(i for i in self.images if i.sop_instance_uid in drawn_on)
        return found or tuple(i for i in self.images if i.modality == "CT")

    @property
    def dose_plans(self) -> tuple[Plan, ...]:
        """The plans that `dose` is of; the chosen plan where the dose does not say."""
        uids = set(self.dose.plan_uids) if self.dose else set()
        found = tuple(plan for plan in self.plans if plan.sop_instance_uid in uids)
        return found or ((self.plan,) if self.plan else ())

    @property
    def prescribed_gy(self) -> float | None:
        """What the plans of `dose` prescribe together; None if one of them does not say."""
        doses = [plan.prescribed_gy for plan in self.dose_plans]
        return sum(dose for dose in doses if dose) if doses and all(doses) else None

    @property
    def fractions(self) -> int | None:
        """Fractions of the plans of `dose`; None if one of them does not say."""
        counts = [plan.fractions for plan in self.dose_plans]
        return sum(count for count in counts if count) if counts and all(counts) else None

    @property
    def fractions_delivered(self) -> int | None:
        """Fractions of the plans of `dose` that have a record; None without any record."""
        counts = [fractions_given(plan, self.records) for plan in self.dose_plans]
        known = [count for count in counts if count is not None]
        return sum(known) if known else None

    def label(self, roi: Roi) -> str:
        """Name a region for a finding: its own name, and the TG-263 name where it differs."""
        standard = self.names.get(roi.number)
        if standard and standard != roi.name:
            return f"{roi.name} ({standard})"
        return roi.name or f"ROI {roi.number}"

    def standard_name(self, roi: Roi) -> str:
        """TG-263 name, or the region's own name as the next best."""
        return self.names.get(roi.number, roi.name)

"""Everything that the quality rules may look at, gathered beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harmonizer.domain.dose.dvh import DvhResult
from harmonizer.domain.dose.plan import ImageSlice, Plan, RtDose, TreatmentRecord
from harmonizer.domain.dose.structures import Roi, StructureSet
from harmonizer.domain.quality.knowledge import EMPTY, Knowledge


@dataclass(frozen=True, eq=False)
class CourseFacts:
    """A course as read, mapped and computed. Every part may be missing.

    `names` maps ROI numbers to TG-263 names; a region without one is not in it. `dvhs` holds what
    was computed under `dose`.
    """

    structure_sets: tuple[StructureSet, ...] = ()
    doses: tuple[RtDose, ...] = ()
    plans: tuple[Plan, ...] = ()
    records: tuple[TreatmentRecord, ...] = ()
    images: tuple[ImageSlice, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)
    dvhs: Mapping[int, DvhResult] = field(default_factory=dict)
    site: str | None = None  # breast, prostate, lung, head-and-neck, ...
    laterality: str | None = None  # L, R or B: of the diagnosis
    knowledge: Knowledge = EMPTY
    unreadable: tuple[tuple[str, str], ...] = ()  # (which object, why)

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
        """The dose of the whole plan; else the first with a grid."""
        for dose in self.doses:
            if dose.summation_type in {"PLAN", "MULTI_PLAN"} and dose.grid is not None:
                return dose
        usable = [dose for dose in self.doses if dose.grid is not None]
        return usable[0] if usable else None

    def label(self, roi: Roi) -> str:
        """Name a region for a finding: its own name, and the TG-263 name where it differs."""
        standard = self.names.get(roi.number)
        if standard and standard != roi.name:
            return f"{roi.name} ({standard})"
        return roi.name or f"ROI {roi.number}"

    def standard_name(self, roi: Roi) -> str:
        """TG-263 name, or the region's own name as the next best."""
        return self.names.get(roi.number, roi.name)

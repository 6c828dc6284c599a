"""What a plan prescribes, what a record says was given, and what an image's geometry is.

Only what dose data and quality rules ask for.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmonizer.domain.dose.grid import DoseGrid
from harmonizer.domain.dose.openings import Opening

Place = tuple[float, float, float]
"""Patient coordinates, mm."""


@dataclass(frozen=True)
class Beam:
    """One beam as the plan's fraction group uses it."""

    number: int
    name: str = ""
    radiation_type: str = ""  # PHOTON, ELECTRON, PROTON, ...
    delivery_type: str = ""  # TREATMENT, SETUP, ...
    machine: str = ""
    energy: float | None = None  # nominal, MV or MeV
    meterset: float | None = None  # MU of one fraction
    dose_gy: float | None = None  # beam dose of one fraction
    control_points: int = 0
    last_weight: float | None = None  # cumulative meterset weight of the last control point
    final_weight: float | None = None
    isocenter: Place | None = None
    weights: tuple[float, ...] = ()  # cumulative meterset weight at each control point
    angles: tuple[float, ...] = ()  # every gantry, collimator and couch angle, degrees
    dosimeter_unit: str = ""  # MU, MINUTE, ...
    dose_place: Place | None = None  # where `dose_gy` is said to be
    couch: tuple[float, ...] = ()  # Patient Support Angle at each control point that gives one
    openings: tuple[Opening, ...] = ()  # at each control point, where jaws or leaves are known


@dataclass(frozen=True)
class DoseReference:
    """A prescription to a volume or point."""

    number: int
    kind: str = ""  # TARGET or ORGAN_AT_RISK
    structure: str = ""  # SITE, VOLUME, POINT, COORDINATES
    roi_number: int | None = None
    prescribed_gy: float | None = None
    description: str = ""
    place: Place | None = None  # of a point


@dataclass(frozen=True)
class FractionGroup:
    """Fractions planned and the beams in them."""

    number: int
    fractions: int | None
    beam_numbers: tuple[int, ...] = ()
    brachy: bool = False


@dataclass(frozen=True)
class Plan:
    """An RT Plan or RT Ion Plan."""

    sop_instance_uid: str
    label: str = ""
    intent: str = ""
    geometry: str = ""
    approval_status: str = ""
    frame_of_reference_uid: str | None = None
    structure_set_uids: tuple[str, ...] = ()
    fraction_groups: tuple[FractionGroup, ...] = ()
    beams: tuple[Beam, ...] = ()
    dose_references: tuple[DoseReference, ...] = ()
    patient_positions: tuple[str, ...] = ()
    date: str = ""  # RT Plan Date, YYYYMMDD

    @property
    def fractions(self) -> int | None:
        """Planned fractions over all groups; None if any group does not say."""
        counts = [group.fractions for group in self.fraction_groups]
        if not counts or any(count is None for count in counts):
            return None
        return sum(count for count in counts if count is not None)

    @property
    def prescribed_gy(self) -> float | None:
        """Highest dose prescribed to a target; None if the plan does not say.

        Of points only where nothing else is prescribed: planning systems store there what the
        point gets.
        """
        asked = [r for r in self.dose_references if r.kind != "ORGAN_AT_RISK" and r.prescribed_gy]
        volumes = [r for r in asked if r.structure not in {"POINT", "COORDINATES"}]
        return max((r.prescribed_gy for r in volumes or asked if r.prescribed_gy), default=None)

    @property
    def treatment_beams(self) -> tuple[Beam, ...]:
        """Beams that are not for set-up."""
        return tuple(b for b in self.beams if b.delivery_type in {"", "TREATMENT", "CONTINUATION"})


@dataclass(frozen=True)
class BeamDelivery:
    """One beam of one fraction as recorded."""

    beam_number: int
    fraction: int | None = None
    delivered_meterset: float | None = None
    termination: str = ""  # NORMAL, MACHINE, OPERATOR, UNKNOWN


@dataclass(frozen=True)
class TreatmentRecord:
    """An RT Beams Treatment Record."""

    sop_instance_uid: str
    plan_uids: tuple[str, ...] = ()
    treatment_date: str = ""  # YYYYMMDD, shifted with the patient
    machine: str = ""
    fractions_planned: int | None = None
    deliveries: tuple[BeamDelivery, ...] = ()


@dataclass(frozen=True, eq=False)
class StoredDvh:
    """One item of the DVH Sequence that the planning system stored."""

    roi_number: int
    kind: str  # CUMULATIVE, DIFFERENTIAL
    dose_gy: NDArray[np.float64]  # (n,), rising: lower edges
    volume_cm3: NDArray[np.float64]  # (n,), cumulative
    mean_gy: float | None = None
    minimum_gy: float | None = None
    maximum_gy: float | None = None
    factor: float = 1.0  # Gy per unit of the stored mean, minimum and maximum
    relative: bool = False  # whether `volume_cm3` is in per cent of the structure instead
    same_factor: bool = True  # whether this item's own histogram agrees with `factor`


@dataclass(frozen=True, eq=False)
class RtDose:
    """An RT Dose object: its grid where it can be used, and what it says about itself."""

    sop_instance_uid: str
    grid: DoseGrid | None
    units: str = ""  # GY or RELATIVE
    dose_type: str = ""  # PHYSICAL, EFFECTIVE, ERROR
    summation_type: str = ""  # PLAN, MULTI_PLAN, FRACTION, BEAM, ...
    frame_of_reference_uid: str | None = None
    plan_uids: tuple[str, ...] = ()
    structure_set_uids: tuple[str, ...] = ()
    beam_numbers: tuple[int, ...] = ()
    dvhs: tuple[StoredDvh, ...] = ()
    scaling: float | None = None
    problems: tuple[tuple[str, str], ...] = ()  # (code, text): why a grid is missing or doubtful
    made_of: tuple[str, ...] = ()  # what was added up, if it is no single object
    date: str = ""  # Instance Creation Date or Content Date, YYYYMMDD


@dataclass(frozen=True)
class ImageSlice:
    """Where one image lies. No pixels."""

    sop_instance_uid: str
    modality: str
    series_uid: str = ""
    frame_of_reference_uid: str | None = None
    position: tuple[float, float, float] | None = None  # mm
    orientation: tuple[float, ...] = ()
    spacing: tuple[float, float] | None = None  # between rows, between columns, mm
    rows: int | None = None
    columns: int | None = None
    thickness: float | None = None
    patient_position: str = ""
    reconstructed_mm: float | None = None  # Reconstruction Diameter, of CT
    date: str = ""  # Acquisition Date, else the series' or study's, YYYYMMDD

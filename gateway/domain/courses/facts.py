"""What is remembered about a stored instance beside its references: enough to validate a course.

Lengths in mm in the patient's coordinate system (PS3.3 C.7.6.2), dose in Gy. No free text except
labels, which the first stage of de-identification has already cleaned.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class ImageFacts:
    """One slice, or one multi-frame object where `position_mm` is None."""

    position_mm: Vector | None = None
    orientation: tuple[float, ...] | None = None
    """Row then column direction cosines, 6 numbers."""
    acquired_on: str | None = None
    """DA, shifted."""
    quality_control: bool = False
    """The image says that it shows a phantom."""


@dataclass(frozen=True)
class RoiFacts:
    number: int
    contours: int = 0
    degenerate: int = 0
    """Closed contours with fewer than three points, or without any data."""


@dataclass(frozen=True)
class StructureFacts:
    rois: tuple[RoiFacts, ...] = ()
    contour_z_mm: tuple[float, ...] = ()
    """Distinct z of closed contours in axial planes, rounded to 0.01 mm, rising."""
    body_low_mm: Vector | None = None
    body_high_mm: Vector | None = None
    """Corners of the EXTERNAL contour's bounding box."""
    label: str = ""
    approval: str | None = None
    drawn_on: str | None = None
    """DA, shifted: of the last change."""


@dataclass(frozen=True)
class BeamFacts:
    number: int
    machine: str | None = None
    delivery: str | None = None
    energies_mv: tuple[float, ...] = ()


@dataclass(frozen=True)
class GroupFacts:
    """A fraction group."""

    number: int
    fractions: int | None = None
    dose_gy: float | None = None
    """Of one fraction: of all treatment beams or brachytherapy setups; None unless each tells."""


@dataclass(frozen=True)
class SourceFacts:
    number: int
    isotope: str | None = None
    strength: float | None = None
    """ReferenceAirKermaRate, or SourceStrength of what is no gamma source."""


@dataclass(frozen=True)
class SetupFacts:
    """A brachytherapy application setup, and the numbers of the sources in its channels."""

    number: int
    source_numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class PlanFacts:
    intent: str | None = None
    label: str = ""
    """As cleaning left it, like the name."""
    name: str = ""
    approval: str | None = None
    planned_on: str | None = None
    groups: tuple[GroupFacts, ...] = ()
    prescriptions_gy: tuple[float, ...] = ()
    """TargetPrescriptionDose of the targets, distinct and rising."""
    beams: tuple[BeamFacts, ...] = ()
    setups: tuple[SetupFacts, ...] = ()
    sources: tuple[SourceFacts, ...] = ()
    afterloader: str | None = None
    by_hand: bool = False
    """BrachyTreatmentType MANUAL: there is no afterloader."""
    structure_sets: tuple[str, ...] = ()
    predecessors: tuple[str, ...] = ()
    """Plans that this one says it was derived from, and so revises."""
    priors: tuple[str, ...] = ()
    """Plans of an earlier treatment."""
    alternatives: tuple[str, ...] = ()
    """Plans that it competes with: one of them is delivered."""
    verifies: tuple[str, ...] = ()
    """Plans that this one, of a verification, says it verifies."""

    @property
    def fractions(self) -> int | None:
        """Of all groups together; None unless each tells."""
        known = [group.fractions for group in self.groups if group.fractions]
        return sum(known) if known and len(known) == len(self.groups) else None

    @property
    def prescribed_gy(self) -> float | None:
        """The largest prescription."""
        return max(self.prescriptions_gy, default=None)

    @property
    def others(self) -> tuple[str, ...]:
        """Plans that it names and that are not treated together with it."""
        return (*self.predecessors, *self.priors, *self.alternatives, *self.verifies)


@dataclass(frozen=True)
class DoseFacts:
    units: str | None = None
    kind: str | None = None
    scaling: float | None = None
    low_mm: Vector | None = None
    high_mm: Vector | None = None
    """Corners of the grid's bounding box."""
    structure_sets: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecordFacts:
    treated_on: str | None = None
    fraction: int | None = None
    group: int | None = None
    """Number of the plan's fraction group."""


Known = TypeVar("Known", ImageFacts, StructureFacts, PlanFacts, DoseFacts, RecordFacts)
Facts = ImageFacts | StructureFacts | PlanFacts | DoseFacts | RecordFacts | None

_OF = "of"
_KINDS: dict[str, type[Any]] = {
    "image": ImageFacts,
    "structures": StructureFacts,
    "plan": PlanFacts,
    "dose": DoseFacts,
    "record": RecordFacts,
}
_PARTS: dict[str, type[Any]] = {
    "rois": RoiFacts,
    "beams": BeamFacts,
    "groups": GroupFacts,
    "setups": SetupFacts,
    "sources": SourceFacts,
}


def facts_to_json(facts: Facts) -> dict[str, Any]:
    """Return plain JSON; `facts_from_json` gives an equal object back."""
    for kind, cls in _KINDS.items():
        if isinstance(facts, cls):
            return {_OF: kind, **asdict(facts)}
    return {}


def facts_from_json(stored: dict[str, Any]) -> Facts:
    """Rebuild facts; a field of a later version is ignored, so that a downgrade still reads."""
    cls = _KINDS.get(str(stored.get(_OF)))
    return None if cls is None else _build(cls, stored)


def _build(cls: type[Any], stored: dict[str, Any]) -> Any:
    known = {field.name for field in fields(cls)}
    values = {name: _tuples(name, value) for name, value in stored.items() if name in known}
    return cls(**values)


def _tuples(name: str, value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return value
    if name in _PARTS:
        return tuple(_build(_PARTS[name], part) for part in value)
    return tuple(value)

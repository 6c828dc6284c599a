"""Everything about one invented patient before a byte is written."""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from kasari.phantom.anatomy import Site
from kasari.phantom.background import Background
from kasari.phantom.centres import Centre
from kasari.phantom.dose import DoseField
from kasari.phantom.names import Naming
from kasari.phantom.people import PhantomPerson


@dataclass(frozen=True)
class Resolution:
    """How finely patients are imaged."""

    pixels: int
    """Rows and columns of the planning CT."""
    field_mm: float
    """Side of the CT's field of view."""
    slice_mm: float
    dose_mm: float
    """Voxel side of the dose grid in all directions."""
    cone_beams: int
    """Days with a cone-beam CT, for patients who have any."""
    arc_step_degrees: float


FULL: Final = Resolution(512, 500.0, 3.0, 2.5, 5, 2.0)
SMALL: Final = Resolution(128, 480.0, 5.0, 3.0, 2, 6.0)


@dataclass(frozen=True)
class Calendar:
    """Days of one course. Fractions are on weekdays."""

    scanned: date
    planned: date
    fractions: tuple[date, ...]

    @property
    def first(self) -> date:
        return self.fractions[0]

    @property
    def last(self) -> date:
        return self.fractions[-1]


def calendar(scanned: date, wait_days: int, fractions: int) -> Calendar:
    """A fraction every weekday, from the first one `wait_days` after the scan or later."""
    days: list[date] = []
    day = scanned + timedelta(days=wait_days)
    while len(days) < fractions:
        if day.weekday() < 5:
            days.append(day)
        day += timedelta(days=1)
    return Calendar(scanned, scanned + timedelta(days=3), tuple(days))


@dataclass(frozen=True)
class Case:
    """One invented patient: who, what anatomy, which dose, what names."""

    index: int
    key: str
    """Folder name, for instance `KUH-001`; it names nobody."""
    folder: Path
    centre: Centre
    person: PhantomPerson
    site: Site
    field: DoseField
    naming: Naming
    days: Calendar
    resolution: Resolution
    seed: int
    background: Background
    own: float
    """The patient's own part of every severity and burden, standard normal."""
    declined: bool = False
    deviation: str | None = None
    """The planted error, if any."""
    with_records: bool = False
    with_cone_beams: bool = False

    def uid(self, *what: object) -> str:
        """The UID of one thing of this patient, the same one every time."""
        named = "/".join(str(part) for part in (self.seed, self.key, *what))
        number = int.from_bytes(hashlib.sha256(named.encode()).digest()[:15], "big")
        return f"2.25.{number}"

    @property
    def study_uid(self) -> str:
        return self.uid("study")

    @property
    def frame_uid(self) -> str:
        return self.uid("frame")

    @property
    def isocentre(self) -> tuple[float, float, float]:
        x, y, z = self.site.target.centre
        return (round(x, 2), round(y, 2), round(z, 2))

    @property
    def approved(self) -> bool:
        return self.deviation != "unapproved-plan"

    @property
    def heights(self) -> tuple[float, ...]:
        """z of the planning CT's slices, rising, mm. They fill the body from end to end."""
        low, high = self.site.body.box[2]
        step = self.resolution.slice_mm
        return tuple(low + step * (i + 0.5) for i in range(round((high - low) / step)))

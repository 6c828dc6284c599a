"""A cohort: who is in it, and the folder that comes out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from kasari.phantom.anatomy import SITES
from kasari.phantom.case import FULL, SMALL, Case, Resolution, calendar, centre_of
from kasari.phantom.contours import write_structure_set
from kasari.phantom.dose import dose_field
from kasari.phantom.doses import write_dose
from kasari.phantom.images import write_images
from kasari.phantom.names import name_structures
from kasari.phantom.people import PhantomPerson, invent
from kasari.phantom.plans import write_plan

FIRST_SCAN: Final = date(2022, 1, 10)
SCAN_DAYS: Final = 720
"""Scans fall into two years, so that a year of follow-up ends in 2025 at the latest."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class CohortSummary:
    """What was written."""

    folder: Path
    patients: int
    files: int
    bytes: int
    by_centre: dict[str, int]
    by_site: dict[str, int]


def generate_cohort(
    out: Path,
    patients: int,
    seed: int,
    centres: Sequence[str] = ("KUH", "Tyks"),
    small: bool = False,
    progress: Progress | None = None,
) -> CohortSummary:
    """Write a cohort into `out`; the same arguments give the same bytes.

    A patient does not depend on how many others there are. `progress` is called with (patients
    done, patients in all).
    """
    cases = list(draw_cases(out, patients, seed, centres, SMALL if small else FULL))
    for done, case in enumerate(cases):
        if progress:
            progress(done, patients)
        write_case(case)
    if progress:
        progress(patients, patients)
    files = [path for path in out.rglob("*") if path.is_file()]
    return CohortSummary(
        folder=out,
        patients=patients,
        files=len(files),
        bytes=sum(path.stat().st_size for path in files),
        by_centre=_count(case.centre.name for case in cases),
        by_site=_count(case.site.name for case in cases),
    )


def _count(values: Iterator[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts


def draw_cases(
    out: Path, patients: int, seed: int, centres: Sequence[str], resolution: Resolution
) -> Iterator[Case]:
    """Centres take turns; each gets the four sites in turn."""
    taken: set[str] = set()
    kinds = list(SITES)
    for index in range(1, patients + 1):
        centre = centres[(index - 1) % len(centres)]
        kind = kinds[((index - 1) // len(centres)) % len(kinds)]
        rng = np.random.default_rng([seed, index])
        site = SITES[kind](rng)
        key = f"{centre}-{index:03d}"
        scanned = FIRST_SCAN + timedelta(days=int(rng.integers(0, SCAN_DAYS)))
        scanned -= timedelta(days=max(0, scanned.weekday() - 4))
        yield Case(
            index=index,
            key=key,
            folder=out / centre / "dicom" / key,
            centre=centre_of(centre),
            person=_person(rng, site.sex, scanned, taken),
            site=site,
            field=dose_field(site),
            naming=name_structures(site.organs, centre, rng),
            days=calendar(scanned, int(rng.integers(7, 22)), site.fractions),
            resolution=resolution,
            seed=seed,
        )


def _person(rng: np.random.Generator, sex: str, scanned: date, taken: set[str]) -> PhantomPerson:
    """A person whose identity code nobody else in the cohort has."""
    age = int(np.clip(rng.normal(66.0, 10.0), 35.0, 88.0))
    person = invent(rng, sex, age, scanned)
    while person.patient_id in taken:
        person = invent(rng, sex, age, scanned)
    taken.add(person.patient_id)
    return person


def write_case(case: Case) -> None:
    """Write one patient's DICOM files."""
    case.folder.mkdir(parents=True, exist_ok=True)
    write_images(case, np.random.default_rng([case.seed, case.index, 1]))
    write_structure_set(case)
    write_plan(case)
    write_dose(case)

"""Drawing the patients of a cohort, before anything is written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from kasari.phantom.anatomy import SITES
from kasari.phantom.background import draw_background
from kasari.phantom.case import FULL, SMALL, Case, calendar
from kasari.phantom.centres import centre_of
from kasari.phantom.dose import dose_field
from kasari.phantom.names import leave_out, name_structures, swap_sides
from kasari.phantom.people import PhantomPerson, invent

FIRST_SCAN: Final = date(2022, 1, 10)
SCAN_DAYS: Final = 720
"""Scans fall into two years, so that a year of follow-up ends in 2025 at the latest."""

DECLINED_SHARE: Final = 1 / 12
RECORDS_EVERY: Final = 3
CONE_BEAMS_EVERY: Final = 4

DEVIATIONS: Final = ("missing-organ", "swapped-sides", "hot-spot", "unapproved-plan")
FORGOTTEN: Final = {
    "breast": "heart",
    "prostate": "rectum",
    "lung": "esophagus",
    "head-neck": "parotid_r",
}


@dataclass(frozen=True)
class Wish:
    """What a cohort shall be like. `declined`: how many; None is one in twelve."""

    patients: int
    seed: int
    centres: Sequence[str]
    small: bool
    declined: int | None = None
    deviations: int = 0


def draw_cohort(out: Path, wish: Wish) -> list[Case]:
    """Draw everybody. A patient's body, dose and names do not depend on how many others there are.

    Who declines and whom an error is planted in is drawn over the whole cohort.
    """
    cases = list(_draw(out, wish))
    rng = np.random.default_rng([wish.seed, 0])
    wanted = round(wish.patients * DECLINED_SHARE) if wish.declined is None else wish.declined
    declined = _some(rng, [_reluctance(case) for case in cases], wanted)
    rest = [0.0 if at in declined else 1.0 for at in range(len(cases))]
    chosen = _some(rng, rest, wish.deviations)
    for at in declined:
        cases[at] = replace(cases[at], declined=True)
    for number, at in enumerate(sorted(chosen)):
        cases[at] = _deviate(cases[at], DEVIATIONS[number % len(DEVIATIONS)])
    return cases


def _some(rng: np.random.Generator, weights: list[float], wanted: int) -> set[int]:
    """Draw places without replacement, by weight; all there are if more are wanted."""
    possible = sum(weight > 0 for weight in weights)
    if not min(wanted, possible):
        return set()
    shares = np.array(weights) / sum(weights)
    drawn = rng.choice(len(weights), min(wanted, possible), replace=False, p=shares)
    return {int(at) for at in drawn}


def _reluctance(case: Case) -> float:
    """Older patients and current smokers decline more often: a known bias of participation."""
    older = np.exp(0.04 * (case.background.age - 65))
    return float(older * (1.6 if case.background.smoking == "current" else 1.0))


def _deviate(case: Case, kind: str) -> Case:
    rng = np.random.default_rng([case.seed, case.index, 2])
    case = replace(case, deviation=kind)
    if kind == "missing-organ":
        return replace(case, naming=leave_out(case.naming, FORGOTTEN[case.site.name]))
    if kind == "swapped-sides":
        return replace(case, naming=swap_sides(case.naming, rng))
    if kind == "hot-spot":
        return replace(case, field=dose_field(case.site, hot=True))
    return case


def _draw(out: Path, wish: Wish) -> Iterator[Case]:
    """Centres take turns; each gets the four sites in turn."""
    taken: set[str] = set()
    kinds = list(SITES)
    for index in range(1, wish.patients + 1):
        turn, place = divmod(index - 1, len(wish.centres))
        centre, kind = wish.centres[place], kinds[turn % len(kinds)]
        rng = np.random.default_rng([wish.seed, index])
        site = SITES[kind](rng)
        scanned = _weekday(FIRST_SCAN + timedelta(days=int(rng.integers(0, SCAN_DAYS))))
        person = _person(rng, site.sex, scanned, taken)
        key = f"{centre}-{index:03d}"
        yield Case(
            index=index,
            key=key,
            folder=out / centre / "dicom" / key,
            centre=centre_of(centre),
            person=person,
            site=site,
            field=dose_field(site),
            naming=name_structures(site.organs, site.dose_gy, centre, rng),
            days=calendar(scanned, int(rng.integers(7, 22)), site.fractions),
            resolution=SMALL if wish.small else FULL,
            seed=wish.seed,
            background=draw_background(rng, kind, person.age_on(scanned)),
            own=float(rng.standard_normal()),
            with_records=turn % RECORDS_EVERY == place % RECORDS_EVERY,
            with_cone_beams=turn % CONE_BEAMS_EVERY == 1 + place % 2,
        )


def _weekday(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - 4))


def _person(rng: np.random.Generator, sex: str, scanned: date, taken: set[str]) -> PhantomPerson:
    """A person whose identity code nobody else in the cohort has."""
    age = int(np.clip(rng.normal(66.0, 10.0), 35.0, 88.0))
    person = invent(rng, sex, age, scanned)
    while person.patient_id in taken:
        person = invent(rng, sex, age, scanned)
    taken.add(person.patient_id)
    return person

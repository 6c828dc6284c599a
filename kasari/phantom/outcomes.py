"""Toxicity that depends on dose: Lyman's model, one hidden severity, grades over time.

The probability of grade 2 or more at an endpoint's worst time is

    NTCP = Phi(t),  t = (gEUD - TD50) / (m TD50) + sum of shifts by the patient's background

with the gEUD of the dose in 2 Gy fractions. The severity is z = t + e with e standard normal, of
which 30 % is the patient's own and shared by all endpoints. The grade at a time is the number of
steps that z, less what the endpoint recedes by then, has passed; the second step lies at 0.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist
from typing import Final

import numpy as np

from kasari.phantom.anatomy import Site
from kasari.phantom.background import Background
from kasari.phantom.endpoints import ENDPOINTS, Endpoint
from kasari.phantom.metrics import Doses, equivalent_uniform_dose

CTCAE_VERSION: Final = "5.0"
STEPS: Final = (-1.0, 0.0, 1.2, 2.4)
SHARED_VARIANCE: Final = 0.3
TIMES: Final = ("baseline", "end", "month 3", "month 12")
MISSED_VISIT_SHARE: Final = 0.05
BASELINE_GRADE_1_SHARE: Final = 0.05


@dataclass(frozen=True)
class Severity:
    """One endpoint of one patient."""

    endpoint: Endpoint
    dose_gy: float
    """gEUD of the dose in 2 Gy fractions."""
    mean_gy: float
    """Physical mean dose of the same structure."""
    shift: float
    probability: float
    """NTCP: of grade 2 or more at the worst time."""
    hidden: float
    """z."""

    def at(self, time: str) -> float:
        """The severity at a time; far below every step at baseline."""
        place = TIMES.index(time)
        return -3.0 if place == 0 else self.hidden - self.endpoint.recedes[place - 1]

    def grade(self, time: str) -> int:
        passed = sum(self.at(time) > step for step in STEPS)
        return min(passed, self.endpoint.highest_grade)


@dataclass(frozen=True)
class Assessment:
    """A grade that a clinician wrote down."""

    time: str
    day: date
    endpoint: Endpoint
    grade: int
    attribution: str


def days_of_times(first: date, last: date) -> dict[str, date]:
    """When a patient is seen."""
    after = {"month 3": 91, "month 12": 365}
    found = {"baseline": first, "end": last}
    return found | {name: last + timedelta(days=days) for name, days in after.items()}


def severities(
    site: Site, doses: Doses, background: Background, own: float, rng: np.random.Generator
) -> tuple[Severity, ...]:
    """Draw every endpoint of a patient. `own` is the patient's part, standard normal."""
    found = []
    for endpoint in (e for e in ENDPOINTS if e.site == site.name):
        organs, lyman = _organs(site, endpoint), endpoint.lyman
        here = np.concatenate([doses[organ] for organ in organs])
        dose = equivalent_uniform_dose(
            here, lyman.volume_effect, site.fractions, lyman.alpha_beta_gy
        )
        volume = sum(site.organ(organ).shape.volume_cm3 for organ in organs)
        shift = _shift(endpoint, background, volume)
        t = (dose - lyman.half_risk_gy) / (lyman.slope * lyman.half_risk_gy) + shift
        chance = math.sqrt(SHARED_VARIANCE) * own
        chance += math.sqrt(1.0 - SHARED_VARIANCE) * float(rng.standard_normal())
        probability = NormalDist().cdf(t)
        mean = float(here.mean())
        found.append(Severity(endpoint, dose, mean, shift, probability, t + chance))
    return tuple(found)


def _organs(site: Site, endpoint: Endpoint) -> tuple[str, ...]:
    """Organ keys; of a pair, each gland counts as much as the other."""
    side = site.laterality.lower()
    return tuple(organ.replace("_side", f"_{side}") for organ in endpoint.organs)


def _shift(endpoint: Endpoint, background: Background, volume_cm3: float) -> float:
    has = {
        "current": background.smoking == "current",
        "chemotherapy": background.chemotherapy,
        "old": background.age >= 75,
        "volume": np.clip((volume_cm3 - 620.0) / 150.0, -1.5, 1.5),
    }
    return float(sum(weight * float(has[name]) for name, weight in endpoint.shifts.items()))


def assessments(
    found: tuple[Severity, ...], days: Mapping[str, date], rng: np.random.Generator
) -> tuple[Assessment, ...]:
    """What was written down: all endpoints of a visit, unless the patient missed it."""
    rows = []
    for time in TIMES:
        if time.startswith("month") and rng.random() < MISSED_VISIT_SHARE:
            continue
        for severity in found:
            grade = severity.grade(time)
            if time == "baseline" and rng.random() < BASELINE_GRADE_1_SHARE:
                grade = 1
            cause = str(rng.choice(("possible", "probable", "definite"))) if grade else ""
            cause = "unrelated" if grade and time == "baseline" else cause
            rows.append(Assessment(time, days[time], severity.endpoint, grade, cause))
    return tuple(rows)

"""EORTC QLQ-C30 answers from the same hidden severities as the grades, and who does not answer.

A patient's burden at a time is made of the severities, the performance status and the patient's
own part. Each item passes one, two or three steps of load x burden + symptom + noise. The chance
to answer at all falls with the burden, so that missing answers are not missing at random.
"""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from kasari.phantom.background import Background
from kasari.phantom.outcomes import TIMES, Severity

ITEMS: Final = tuple(f"q{number}" for number in range(1, 31))
STEPS: Final = (0.8, 1.9, 3.0)
NOISE: Final = 0.7
LOADS: Final = {
    **{f"q{n}": 0.6 for n in (1, 2, 3, 4)},
    "q5": 0.25,
    **{f"q{n}": 0.8 for n in (6, 7)},
    "q8": 0.4,
    **{f"q{n}": 0.6 for n in (9, 11, 19)},
    **{f"q{n}": 1.0 for n in (10, 12, 18)},
    **{f"q{n}": 0.35 for n in (13, 14, 15, 16, 17)},
    **{f"q{n}": 0.5 for n in (20, 21, 22, 23, 24, 25)},
    **{f"q{n}": 0.6 for n in (26, 27)},
    "q28": 0.3,
}
SYMPTOMS: Final = {
    "Dermatitis radiation": ("q9", "q19"),
    "Pneumonitis": ("q8",),
    "Cystitis noninfective": ("q11",),
    "Proctitis": ("q17",),
    "Esophagitis": ("q9", "q13"),
    "Dry mouth": ("q13",),
    "Dysphagia": ("q13", "q14"),
}
"""Items that ask for what an endpoint makes a patient feel."""

ANSWERS: Final = (1.6, -0.75, -0.02)
"""Of the chance to answer, on the logit: constant, per unit of burden, per year above 65."""

SKIPPED_ITEM_SHARE: Final = 0.01


@dataclass(frozen=True)
class Form:
    """One questionnaire that was handed out; `items` is empty if it never came back."""

    time: str
    day: date
    burden: float
    chance: float
    """That it comes back."""
    items: dict[str, int]


def burden_at(time: str, found: tuple[Severity, ...], background: Background, own: float) -> float:
    """How much a patient suffers at a time; about 0 to 3."""
    felt = sum(max(0.0, severity.at(time) + 1.0) for severity in found) / max(1, len(found))
    return max(0.0, 0.35 + 0.3 * own + 0.25 * background.performance_status + 0.7 * felt)


def forms(
    found: tuple[Severity, ...],
    background: Background,
    own: float,
    days: dict[str, date],
    rng: np.random.Generator,
) -> tuple[Form, ...]:
    """Hand out a questionnaire at every time and see which come back."""
    handed = []
    for time in TIMES:
        burden = burden_at(time, found, background, own)
        chance = _logistic(ANSWERS[0] + ANSWERS[1] * burden + ANSWERS[2] * (background.age - 65))
        items = _items(time, burden, found, rng) if rng.random() < chance else {}
        late = timedelta(days=0 if time == "baseline" else int(rng.integers(0, 8)))
        handed.append(Form(time, days[time] + late, burden, chance, items))
    return tuple(handed)


def _items(
    time: str, burden: float, found: tuple[Severity, ...], rng: np.random.Generator
) -> dict[str, int]:
    symptoms: dict[str, float] = {}
    for severity in found:
        for name in SYMPTOMS[severity.endpoint.term]:
            symptoms[name] = symptoms.get(name, 0.0) + max(0.0, severity.at(time) + 1.0)
    answers = {}
    for name in ITEMS:
        noise = NOISE * float(rng.standard_normal())
        if rng.random() < SKIPPED_ITEM_SHARE:
            continue
        if name in LOADS:
            level = LOADS[name] * burden + symptoms.get(name, 0.0) + noise
            answers[name] = 1 + sum(level > step for step in STEPS)
        else:
            answers[name] = int(np.clip(round(6.3 - 1.1 * burden + noise), 1, 7))
    return answers


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-value))

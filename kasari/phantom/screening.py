"""A centre's screening log: the cohort, and invented others who were not asked or said no.

A line per patient and step. The others exist in this log only: a clinic sees more patients than
are in a generated cohort.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np

from kasari.phantom.case import Case

SCREENING: Final = ("date", "step", "diagnosis", "age", "sex")
ASKED_BEFORE_SCAN: Final = timedelta(days=4)
LEAST_OTHERS: Final = 80
NOT_ASKED_SHARE: Final = 0.1
AGE_OF_EVENS: Final = 70.0
YEARS_PER_LOGIT: Final = 12.0
CONSENTING: Final[tuple[str, ...]] = ("eligible", "asked", "consented")
DECLINING: Final[tuple[str, ...]] = ("eligible", "asked", "declined")

Row = Sequence[object]


def asked_on(case: Case) -> date:
    return case.days.scanned - ASKED_BEFORE_SCAN


def screened(cases: Sequence[Case]) -> Iterator[Row]:
    """Yield the log's lines, patient by patient."""
    if not cases:
        return
    for case in cases:
        day, steps = asked_on(case), DECLINING if case.declined else CONSENTING
        years = case.person.age_on(day)
        yield from ((day, step, case.site.icd10, years, case.person.sex) for step in steps)
    rng = np.random.default_rng([cases[0].seed, cases[0].index, len(cases), 17])
    for _ in range(max(LEAST_OTHERS, 2 * len(cases))):
        like = cases[int(rng.integers(len(cases)))]
        day = asked_on(like) + timedelta(days=int(rng.integers(-20, 20)))
        years = int(np.clip(rng.normal(like.person.age_on(day), 10.0), 25, 95))
        steps = _answer(years, rng)
        yield from ((day, step, like.site.icd10, years, like.person.sex) for step in steps)


def _answer(years: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Who is older consents more rarely."""
    if rng.random() < NOT_ASKED_SHARE:
        return CONSENTING[:1]
    willing = 1.0 / (1.0 + math.exp((years - AGE_OF_EVENS) / YEARS_PER_LOGIT))
    return CONSENTING if rng.random() < willing else DECLINING

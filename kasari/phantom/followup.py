"""What happens to a patient after the plan: severities, grades and questionnaires."""

from dataclasses import dataclass

import numpy as np

from kasari.phantom.answers import Form, forms
from kasari.phantom.case import Case
from kasari.phantom.metrics import Doses
from kasari.phantom.outcomes import (
    Assessment,
    Severity,
    assessments,
    days_of_times,
    severities,
)


@dataclass(frozen=True)
class Followup:
    severities: tuple[Severity, ...]
    assessments: tuple[Assessment, ...]
    forms: tuple[Form, ...]


def follow(case: Case, doses: Doses) -> Followup:
    """Draw a patient's outcomes from the planned dose."""
    rng = np.random.default_rng([case.seed, case.index, 3])
    found = severities(case.site, doses, case.background, case.own, rng)
    days = days_of_times(case.days.first, case.days.last)
    return Followup(
        found,
        assessments(found, days, rng),
        forms(found, case.background, case.own, days, rng),
    )

"""What the facts about a patient add up to: comorbidity, recurrence, survival."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

CHARLSON: Final[Mapping[str, int]] = {
    "myocardial-infarction": 1,
    "heart-failure": 1,
    "peripheral-vascular": 1,
    "cerebrovascular": 1,
    "dementia": 1,
    "chronic-pulmonary": 1,
    "rheumatic": 1,
    "peptic-ulcer": 1,
    "mild-liver": 1,
    "diabetes": 1,
    "diabetes-complicated": 2,
    "hemiplegia": 2,
    "renal": 2,
    "other-cancer": 2,
    "leukaemia": 2,
    "lymphoma": 2,
    "severe-liver": 3,
    "metastatic-cancer": 6,
    "aids": 6,
}
"""Weights of Charlson 1987."""
OUTCOMES: Final = (
    "charlson",
    "recurrence_days",
    "recurrence_extent",
    "survival_days",
    "died",
)
SEEN_ALIVE: Final = frozenset({"follow-up", "vital-status"})


@dataclass(frozen=True)
class Outcomes:
    """Days are from the first fraction; None where nothing is known."""

    charlson: int | None = None
    recurrence_days: int | None = None
    recurrence_extent: str | None = None
    survival_days: int | None = None
    """To the death or, if none is known, to the last day on which the patient was known to live."""
    died: bool | None = None


def outcomes(facts: Sequence[Mapping[str, Any]], start: date | None) -> Outcomes:
    """Sum up the current facts of one patient, given in order of time.

    A condition counts in the Charlson index when it was found by the first fraction. What came
    before the first fraction is not a recurrence after it, and a visit says nothing of survival.
    """
    if start is None:
        return Outcomes()
    back = [f for f in facts if f["fact"] == "recurrence" and f["happened_on"] > start]
    dead = [f for f in facts if _says(f, "dead")]
    seen = [f for f in facts if f["fact"] in SEEN_ALIVE and f["happened_on"] >= start]
    last = (dead or seen)[-1:]
    return Outcomes(
        charlson=_charlson(facts, start),
        recurrence_days=(back[0]["happened_on"] - start).days if back else None,
        recurrence_extent=back[0]["said"]["extent"] if back else None,
        survival_days=(last[0]["happened_on"] - start).days if last else None,
        died=bool(dead) if last else None,
    )


def _charlson(facts: Sequence[Mapping[str, Any]], start: date) -> int | None:
    found = {
        f["said"]["condition"]
        for f in facts
        if f["fact"] == "comorbidity" and f["happened_on"] <= start
    }
    for mild, severe in (("diabetes", "diabetes-complicated"), ("mild-liver", "severe-liver")):
        if severe in found:
            found.discard(mild)
    return sum(CHARLSON[name] for name in found) if found else None


def _says(fact: Mapping[str, Any], status: str) -> bool:
    return bool(fact["fact"] == "vital-status" and fact["said"]["status"] == status)

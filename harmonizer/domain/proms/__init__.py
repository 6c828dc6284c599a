"""Patient-reported outcomes: instruments as data, scoring, and the schedule of timepoints."""

from harmonizer.domain.proms.instrument import (
    Direction,
    Instrument,
    Item,
    Scale,
    Summary,
    TestVector,
)
from harmonizer.domain.proms.scoring import (
    SCORING_VERSION,
    AnswerProblem,
    check_answers,
    missing_reason,
    score,
)

__all__ = [
    "SCORING_VERSION",
    "AnswerProblem",
    "Direction",
    "Instrument",
    "Item",
    "Scale",
    "Summary",
    "TestVector",
    "check_answers",
    "missing_reason",
    "score",
]

"""Patient-reported outcomes: instruments as data, scoring, and the schedule of timepoints."""

from harmonizer.domain.proms.instrument import (
    Direction,
    Instrument,
    Item,
    Scale,
    Summary,
    TestVector,
)
from harmonizer.domain.proms.schedule import (
    OUTSIDE,
    Anchor,
    AnswerStatus,
    Completion,
    Expectation,
    Schedule,
    Timepoint,
    Told,
    Treatment,
    completion,
    expectations,
)
from harmonizer.domain.proms.scoring import (
    SCORING_VERSION,
    AnswerProblem,
    check_answers,
    missing_reason,
    score,
)

__all__ = [
    "OUTSIDE",
    "SCORING_VERSION",
    "Anchor",
    "AnswerProblem",
    "AnswerStatus",
    "Completion",
    "Direction",
    "Expectation",
    "Instrument",
    "Item",
    "Scale",
    "Schedule",
    "Summary",
    "TestVector",
    "Timepoint",
    "Told",
    "Treatment",
    "check_answers",
    "completion",
    "expectations",
    "missing_reason",
    "score",
]

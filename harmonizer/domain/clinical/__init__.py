"""Clinical facts beside the dose: toxicity by CTCAE, timelines, tables, who answers and who not."""

from harmonizer.domain.clinical.ctcae import CarriedGrade, Ctcae, CtcaeVersion, Term
from harmonizer.domain.clinical.timeline import Latest, Timeline, TimelineEvent
from harmonizer.domain.clinical.toxicity import (
    LATE_AFTER_DAYS,
    GradedEvent,
    ToxicitySummary,
    summarise,
)

__all__ = [
    "LATE_AFTER_DAYS",
    "CarriedGrade",
    "Ctcae",
    "CtcaeVersion",
    "GradedEvent",
    "Latest",
    "Term",
    "Timeline",
    "TimelineEvent",
    "ToxicitySummary",
    "summarise",
]

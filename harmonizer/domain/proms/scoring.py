"""Scores from answers. Pure and exact: no rounding, nothing imputed beyond the half rule.

EORTC QLQ scoring: a scale is scored from the mean of its answered items when at least half of
them are answered (a scale may ask for more). QLQ-C30 summary score: Giesinger et al. 2016, the
mean of 13 scales, symptoms turned round, global health and financial impact left out, missing
when any of the 13 is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harmonizer.domain.proms.instrument import Direction, Instrument, Item, Scale, Summary
from harmonizer.errors import DataError

SCORING_VERSION: Final = "1"
"""Raise it when a rule changes: stored scores of an older version are then recomputed."""

Answers = Mapping[str, int | None]


@dataclass(frozen=True)
class AnswerProblem:
    """Why one answer cannot be taken, in words for the person who can mend it."""

    item: str
    reason: str


def check_answers(instrument: Instrument, answers: Answers) -> list[AnswerProblem]:
    """Return what is wrong with the answers; unknown items first, in the order given."""
    unknown = [
        AnswerProblem(code, f"{instrument.name} has no item {code}")
        for code in answers
        if code not in instrument.items
    ]
    wrong = [
        AnswerProblem(code, f"{value} is not an answer to {code}, which allows {_range(item)}")
        for code, item in instrument.items.items()
        if (value := answers.get(code)) is not None and not item.allows(value)
    ]
    return unknown + wrong


def score(
    instrument: Instrument, answers: Answers, *, checked: bool = False
) -> dict[str, float | None]:
    """Return every score of the instrument, None where its missing rule says so.

    Parameters
    ----------
    answers : Mapping[str, int | None]
        Raw answers by item code. An absent item counts as not answered.
    checked : bool
        The answers passed `check_answers` already.

    Raises
    ------
    DataError
        `prom-answer`, if an item is unknown or an answer impossible. See `check_answers`.
    """
    problems = [] if checked else check_answers(instrument, answers)
    if problems:
        raise DataError("prom-answer", problems[0].reason)
    scores = {scale.code: _scale(instrument, scale, answers) for scale in instrument.scales}
    for summary in instrument.summaries:
        scores[summary.code] = _summary(summary, scores)
    return scores


def missing_reason(instrument: Instrument, code: str, answers: Answers) -> str | None:
    """Tell why a score is missing: `not-applicable`, `too-few-answers`, `scale-missing` or None."""
    scores = score(instrument, answers)
    if scores[code] is not None:
        return None
    for scale in instrument.scales:
        if scale.code == code:
            return "not-applicable" if _not_applicable(scale, answers) else "too-few-answers"
    return "scale-missing"


def _range(item: Item) -> str:
    if item.recode:
        return ", ".join(str(value) for value in sorted(item.recode))
    return f"{item.lowest} to {item.highest}"


def _not_applicable(scale: Scale, answers: Answers) -> bool:
    return any(answers.get(item) in values for item, values in scale.unless.items())


def _scale(instrument: Instrument, scale: Scale, answers: Answers) -> float | None:
    given = [(code, value) for code in scale.items if (value := answers.get(code)) is not None]
    if len(given) < scale.least_answered or (scale.unless and _not_applicable(scale, answers)):
        return None
    if scale.direction is Direction.DIGITS:
        return float("".join(str(value) for _, value in given))
    points = [_points(instrument.items[code], scale, value) for code, value in given]
    mean = sum(points) / len(points)
    if scale.direction is Direction.MEAN:
        return mean
    share = (mean - scale.lowest) / scale.span
    return (1 - share) * 100 if scale.direction is Direction.FUNCTION else share * 100


def _points(item: Item, scale: Scale, value: int) -> float:
    if item.recode:
        return item.recode[value]
    return 2 * scale.lowest + scale.span - value if item.code in scale.turned else value


def _summary(summary: Summary, scores: Mapping[str, float | None]) -> float | None:
    values: list[float] = []
    for code in summary.scales + summary.turned:
        value = scores[code]
        if value is None:
            return None
        values.append(100 - value if code in summary.turned else value)
    return sum(values) / len(values)

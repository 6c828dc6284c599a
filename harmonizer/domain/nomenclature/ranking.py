"""Suggestions for a name that is not certain: what shares most with its readings."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from harmonizer.domain.nomenclature.catalogue import Catalogue, Guess
from harmonizer.domain.nomenclature.decoration import Decoration
from harmonizer.domain.nomenclature.margins import Margin
from harmonizer.domain.nomenclature.model import Alternative
from harmonizer.domain.nomenclature.reading import Reading
from harmonizer.domain.nomenclature.wording import difference

MOST_ALTERNATIVES = 3
BEST = 0.9
UNKNOWN_WORDS = 0.6
MARGIN = re.compile(r"0[1-9]")
"""`cord 05`: a number so written is a margin in mm more often than a count."""
MAYBE_MARGIN = re.compile(r"[35]")
AS_MARGIN, MAYBE_AS_MARGIN = 1.05, 0.9


class Candidate(NamedTuple):
    """A standard name that a reading may mean. `score` is in 0..1."""

    name: str
    score: float
    guess: Guess
    reading: Reading


def rank(
    readings: Iterable[Reading], catalogue: Catalogue, decoration: Decoration
) -> list[Candidate]:
    """Return the structures that share most with the readings, the best first.

    No more than a first one and its alternatives.
    """
    best: dict[str, tuple[float, Guess, Reading]] = {}
    for reading in readings:
        loss = 1 + UNKNOWN_WORDS * len(reading.unknown) / max(1, len(reading.senses))
        for guess in catalogue.guesses(reading.anatomy):
            score = round(BEST * guess.fit / loss - reading.cost, 3)
            for name, share in _written(guess, reading, decoration):
                shared = round(score * share, 3)
                if name not in best or best[name][0] < shared:
                    best[name] = (shared, guess, reading)
    ranked = sorted(best.items(), key=lambda one: -one[1][0])
    return [Candidate(name, *found) for name, found in ranked[: MOST_ALTERNATIVES + 1]]


def _written(guess: Guess, reading: Reading, decoration: Decoration) -> list[tuple[str, float]]:
    """Return how the guess is written; with a margin too where a number may be one."""
    names = [(decoration.written(guess.structure.name), 1.0)]
    for sense in reading.senses if not decoration.margin and not guess.missing else ():
        likely = MARGIN.fullmatch(sense.word)
        if likely or MAYBE_MARGIN.fullmatch(sense.word):
            grown = decoration._replace(margin=Margin(int(sense.word)))
            share = AS_MARGIN if likely else MAYBE_AS_MARGIN
            names.append((grown.written(guess.structure.name), share))
    return names


def alternatives(
    candidates: Sequence[Candidate], but: str | None = None
) -> tuple[Alternative, ...]:
    """Return the best candidates as alternatives to a first name."""
    others = [candidate for candidate in candidates if candidate.name != but]
    return tuple(
        Alternative(candidate.name, max(candidate.score, 0.0), difference(candidate.guess))
        for candidate in others[:MOST_ALTERNATIVES]
    )

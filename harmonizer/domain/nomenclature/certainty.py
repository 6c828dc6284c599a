"""What a reading gains or loses in certainty by its short, doubtful or cut words."""

import re

from harmonizer.domain.nomenclature.catalogue import PLACES
from harmonizer.domain.nomenclature.margins import LONGEST_NAME
from harmonizer.domain.nomenclature.reading import DOUBT, Reading
from harmonizer.domain.nomenclature.senses import LATIN, PAIR, SIDES, Sense

TWO_LETTERS, TWO_LETTERS_NEARBY = 0.2, 0.015
FEW_LETTERS_CUT = 0.1
SHORTEST_PLACE = 6
NUMBER = re.compile(r"(?:cn|level|n)\d+[abc]?")
SIDED = SIDES - {PAIR}


def forgiven(reading: Reading, spoken: frozenset[str]) -> float:
    """Return what a doubtful word costs no more where the set's other names speak its language."""
    doubtful = [sense for sense in reading.senses if sense.doubtful]
    clear = doubtful and all("la" not in s.languages and s.languages & spoken for s in doubtful)
    return DOUBT - TWO_LETTERS_NEARBY if clear and reading.cost >= DOUBT else 0.0


def cut_off(raw: str, reading: Reading) -> float:
    """Return what a last word need not lose whose end the sixteen letters of a name cut off."""
    last = reading.senses[-1] if reading.senses else None
    if not last or len(raw) != LONGEST_NAME or not last.is_begun or last.cost > FEW_LETTERS_CUT:
        return 0.0
    return last.cost - 0.01


def vagueness(reading: Reading, in_region: bool, with_margin: bool = False) -> float:
    """Return what a name loses that is only two letters; little with a side or siblings nearby."""
    words = [s for s in reading.senses if not s.concepts <= SIDES]
    if reading.anatomy <= PLACES | SIDES and len(words[0].word) < SHORTEST_PLACE:
        return TWO_LETTERS
    if len(words) != 1 or len(words[0].word) > 2:
        return 0.0
    sided = any(s.concepts and s.concepts <= SIDED and _agree(words[0], s) for s in reading.senses)
    told = (sided or with_margin) and not _has_side_or_number(words[0])
    return TWO_LETTERS_NEARBY if in_region or told else TWO_LETTERS


def _agree(word: Sense, side: Sense) -> bool:
    """Whether two letters are Latin, or a side of their own language stands by: no `Lt Br`."""
    local = side.languages - {LATIN}
    return LATIN in word.languages or bool(LATIN not in side.languages and local & word.languages)


def _has_side_or_number(word: Sense) -> bool:
    """Whether two letters are `LV`, or a numeral: `VI L` may be a nerve or a level of nodes."""
    return bool(word.concepts & SIDED) or any(NUMBER.fullmatch(c) for c in word.concepts)

"""Read a name: tokens to words, words to the concepts that they mean, in every way that fits."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise, product
from typing import NamedTuple

from harmonizer.domain.nomenclature.lexicon import SIDES, Lexicon
from harmonizer.domain.nomenclature.senses import LATIN, MARK, PAIR, Sense

LONGEST_PHRASE = 5
MOST_READINGS = 48
ANYONE = frozenset({LATIN})
VERTEBRA = re.compile(r"(c|th|t|d|l|s)0?(\d{1,2})")
LAST_VERTEBRA = {"c": 7, "t": 12, "l": 5, "s": 5}
LEVEL = re.compile(r"(\d|[ivx]{1,4})([abc]?)")
ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9,
         "x": 10, "xi": 11, "xii": 12}  # fmt: skip
ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth"),
    *("seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"),
)
SIDE_AND_NUMBER = re.compile(r"([lr])\d")
SHORT_ORDINAL = re.compile(r"([1-9]\d?)(?:st|nd|rd|th)")
SIZE = re.compile(r"\d{1,2}(?:mm|cm)")
NUMBERED = re.compile(r"([a-z]{3,})(\d{1,2})")
SHORTEST_MISSPELT = 3
DOUBT = 0.2
SIDES_DISAGREE, SIDE_OF_A_PAIR = 0.2, 0.05
SIDED = frozenset({PAIR, "left", "right"})
LAST_SIDES = frozenset({"d", "g", "h"})
VEIN_OR_LEFT = "v"
NO_SIDE_FOLLOWS = frozenset({"node", "nerve", "cranialnerve", "neck", "iliac", "jugular"})
"""Behind these a last `v` is a level, a nerve or a vein rather than the Nordic left."""
LAST_SIDE = 0.04
COPIED_SIDE = REPEATED = 0.1
SHORT = 3
SHORTEST_SLIP = 6
SIDED_ABBREVIATION, ABBREVIATED = (3, 4), 0.1
GATED = 2
"""A word of one or two letters counts in its language only if the rest speaks that language."""
ALWAYS_READ = frozenset(
    {"ve", "va", "vae", "ho", "hoe", "li", "re", "sx", "dx", "lk", "br", "pl", "gl", "os", "tc"}
)


Slots = tuple[tuple[Sense, ...], ...]
"""What the parts of a word can mean: for each part its senses."""


class Reading(NamedTuple):
    """One way to understand a name. `unknown` are tokens that no dictionary explains.

    `marks` are the words that mark a planning aid.
    """

    concepts: frozenset[str]
    senses: tuple[Sense, ...]
    unknown: tuple[str, ...]
    cost: float
    marks: tuple[Sense, ...] = ()

    @property
    def is_guessed(self) -> bool:
        """Whether a word of it is not in the dictionary."""
        return any(sense.is_guessed for sense in self.senses)

    @property
    def anatomy(self) -> frozenset[str]:
        """The concepts without the marks."""
        if not self.marks:
            return self.concepts
        return frozenset(c for c in self.concepts if not c.startswith(MARK))


class Reader:
    """Reads token lists by one dictionary."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._single: dict[str, Slots] = {}
        self._last: tuple[tuple[str, ...], list[tuple[str, Slots | None]]] = ((), [])

    def read(
        self, tokens: Sequence[str], spoken: Iterable[str] = (), loose: bool = False
    ) -> list[Reading]:
        """Return the possible readings, at most `MOST_READINGS`.

        Args:
            tokens: folded tokens of the name.
            spoken: languages in which the rest of the set or the centre is known to write.
            loose: words that are not in the dictionary may be what they resemble.
        """
        slots: list[tuple[Sense, ...]] = []
        unknown: list[str] = []
        for token, found in self._parts(tokens):
            likely = self._resembling(token, found) if loose and token else found
            if likely:
                slots += likely
            else:
                unknown.append(token)
        heard = _languages(slots).union(spoken)
        choices = []
        for slot in _with_one_side(_with_last_side(slots, heard)):
            kept = _audible(slot, heard)
            if kept:
                choices.append(kept)
            else:
                unknown.append(slot[0].word)
        chosen = islice(product(*choices), MOST_READINGS)
        return [_reading(senses, tuple(unknown)) for senses in chosen]

    def knows(self, token: str) -> bool:
        """Whether a word means something, or resembles what does, beside no other word."""
        return any(_audible(slot, frozenset()) for slot in self._word(token))

    def _parts(self, tokens: Sequence[str]) -> list[tuple[str, Slots | None]]:
        """Return the words of a name, each with what it can mean; "" for a run of several."""
        asked = tuple(tokens)
        if asked != self._last[0]:
            split = [part for token in tokens for part in self._without_number(token)]
            found: list[tuple[str, Slots | None]] = []
            at = 0
            while at < len(split):
                taken, slots = self._longest(split, at)
                found.append((split[at] if taken == 1 else "", slots))
                at += taken
            self._last = (asked, found)
        return self._last[1]

    def _resembling(self, token: str, found: Slots | None) -> Slots | None:
        """Add what an unknown or guessed word resembles to what it was taken for."""
        if found and not (len(found) == 1 and found[0][0].is_guessed):
            return found
        guessed = found[0] if found else ()
        known = {sense.concepts for sense in guessed}
        more = [sense for sense in self._lexicon.loose(token) if sense.concepts not in known]
        return ((*guessed, *more),) if guessed or more else None

    def _without_number(self, token: str) -> tuple[str, ...]:
        """Split `cord05` into word and number, unless the whole is a word."""
        numbered = None if token.isalpha() or token.isdigit() else NUMBERED.fullmatch(token)
        if not numbered or self._lexicon.senses(token) or not self._lexicon.senses(numbered[1]):
            return (token,)
        return numbered[1], numbered[2]

    def _longest(self, tokens: Sequence[str], at: int) -> tuple[int, Slots | None]:
        for length, senses in self._lexicon.phrases(tokens[at : at + LONGEST_PHRASE]):
            parts = tokens[at : at + length]
            if any(len(part) > 1 for part in parts) and not self._swallows(parts, senses):
                return length, (senses,)
        misspelt = self._misspelt_pair(tokens[at : at + 2]) if at + 1 < len(tokens) else ()
        return (2, (misspelt,)) if misspelt else (1, self._word(tokens[at]))

    def _swallows(self, parts: Sequence[str], senses: tuple[Sense, ...]) -> bool:
        """Whether `coch l` would be read as `cochl` that knows no side, `parotid i` as parotidi.

        Nor is `d ex` the word for right.
        """
        if any(s.concepts & {"left", "right"} for s in senses):
            return any(s.is_mark for part in parts for s in self._lexicon.senses(part))
        if parts[-1] in SIDES or parts[0] in SIDES:
            return True
        whole = {sense.concepts - {PAIR} for sense in senses}
        return len(parts[-1]) == 1 and any(
            sense.concepts - {PAIR} in whole for sense in self._lexicon.senses("".join(parts[:-1]))
        )

    def _misspelt_pair(self, pair: Sequence[str]) -> tuple[Sense, ...]:
        """Return what two words mean together of which at least one is misspelt.

        Three letters behind a word that means as much without them are none of it: `parotid_lab`.
        """
        if min(map(len, pair)) < SHORTEST_MISSPELT:
            return ()
        if all(self._lexicon.senses(word) for word in pair):
            return ()
        meant = self._lexicon.misspelt_phrase("".join(pair))
        if not meant or len(pair[-1]) > SHORTEST_MISSPELT:
            return meant
        known = {sense.concepts - {PAIR} for sense in self._lexicon.senses(pair[0])}
        return () if any(sense.concepts - {PAIR} in known for sense in meant) else meant

    def _word(self, token: str) -> Slots:
        if token not in self._single:
            self._single[token] = self._understand(token)
        return self._single[token]

    def _understand(self, token: str) -> Slots:
        direct = (*self._lexicon.senses(token), *_numbers(token))
        if direct:
            return (direct,)
        numbered = NUMBERED.fullmatch(token)
        if numbered:
            head, tail = self._word(numbered[1]), _numbers(numbered[2])
            return (*head, tail) if head and tail else ()
        compound = self._lexicon.compound(token)
        if compound and not any(sense.is_mark for part in compound for sense in part):
            slip = self._slip_before_side(token, compound)
            return (slip,) if slip else compound
        misspelt = self._lexicon.misspelt(token)
        if compound and (not misspelt or any(sense.is_mark for sense in misspelt)):
            return compound  # else anatomy cut short, as `submandi`, is not `sub` and `mandi`
        return (misspelt,) if misspelt else self._sided_abbreviation(token)

    def _slip_before_side(self, token: str, compound: Slots) -> tuple[Sense, ...]:
        """Return a slip in a Latin word that is likelier than a glued letter: `paroid`."""
        letters = [part for part in compound if len(part[0].word) == 1]
        if len(token) < SHORTEST_SLIP or not letters or letters[0][0].word in SIDES:
            return ()
        words = [sense for part in compound if part not in letters for sense in part]
        misspelt = self._lexicon.misspelt(token)
        if any(LATIN in sense.languages for sense in words) or not misspelt:
            return ()
        return misspelt if LATIN in misspelt[0].languages else ()

    def _sided_abbreviation(self, token: str) -> Slots:
        """Read `rbp`, `onl`, `fkre`: two letters that shorten an organ, and a side at an end."""
        if len(token) not in SIDED_ABBREVIATION:
            return ()
        for side, short in ((token[:-2], token[-2:]), (token[2:], token[:2])):
            for meant in self._lexicon.short_sides(side):
                organ = tuple(
                    sense._replace(word=token, cost=sense.cost + ABBREVIATED, in_compound=True)
                    for sense in self._lexicon.senses(short)
                    if (sense.languages & meant.languages or LATIN in meant.languages)
                    and not sense.is_mark
                    and not _is_side(sense)
                )
                if organ:
                    return organ, (meant,)
        return ()


def _numbers(token: str) -> tuple[Sense, ...]:
    """Return what a number can be: a vertebra, a rib, a level of nodes, a cranial nerve."""
    found: list[str] = []
    if SIZE.fullmatch(token):
        found.append(f"{MARK}ring")
    vertebra = VERTEBRA.fullmatch(token)
    if vertebra:
        region = "t" if vertebra[1] in {"t", "th", "d"} else vertebra[1]
        if 1 <= int(vertebra[2]) <= LAST_VERTEBRA[region]:
            found.append(f"{region}{int(vertebra[2])}")
        if vertebra[1] == "l" and int(vertebra[2]) <= 3:
            found.append(f"level{int(vertebra[2])}")
    if token.isascii() and token.isdigit() and len(token) <= 2:
        found.append(f"n{int(token)}")
    sided = SIDE_AND_NUMBER.fullmatch(token)
    short = SHORT_ORDINAL.fullmatch(token)
    if short and int(short[1]) <= len(ORDINALS):
        found.append(f"n{int(short[1])}")
    if token in ORDINALS:
        found.append(f"n{ORDINALS.index(token) + 1}")
    level = LEVEL.fullmatch(token)
    if level and (level[1].isdigit() or level[1] in ROMAN):
        number = int(level[1]) if level[1].isdigit() else ROMAN[level[1]]
        found.append(f"level{number}{level[2]}")
        if not level[2] and not level[1].isdigit():
            found.append(f"cn{number}")
    senses = [Sense(token, frozenset({concept}), ANYONE) for concept in found]
    if sided:  # a copy: `Lung_L1`
        senses.append(Sense(token, frozenset({SIDES[sided[1]]}), ANYONE, cost=COPIED_SIDE))
    return tuple(senses)


def _languages(slots: Iterable[tuple[Sense, ...]]) -> frozenset[str]:
    """Languages of the words that are long enough to tell one, and of sides such as `li`."""
    heard: set[str] = set()
    for slot in slots:
        if any(LATIN in sense.languages for sense in slot):
            continue
        for sense in slot:
            if len(sense.word) > GATED or (sense.word in ALWAYS_READ and _is_side(sense)):
                heard |= sense.languages
    return frozenset(heard)


def _with_one_side(slots: Sequence[tuple[Sense, ...]]) -> list[tuple[Sense, ...]]:
    """Where a side stands by itself, a letter at a word's end is none: `femr lt`."""
    glued = [slot for slot in slots if _is_glued_letter(slot)]
    if not glued:
        return list(slots)
    alone = any(_is_side(slot[0]) and slot[0].concepts for slot in slots if slot not in glued)
    return [slot for slot in slots if not (alone and slot in glued)]


def _is_glued_letter(slot: tuple[Sense, ...]) -> bool:
    return len(slot[0].word) == 1 and all(s.in_compound and _is_side(s) for s in slot)


def _with_last_side(
    slots: Sequence[tuple[Sense, ...]], heard: frozenset[str]
) -> list[tuple[Sense, ...]]:
    """Let a last `D`, `G`, `H` or `V` be a side though nothing else tells the language.

    `D` and `H` are the right side in every language that has them, `G` the left in French, `V` in
    the north; no other means anything behind an organ. A little doubt stays.
    """
    last = slots[-1][0].word if len(slots) > 1 else ""
    if last == VEIN_OR_LEFT and not _concepts(slots[:-1]) & NO_SIDE_FOLLOWS:
        return [*slots[:-1], tuple(_or_left(slots[-1], heard))]
    if last not in LAST_SIDES or _audible(slots[-1], heard):
        return list(slots)
    sides = [s for s in slots[-1] if s.concepts in ({"left"}, {"right"})]
    if len({sense.concepts for sense in sides}) != 1:
        return list(slots)
    side = sides[0]._replace(cost=LAST_SIDE, languages=sides[0].languages | ANYONE)
    return [*slots[:-1], (side,)]


def _or_left(slot: tuple[Sense, ...], heard: frozenset[str]) -> Iterator[Sense]:
    """Let one left side among the senses be heard."""
    lefts = [sense for sense in slot if sense.concepts == {"left"}]
    if lefts and not any(left.languages & heard for left in lefts):
        lefts = [lefts[0]._replace(cost=LAST_SIDE, languages=lefts[0].languages | ANYONE)]
    yield from (sense for sense in slot if sense.concepts != {"left"})
    yield from lefts


def _concepts(slots: Iterable[tuple[Sense, ...]]) -> set[str]:
    return {concept for slot in slots for sense in slot for concept in sense.concepts}


def _is_side(sense: Sense) -> bool:
    return sense.concepts <= {"left", "right"}


def _audible(slot: tuple[Sense, ...], heard: frozenset[str]) -> tuple[Sense, ...]:
    """Keep the senses of a short word that its neighbours' languages allow."""
    if len(slot[0].word) > GATED or slot[0].word in ALWAYS_READ:
        return slot
    return tuple(s for s in slot if LATIN in s.languages or s.languages & heard)


def _reading(senses: tuple[Sense, ...], unknown: tuple[str, ...]) -> Reading:
    concepts: frozenset[str] = frozenset().union(*[sense.concepts for sense in senses])
    cost = sum([sense.cost for sense in senses])
    marks = tuple([sense for sense in senses if sense.is_mark])
    naming = [s for s in senses if not (s.concepts <= SIDED or s in marks)]
    cost += DOUBT if len(naming) == 1 and naming[0].doubtful else 0.0
    cost += REPEATED if _says_twice(naming) else 0.0
    if {"left", "right"} <= concepts:
        concepts = (concepts - {"left", "right"}) | {PAIR}
        cost += 0.0 if _side_by_side(senses) else SIDES_DISAGREE
    elif PAIR in concepts and concepts & {"left", "right"}:
        cost += SIDE_OF_A_PAIR
    return Reading(concepts, senses, unknown, cost, marks)


def _says_twice(naming: Sequence[Sense]) -> bool:
    """Whether a short word says only what another one said: `optic chiasm opt`."""
    return any(
        other.concepts >= short.concepts
        for at, short in enumerate(naming)
        if len(short.word) <= SHORT
        for other in (*naming[:at], *naming[at + 1 :])
    )


def _side_by_side(senses: tuple[Sense, ...]) -> bool:
    """Whether left and right follow each other: `lungs L+R`, not `femr_l`."""
    sides = [bool(sense.concepts & {"left", "right"}) for sense in senses]
    return any(one and other for one, other in pairwise(sides)) and not any(
        sense.in_compound and _is_side(sense) for sense in senses
    )

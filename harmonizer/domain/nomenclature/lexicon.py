"""The dictionary: what a token, a run of tokens or a compound word can mean."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence

from harmonizer.domain.nomenclature.folding import spellings
from harmonizer.domain.nomenclature.guessing import Guessing
from harmonizer.domain.nomenclature.model import Word
from harmonizer.domain.nomenclature.senses import LATIN, PAIR, Sense

ENDINGS: dict[str, tuple[tuple[str, str, bool], ...]] = {
    "la": (("", "s", True), ("y", "ies", True)),
    "fi": (("", "n", False), ("", "t", True)),
    "sv": (
        *(("", "en", False), ("", "et", False), ("", "ar", True), ("", "er", True)),
        *(("a", "an", False), ("a", "or", True)),
    ),
    "da": (("", "en", False), ("", "et", False), ("", "er", True), ("e", "er", True)),
    "nb": (("", "en", False), ("", "et", False), ("", "er", True), ("e", "er", True)),
    "de": (("", "s", False), ("", "n", True), ("", "en", True)),
    "nl": (("", "en", True), ("", "s", True)),
    "fr": (("", "s", True),),
    "es": (("", "s", True), ("", "es", True)),
    "it": (("a", "e", True), ("o", "i", True), ("e", "i", True)),
}
"""Inflected forms by language: (ending to take away, ending to add, is it a plural)."""

SHORTEST_INFLECTED = 4
SHORTEST_PART = 3
SIDES = {"l": "left", "r": "right"}
ARTERY = "art"
LATIN_SIDES = frozenset({"lt", "rt"})
"""Sides of two letters that are glued to words of any language."""
LOOSE_SIDES = ("right", "left", "rt", "lt", "r", "l")
SIDE_AND_INITIALS, INITIALS = 3, 0.2


class Lexicon:
    """Senses by folded word. Answers are remembered, because names of a hospital repeat words."""

    def __init__(self, words: Iterable[Word]) -> None:
        found: dict[str, dict[frozenset[str], set[str]]] = {}
        doubtful: set[tuple[str, frozenset[str]]] = set()
        inflected: list[tuple[str, frozenset[str], str]] = []
        before_last: dict[str, int] = {}
        for word in words:
            meaning = frozenset(word.concepts)
            for form in spellings(word.text):
                found.setdefault(form, {}).setdefault(meaning, set()).add(word.language)
                if " " in word.text:
                    before_last[form] = len(form) - len(word.text.rpartition(" ")[2])
                bent = _inflections(form, meaning, word.language)
                inflected += bent
                if word.doubtful:
                    doubtful |= {(form, meaning), *((other, said) for other, said, _ in bent)}
        listed = frozenset(found)
        for form, meaning, language in inflected:
            if form not in found or meaning in found[form]:
                found.setdefault(form, {}).setdefault(meaning, set()).add(language)
        self._senses = {
            form: tuple(
                Sense(form, meaning, frozenset(spoken), doubtful=(form, meaning) in doubtful)
                for meaning, spoken in meanings.items()
            )
            for form, meanings in found.items()
        }
        self._listed = listed
        self._in_order = sorted(listed)
        self._guessing = Guessing(self._senses, listed, before_last)
        self._ends = _side_ends(self._senses)
        self._parts = {form for form in self._senses if len(form) >= SHORTEST_PART}
        self._compounds: dict[str, tuple[tuple[Sense, ...], ...] | None] = {}
        self._misspelt: dict[str, tuple[Sense, ...]] = {}
        self._misspelt_phrases: dict[str, tuple[Sense, ...]] = {}
        self._loose: dict[str, tuple[Sense, ...]] = {}

    def senses(self, word: str) -> tuple[Sense, ...]:
        """Return the senses of a folded word; none if it is unknown."""
        return self._senses.get(word, ())

    def phrases(self, tokens: Sequence[str]) -> list[tuple[int, tuple[Sense, ...]]]:
        """Return how many of the tokens make a listed phrase, with its senses; the longest first.

        Inflected forms do not count.
        """
        found: list[tuple[int, tuple[Sense, ...]]] = []
        joined = tokens[0]
        for length, token in enumerate(tokens[1:], 2):
            joined += token
            at = bisect_left(self._in_order, joined)
            if at == len(self._in_order) or not self._in_order[at].startswith(joined):
                break
            if self._in_order[at] == joined:
                found.insert(0, (length, self._senses[joined]))
        return found

    def compound(self, word: str) -> tuple[tuple[Sense, ...], ...] | None:
        """Split a word into known ones: `ropticnerve`, `Lungenoberlappen`; None if it does not."""
        if word not in self._compounds:
            parts = self._split(word)
            known = parts is not None and self._speaks_as_its_side(parts)
            self._compounds[word] = tuple(map(self._part, parts)) if parts and known else None
        return self._compounds[word]

    def _speaks_as_its_side(self, parts: Sequence[str]) -> bool:
        """Whether a side of two letters is Latin, or of a language that another part has."""
        for end, others in ((parts[0], parts[1:]), (parts[-1], parts[:-1])):
            if len(end) == 2:
                spoken = {
                    language
                    for part in others
                    for sense in self._part(part)
                    for language in sense.languages
                }
                if end not in LATIN_SIDES and not any(
                    side.languages & spoken for side in self._ends[end]
                ):
                    return False
        return True

    def _part(self, part: str) -> tuple[Sense, ...]:
        if part in SIDES:
            side = frozenset({SIDES[part]})
            return (Sense(part, side, frozenset({LATIN}), in_compound=True),)
        if len(part) < SHORTEST_PART:
            return self._ends[part]
        return self._senses[part]

    def _split(self, word: str) -> list[str] | None:
        """Fewest known parts of at least three letters; a side letter at either end is allowed."""
        if len(word) < SHORTEST_INFLECTED:
            return None
        best: list[list[str] | None] = [[]] + [None] * len(word)
        for start in range(len(word)):
            before = best[start]
            if before is None:
                continue
            for end, part in self._next_parts(word, start):
                known = best[end]
                longer = [*before, part] if part else [*before]
                if known is None or self._weight(known) > self._weight(longer):
                    best[end] = longer
        found = best[-1]
        return found if found and len(found) > 1 else None

    def _weight(self, parts: Sequence[str]) -> tuple[int, int]:
        """Return how unlikely a way to split a word is: by its parts, marks among them, length."""
        marks = sum(
            all(sense.is_mark for sense in self._senses[part])
            for part in parts
            if len(part) >= SHORTEST_PART
        )
        return len(parts) + marks, -sum(len(part) ** 2 for part in parts)

    def _next_parts(self, word: str, start: int) -> Iterator[tuple[int, str]]:
        for end in range(len(word), start + SHORTEST_PART - 1, -1):
            if word[start:end] in self._parts:
                yield end, word[start:end]
        at_end = start in {0, len(word) - 1}
        if at_end and word[start] in SIDES and self._sided(word, start):
            yield start + 1, word[start]
        for length in (1, 2):
            end = start + length
            if (start == 0 or end == len(word)) and self._ended(word, start, end):
                yield end, word[start:end]
        if 0 < start < len(word) - SHORTEST_PART and word[start] == "s":
            yield start + 1, ""  # the linking s of German and the Nordic languages

    def _sided(self, word: str, start: int) -> bool:
        """Whether a letter at an end may be a side; a rest of three letters must be listed."""
        rest = word[1:] if start == 0 else word[:-1]
        return len(word) > SHORTEST_INFLECTED or (
            len(rest) == SHORTEST_PART and rest in self._listed
        )

    def _ended(self, word: str, start: int, end: int) -> bool:
        """Whether a short side may stand at an end of a word: `ltoptnerve`, `noptg`.

        One letter needs a whole word of its language beside it.
        """
        side, rest = self._ends.get(word[start:end], ()), word[end:] if start == 0 else word[:start]
        if not side:
            return False
        if end - start > 1:
            artery = start > 0 and word.endswith(ARTERY) and word[: -len(ARTERY)] in self._senses
            return not artery and (len(rest) > SHORTEST_PART or rest in self._listed)
        if len(rest) < SHORTEST_INFLECTED:
            return False
        if rest not in self._senses:
            return False
        spoken = {language for sense in self._senses[rest] for language in sense.languages}
        return any(sense.languages & spoken for sense in side)

    def short_sides(self, word: str) -> tuple[Sense, ...]:
        """Return the sides that a word of one or two letters means."""
        return self._part(word) if word in SIDES or word in self._ends else ()

    def misspelt(self, word: str) -> tuple[Sense, ...]:
        """Return what a word may be that is not in the dictionary: misspelt or shortened."""
        if word not in self._misspelt:
            self._misspelt[word] = self._guessing.guess(word)
        return self._misspelt[word]

    def loose(self, word: str) -> tuple[Sense, ...]:
        """Return what an unknown word resembles most, for suggestions only."""
        if word not in self._loose:
            self._loose[word] = (*self._guessing.loose(word), *self._loose_and_sided(word))
        return self._loose[word]

    def _loose_and_sided(self, word: str) -> tuple[Sense, ...]:
        """Return what a word may be without a side that is glued to it: `lenl`, `rtparodit`.

        Three letters may be a side and a person's initials: `lens_lab`.
        """
        if len(word) == SIDE_AND_INITIALS and word[0] in SIDES:
            side, note = frozenset({SIDES[word[0]]}), f"{word[0]} and initials"
            return (Sense(word, side, frozenset({LATIN}), INITIALS, note),)
        cut = [(side, word[len(side) :]) for side in LOOSE_SIDES if word.startswith(side)]
        cut += [(side, word[: -len(side)]) for side in LOOSE_SIDES if word.endswith(side)]
        return tuple(
            sense._replace(word=word, concepts=sense.concepts | {SIDES[side[0]]})
            for side, rest in cut
            if len(rest) >= SHORTEST_PART
            for sense in self.misspelt(rest)
            if not sense.is_mark
        )

    def misspelt_phrase(self, joined: str) -> tuple[Sense, ...]:
        """Return what two words together are a slip away from; none if it is not one meaning."""
        if joined not in self._misspelt_phrases:
            self._misspelt_phrases[joined] = self._guessing.phrase(joined)
        return self._misspelt_phrases[joined]


def _side_ends(senses: Mapping[str, tuple[Sense, ...]]) -> dict[str, tuple[Sense, ...]]:
    """Return the sides of one or two letters that may be glued to a word: `oeildt`, `nierere`."""
    found = {}
    for word, meanings in senses.items():
        sides = [s for s in meanings if s.concepts in ({"left"}, {"right"})]
        if len(word) < SHORTEST_PART and word not in SIDES and sides:
            found[word] = tuple(side._replace(in_compound=True) for side in sides)
    return found


def _inflections(
    form: str, meaning: frozenset[str], language: str
) -> list[tuple[str, frozenset[str], str]]:
    if len(form) < (SHORTEST_PART if language == LATIN else SHORTEST_INFLECTED):
        return []
    out = []
    for old, new, plural in ENDINGS.get(language, ()):
        if form.endswith(old):
            stem = form[: len(form) - len(old)]
            out.append((stem + new, meaning | {PAIR} if plural and meaning else meaning, language))
    return out

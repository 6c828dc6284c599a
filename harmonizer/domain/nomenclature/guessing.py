"""Words that are not in the dictionary: which listed word a slip or a shortening stands for."""

from bisect import bisect_left
from collections.abc import Container, Iterable, Mapping, Sequence

from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from harmonizer.domain.nomenclature.neighbours import Neighbours
from harmonizer.domain.nomenclature.senses import LATIN, PAIR, Sense

SHORTEST_MISSPELT = 4
SHORTEST_MARK = 6
"""A shorter word is not taken for a misspelt mark of a planning aid."""
SHORTEST_PHRASE = 8
SHORTEST_SHORTENED = 3
SHORTEST_SKELETON = 4
SHORTEST_WRITTEN_OUT = 5
LONG = 9
SURE_LENGTH, SURE_EXCHANGED, SURE_LOCAL = 6, 5, 7
"""Letters from which one slip, two exchanged letters, a word of one language are sure."""
SURE_BEGINNING = SURE_SKELETON = 5
SURE, SLIP, SLIPS_IN_DOUBT, SHORTENED, SHORTENED_IN_DOUBT = 0.02, 0.06, 0.16, 0.08, 0.2
SHORTEST_LOOSE, LEAST_RESEMBLANCE, RESEMBLING = 4, 0.8, 0.25
MOST_MEANINGS = 3
LAST_LETTER = "\x7f"
SIDE_LETTERS = frozenset("lr")
VOWELS = frozenset("aeiouy")
LONGEST_SKELETON = 2.5
NEAR = 12


class Guessing:
    """Finds the words that a misspelt or shortened one can stand for, with what that costs."""

    def __init__(
        self,
        senses: Mapping[str, tuple[Sense, ...]],
        listed: frozenset[str],
        before_last: Mapping[str, int],
    ) -> None:
        """`before_last`: of phrases, how many letters come before the last word."""
        self._senses = senses
        self._before_last = before_last
        self._listed = listed
        self._written_out = sorted(
            form
            for form in listed
            if len(form) >= SHORTEST_WRITTEN_OUT
            and any(s.concepts and not s.is_mark for s in senses[form])
        )
        self._written_by_letter = _by_letter(self._written_out)
        self._written = frozenset(self._written_out)
        self._holding = {first: _holding(forms) for first, forms in self._written_by_letter.items()}
        self._neighbours = Neighbours(form for form in senses if len(form) >= SHORTEST_MISSPELT)
        self._by_skeleton: dict[str, list[str]] = {}
        for form in self._written_out:
            if self._is_latin(form):
                self._by_skeleton.setdefault(_skeleton(form), []).append(form)

    def guess(self, word: str) -> tuple[Sense, ...]:
        """Return the senses of the words that are meant, none if there is no likely one."""
        if not word.isalpha():
            return ()
        return self._without_vowels(word) or self._slips(word) or self._shortened(word)

    def _without_vowels(self, word: str) -> tuple[Sense, ...]:
        """Return what a word means of which only vowels were left out: `parotd`, `spnl`."""
        if len(word) < SHORTEST_SKELETON:
            return ()
        forms = [
            form for form in self._by_skeleton.get(_skeleton(word), ()) if _in_order(word, form)
        ]
        cost = SURE if len(word) >= SURE_SKELETON else SHORTENED
        return self._meanings(word, sorted(forms, key=len), cost)

    def phrase(self, joined: str) -> tuple[Sense, ...]:
        """Return what two words together are a slip away from: `brian stem` = brain stem."""
        if len(joined) < SHORTEST_PHRASE or not joined.isalpha():
            return ()
        found = self._slips(joined, self._written)
        return found if len(found) == 1 else ()

    def loose(self, word: str) -> tuple[Sense, ...]:
        """Return what an unknown word resembles most, for suggestions only."""
        if len(word) < SHORTEST_LOOSE or not word.isalpha():
            return ()
        near = process.extract(
            word,
            self._written_by_letter.get(word[0], ()),
            scorer=JaroWinkler.similarity,
            score_cutoff=LEAST_RESEMBLANCE,
            limit=NEAR,
        )
        return self._meanings(word, [form for form, _, _ in near], RESEMBLING)

    def _slips(self, word: str, among: Container[str] | None = None) -> tuple[Sense, ...]:
        """Return the words a slip or two away that begin with the first or the second letter."""
        if len(word) < SHORTEST_MISSPELT:
            return ()
        near = self._neighbours.near(word, 1 if len(word) < LONG else 2)
        if among is not None:
            near = [n for n in near if n[0] in among]
        if len(word) < SHORTEST_MARK:
            near = [n for n in near if not any(s.is_mark for s in self._senses[n[0]])]
        if len(word) == SHORTEST_MISSPELT:  # letters exchanged, nothing else
            near = [n for n in near if sorted(n[0]) == sorted(word)]
        if not near:
            return ()
        closest = min(distance for _, distance in near)
        ranked = sorted(
            (form for form, distance in near if distance == closest),
            key=lambda form: (form not in self._listed, form[0] != word[0], -len(form), form),
        )
        hangs = all(_hangs_on(word, form) for form in ranked)
        if (hangs or closest > 1) and self._begins(word):
            return ()
        exchanged = len(word) >= SURE_EXCHANGED and all(sorted(f) == sorted(word) for f in ranked)
        short = len(word) < SURE_LENGTH and not exchanged
        guessed = ranked[0] not in self._listed
        doubt = closest > 1 or short or hangs or guessed or _sides_differ(word, ranked[0])
        return self._meanings(word, ranked, SLIP if doubt else SURE)

    def _begins(self, word: str) -> bool:
        """Whether a longer listed word begins so: then it was cut short, and no slip is meant."""
        return len(word) >= SURE_BEGINNING and bool(self._begun(word))

    def _begun(self, word: str) -> list[str]:
        """Return the forms that begin so, of phrases those of which the last word is cut short."""
        first = bisect_left(self._written_out, word)
        last = bisect_left(self._written_out, word + LAST_LETTER)
        return [
            form
            for form in self._written_out[first:last]
            if len(word) > self._before_last.get(form, 0)
        ]

    def _shortened(self, word: str) -> tuple[Sense, ...]:
        """Try the words that begin so, then those whose consonants these are."""
        if len(word) < SHORTEST_SHORTENED:
            return ()
        begun = self._begun(word)
        latin = [form for form in begun if self._is_latin(form)]
        if not begun and len(word) >= SHORTEST_SKELETON and _is_skeleton(word):
            latin = [
                form
                for form in self._with_letters(word)
                if len(form) <= LONGEST_SKELETON * len(word)
                and _in_order(word, form)
                and self._is_latin(form)
            ]
        cost = SURE if begun and len(word) >= SURE_BEGINNING else SHORTENED
        return self._meanings(word, sorted(latin or begun, key=len), cost)

    def _with_letters(self, word: str) -> list[str]:
        """Return the forms of the same first letter that have every letter of the word."""
        forms, holding = self._written_by_letter.get(word[0], ()), self._holding.get(word[0], {})
        found = (1 << len(forms)) - 1
        for letter in word:
            found &= holding.get(letter, 0)
        chosen = []
        while found:
            lowest = found & -found
            chosen.append(forms[lowest.bit_length() - 1])
            found ^= lowest
        return chosen

    def _is_latin(self, form: str) -> bool:
        return any(LATIN in sense.languages for sense in self._senses[form])

    def _meanings(self, word: str, forms: Iterable[str], cost: float) -> tuple[Sense, ...]:
        """Return one sense per meaning, the likeliest first; that of a pair gives way."""
        found: dict[frozenset[str], tuple[str, Sense]] = {}
        for form in forms:
            for sense in self._senses[form]:
                found.setdefault(sense.concepts - {PAIR}, (form, sense))
        if len(found) > 1:
            cost = max(cost, SHORTENED_IN_DOUBT if cost == SHORTENED else SLIPS_IN_DOUBT)
        elif cost == SURE and len(word) < SURE_LOCAL:
            cost = SURE if any(LATIN in s.languages for _, s in found.values()) else SLIP
        return tuple(
            sense._replace(
                word=word,
                note=f"taken for '{form}'",
                cost=sense.cost + cost + 0.02 * place,
            )
            for place, (form, sense) in enumerate(list(found.values())[:MOST_MEANINGS])
        )


def _by_letter(forms: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for form in forms:
        found.setdefault(form[0], []).append(form)
    return found


def _hangs_on(word: str, form: str) -> bool:
    """Whether a letter was hung on, which marks a copy more often than it is a slip."""
    return form in {word[1:], word[:-1]}


def _sides_differ(word: str, form: str) -> bool:
    """Whether a letter at an end of the word may be a side: `opicnervel`."""
    ends = ((word[0], form[0]), (word[-1], form[-1]))
    return any(one != other and one in SIDE_LETTERS for one, other in ends)


def _skeleton(word: str) -> str:
    """Return the first letter and the consonants after it."""
    return word[:1] + "".join(letter for letter in word[1:] if letter not in VOWELS)


def _is_skeleton(word: str) -> bool:
    """Whether most vowels were left out."""
    return sum(letter in VOWELS for letter in word) <= len(word) / 4


def _holding(forms: Sequence[str]) -> dict[str, int]:
    """Return by letter which forms have it, a bit for each: to pass over most at once."""
    found: dict[str, int] = {}
    for at, form in enumerate(forms):
        for letter in set(form):
            found[letter] = found.get(letter, 0) | 1 << at
    return found


def _in_order(letters: str, word: str) -> bool:
    """Whether the letters appear in the word in this order."""
    rest = iter(word)
    return all(letter in rest for letter in letters)

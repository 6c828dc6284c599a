"""Which words of a list lie a slip or two away, found without comparing with each of them."""

from collections.abc import Iterable, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

MOST_OF_ONE_LETTER = 12


class Neighbours:
    """Finds the words that are at most so many slips away from another one."""

    def __init__(self, words: Iterable[str]) -> None:
        begun: dict[str, list[str]] = {}
        for word in sorted(words, key=len):
            begun.setdefault(word[0], []).append(word)
        self._begun = {letter: Alphabetical(listed) for letter, listed in begun.items()}

    def near(self, word: str, most: int) -> list[tuple[str, int]]:
        """Return the nearest that begin with the first or the second letter, and how near.

        At most `MOST_OF_ONE_LETTER` for each of the two, the short ones first.
        """
        found: list[tuple[str, int]] = []
        for letter in dict.fromkeys(word[:2]):
            likely = self._begun[letter].alike(word, most) if letter in self._begun else ()
            if likely:
                near = process.extract(
                    word,
                    likely,
                    scorer=OSA.distance,
                    score_cutoff=most,
                    limit=MOST_OF_ONE_LETTER,
                )
                found += [(other, distance) for other, distance, _ in near]
        return found


class Alphabetical:
    """Words of one first letter, and for each letter and place which of them have it there.

    A set of words is a number, a bit for each word.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._of_length: dict[int, int] = {}
        self._with: dict[tuple[str, int], int] = {}
        self._with_nearby: dict[tuple[str, int, int], int] = {}
        for at, word in enumerate(words):
            bit = 1 << at
            self._of_length[len(word)] = self._of_length.get(len(word), 0) | bit
            for place, letter in enumerate(word):
                self._with[letter, place] = self._with.get((letter, place), 0) | bit

    def alike(self, word: str, most: int) -> list[str]:
        """Return the words that may be so many slips away: most are seen at once not to be.

        A slip moves the letters behind it by one place, and takes away or changes one letter.
        So a word so near has all letters of the other but so many, each about where it was.
        """
        about = 0
        for length in range(len(word) - most, len(word) + most + 1):
            about |= self._of_length.get(length, 0)
        lacking = [about] * (most + 1)  # at most 0, 1, ... of the letters
        for place, letter in enumerate(word):
            has = self._nearby(letter, place, most)
            for number in range(most, 0, -1):
                lacking[number] = lacking[number] & has | lacking[number - 1]
            lacking[0] &= has
            if not lacking[most]:
                return []
        return self._chosen(lacking[most])

    def _nearby(self, letter: str, place: int, most: int) -> int:
        """Return which words have a letter at a place or so many before or behind it."""
        key = (letter, place, most)
        if key not in self._with_nearby:
            found = 0
            for about in range(place - most, place + most + 1):
                found |= self._with.get((letter, about), 0)
            self._with_nearby[key] = found
        return self._with_nearby[key]

    def _chosen(self, bits: int) -> list[str]:
        chosen = []
        while bits:
            lowest = bits & -bits
            chosen.append(self._words[lowest.bit_length() - 1])
            bits ^= lowest
        return chosen

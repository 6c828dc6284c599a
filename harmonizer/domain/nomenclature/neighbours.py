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
        self._with: dict[tuple[int, str], int] = {}
        self._with_nearby: tuple[dict[tuple[int, str], int], ...] = ({}, {})
        for at, word in enumerate(words):
            bit = 1 << at
            self._of_length[len(word)] = self._of_length.get(len(word), 0) | bit
            for place in enumerate(word):
                self._with[place] = self._with.get(place, 0) | bit

    def alike(self, word: str, most: int) -> list[str]:
        """Return the words that may be one or two slips away: most are seen at once not to be.

        A slip moves the letters behind it by one place, and takes away or changes one letter.
        So a word so near has all letters of the other but so many, each about where it was.
        """
        about = 0
        for length in range(len(word) - most, len(word) + most + 1):
            about |= self._of_length.get(length, 0)
        lack_none = lack_one = lack_two = about
        nearby = self._with_nearby[most - 1]
        for place in enumerate(word):
            has = nearby.get(place)
            if has is None:
                has = nearby[place] = self._nearby(*place, most)
            if most > 1:
                lack_two = lack_two & has | lack_one
            lack_one = lack_one & has | lack_none
            lack_none &= has
        return self._chosen(lack_two if most > 1 else lack_one)

    def _nearby(self, place: int, letter: str, most: int) -> int:
        """Return which words have a letter at a place or so many before or behind it."""
        found = 0
        for about in range(place - most, place + most + 1):
            found |= self._with.get((about, letter), 0)
        return found

    def _chosen(self, bits: int) -> list[str]:
        chosen = []
        while bits:
            lowest = bits & -bits
            chosen.append(self._words[lowest.bit_length() - 1])
            bits ^= lowest
        return chosen

"""One meaning of one word."""

from functools import cache
from typing import NamedTuple

LATIN = "la"
LEFT, RIGHT, PAIR = "left", "right", "pair"
SIDES = frozenset({LEFT, RIGHT, PAIR})
MARK = "!"
"""A concept that begins so is no anatomy: it marks a planning aid."""


class Sense(NamedTuple):
    """One meaning of one word. `cost` is what the reading loses in certainty by it.

    `doubtful`: the word alone does not say what is meant; beside another one it does.

    `in_compound`: the word was found inside a longer one.
    """

    word: str
    concepts: frozenset[str]
    languages: frozenset[str]
    cost: float = 0.0
    note: str = ""
    in_compound: bool = False
    doubtful: bool = False

    @property
    def is_guessed(self) -> bool:
        """Whether the word is not in the dictionary and was taken for one that is."""
        return bool(self.note)

    @property
    def is_begun(self) -> bool:
        """Whether the word is the beginning of the one that it was taken for."""
        return self.note.startswith(f"taken for '{self.word}")

    @property
    def is_mark(self) -> bool:
        """Whether the word marks a planning aid."""
        return _has_mark(self.concepts)


@cache
def _has_mark(concepts: frozenset[str]) -> bool:
    return any(concept.startswith(MARK) for concept in concepts)

"""One meaning of one word."""

from dataclasses import dataclass
from functools import cached_property

LATIN = "la"
PAIR = "pair"
MARK = "!"
"""A concept that begins so is no anatomy: it marks a planning aid."""


@dataclass(frozen=True)
class Sense:
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

    @cached_property
    def is_mark(self) -> bool:
        """Whether the word marks a planning aid."""
        return any(c.startswith(MARK) for c in self.concepts)

"""One meaning of one word."""

from dataclasses import dataclass, field

LATIN = "la"
PAIR = "pair"
MARK = "!"
"""A concept that begins so is no anatomy: it marks a planning aid."""


@dataclass(frozen=True)
class Sense:
    """One meaning of one word. `cost` is what the reading loses in certainty by it.

    `doubtful`: the word alone does not say what is meant; beside another one it does.

    `in_compound`: the word was found inside a longer one. `is_mark`: it marks a planning aid.
    """

    word: str
    concepts: frozenset[str]
    languages: frozenset[str]
    cost: float = 0.0
    note: str = ""
    in_compound: bool = False
    doubtful: bool = False
    is_mark: bool = field(init=False, compare=False, default=False)

    @property
    def is_guessed(self) -> bool:
        """Whether the word is not in the dictionary and was taken for one that is."""
        return bool(self.note)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_mark", any(c.startswith(MARK) for c in self.concepts))

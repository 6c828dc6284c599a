"""The standard's list, indexed: by name, and by the concepts that a name must contain."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from harmonizer.domain.nomenclature.folding import SEPARATORS, key
from harmonizer.domain.nomenclature.model import Structure

TEMPLATES = (
    re.compile(r"Bolus_\d{2}mm"),
    re.compile(r"E-PTV_(?:Ev\d{2}_)?\d{3,5}"),
    re.compile(r"IDL_\d{2,5}"),
)
"""Rows of the list that stand for a family of names."""
SIDES = frozenset({"left", "right", "pair"})
PLACES = frozenset(
    {"superior", "inferior", "middle", "medial", "lateral", "anterior", "posterior", "common"}
    | {"external", "internal", "ascending", "descending", "transverse", "distal", "proximal"}
    | {"whole", "surface", "core", "thoracic", "cervical", "lumbar", "nonadjacent"}
)
"""Concepts that place a part of some structure, but name none."""
GLUED_SIDES = (
    *(("left", "l"), ("right", "r"), ("lt", "l"), ("rt", "r"), ("li", "l"), ("re", "r")),
    *(("sin", "l"), ("dx", "r"), ("sx", "l"), ("l", "l"), ("r", "r")),
)
SIDE_APART = re.compile(r"[\s_.\-][lrLR]\s*$")
SHORTEST_SIDED = 4
NUMBER = re.compile(r"(?:n|level)\d+")
MOST = 6
MOST_REMEMBERED = 50_000


@dataclass(frozen=True)
class Guess:
    """A structure that shares concepts with a reading; `fit` is in 0..1."""

    structure: Structure
    fit: float
    missing: frozenset[str]
    extra: frozenset[str]


class Catalogue:
    """Answers which structure a name or a set of concepts means."""

    def __init__(self, structures: Iterable[Structure]) -> None:
        self.structures = tuple(structures)
        self.by_name = {s.name: s for s in self.structures}
        self._by_key: dict[str, Structure] = {}
        self._written: dict[str, Structure] = {}
        for structure in self.structures:
            self._written[_separated(structure.name)] = structure
            self._by_key.setdefault(key(structure.name), structure)
        for structure in self.structures:
            self._written.setdefault(_separated(structure.reverse), structure)
            self._by_key.setdefault(key(structure.reverse), structure)
        for first, second in (("VBs", "vbs"),):  # VB_S loses its underscore: the plural is meant
            if first in self.by_name:
                self._by_key[second] = self.by_name[first]
        self._moved = self._with_moved_sides()
        self._by_concepts = self._index()
        self._by_concept: dict[str, list[tuple[Structure, frozenset[str], frozenset[str]]]] = {}
        for structure in self.structures:
            for required, optional in structure.readings:
                for concept in required - SIDES - PLACES:
                    if not NUMBER.fullmatch(concept):
                        entry = (structure, required, optional)
                        self._by_concept.setdefault(concept, []).append(entry)
        self._guesses: dict[frozenset[str], tuple[Guess, ...]] = {}

    def _index(self) -> dict[frozenset[str], Structure]:
        """Index every reading with and without its optional concepts; the stricter one wins."""
        index: dict[frozenset[str], Structure] = {}
        most = max((len(o) for s in self.structures for _, o in s.readings), default=0)
        for size in range(most + 1):
            for structure in self.structures:
                for required, optional in structure.readings:
                    for extra in combinations(sorted(optional), size):
                        index.setdefault(required | frozenset(extra), structure)
        return index

    def named(self, plain_name: str) -> Structure | None:
        """Return the structure of this name, whatever its case and separators.

        A side that stands apart must be one: `Sca_R` is no Scar.
        """
        written = self._written.get(_separated(plain_name))
        found = written or self._by_key.get(key(plain_name))
        if written or not found or not SIDE_APART.search(plain_name):
            return found
        return found if found.twin else None

    def with_side_moved(self, plain_name: str) -> Structure | None:
        """Return the sided structure whose side was written elsewhere: `RtLNAxPectoral`."""
        found = self._moved.get(key(plain_name))
        if not found:
            return None
        structure, side, first = found
        end = SEPARATORS.split(plain_name.strip())[0 if first else -1]
        return structure if len(end) >= len(side) else None  # `Kidneys x` does not say `sx`

    def _with_moved_sides(self) -> dict[str, tuple[Structure, str, bool]]:
        """Index the sided names with their side as hospitals write it, at either end.

        Each with that side and whether it comes first. `sx` behind a plural may be an x.
        """
        moved: dict[str, tuple[Structure, str, bool]] = {}
        for side, letter in GLUED_SIDES:
            least = SHORTEST_SIDED if len(side) == 1 else SHORTEST_SIDED - 1
            for whole, structure in self._by_key.items():
                root = whole[:-1]
                if structure.twin and whole[-1:] == letter and len(root) >= least:
                    moved.setdefault(side + root, (structure, side, True))
                    if not (side == "sx" and f"{root}s" in self._by_key):
                        moved.setdefault(root + side, (structure, side, False))
        return moved

    def template(self, plain_name: str) -> str | None:
        """Return a name that a template row stands for, such as `Bolus_05mm`."""
        return plain_name if any(t.fullmatch(plain_name) for t in TEMPLATES) else None

    def meaning(self, concepts: frozenset[str]) -> Structure | None:
        """Return the structure that means exactly these concepts."""
        return self._by_concepts.get(concepts)

    def guesses(self, concepts: frozenset[str]) -> tuple[Guess, ...]:
        """Return the structures that share most with the concepts, the best first.

        A side, a place or a number alone is nothing to share.
        """
        if concepts not in self._guesses:
            if len(self._guesses) >= MOST_REMEMBERED:
                self._guesses.clear()
            self._guesses[concepts] = self._guessed(concepts)
        return self._guesses[concepts]

    def _guessed(self, concepts: frozenset[str]) -> tuple[Guess, ...]:
        found: dict[str, tuple[float, Structure, frozenset[str], frozenset[str]]] = {}
        for concept in concepts:
            for structure, required, optional in self._by_concept.get(concept, ()):
                fit = _fit(required, optional, concepts)
                if structure.name not in found or found[structure.name][0] < fit:
                    found[structure.name] = (fit, structure, required, optional)
        least = sorted((fit for fit, *_ in found.values()), reverse=True)[:MOST][-1:]
        best = [
            Guess(structure, fit, required - concepts, concepts - required - optional)
            for fit, structure, required, optional in found.values()
            if fit >= least[0]
        ]
        return tuple(sorted(best, key=_rank)[:MOST])


def _separated(name: str) -> str:
    """Return a name in lower case with one sign for all separators."""
    return re.sub(r"[\s_\-]+", "_", name.lower())


def _fit(required: frozenset[str], optional: frozenset[str], read: frozenset[str]) -> float:
    """Return how well what was read fits what a structure requires, in 0..1. Sides weigh less."""
    missing, extra, shared = required - read, read - required - optional, required & read
    sides = len(shared & SIDES), len(missing & SIDES), len(extra & SIDES)
    weight = len(shared) - 0.5 * sides[0]
    loss = len(missing) - 0.65 * sides[1] + 0.8 * len(extra) - 0.35 * sides[2]
    if ("left" in required and "right" in read) or ("right" in required and "left" in read):
        loss += 3
    return weight / (weight + loss)


def _rank(guess: Guess) -> tuple[float, int, int, str]:
    """Among equals prefer what lacks no number, and the pair: no side rarely means one side."""
    numbers = sum(bool(NUMBER.fullmatch(concept)) for concept in guess.missing)
    return -guess.fit, numbers, 0 if "pair" in guess.missing else 1, guess.structure.name

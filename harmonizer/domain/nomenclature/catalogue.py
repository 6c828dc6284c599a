"""The standard's list, indexed: by name, and by the concepts that a name must contain."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from harmonizer.domain.nomenclature.folding import SEPARATORS, key
from harmonizer.domain.nomenclature.model import Structure
from harmonizer.domain.nomenclature.senses import LEFT, PAIR, RIGHT, SIDES

TEMPLATES = (
    re.compile(r"Bolus_\d{2}mm"),
    re.compile(r"E-PTV_(?:Ev\d{2}_)?\d{3,5}"),
    re.compile(r"IDL_\d{2,5}"),
)
"""Rows of the list that stand for a family of names."""
ON_LEFT, ON_RIGHT, OF_BOTH, ANY_SIDE = 0b001, 0b010, 0b100, 0b111
"""The sides are the first bits of a set of concepts."""
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


class Guess(NamedTuple):
    """A structure that shares concepts with a reading; `fit` is in 0..1."""

    structure: Structure
    fit: float
    missing: frozenset[str]
    extra: frozenset[str]


@dataclass(frozen=True)
class Entry:
    """One reading of a structure; as bits too: what it requires, and that and what it allows."""

    structure: Structure
    required: frozenset[str]
    optional: frozenset[str]
    bits: int
    allowed: int


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
        self._places = {side: place for place, side in enumerate((LEFT, RIGHT, PAIR))}
        self._entries = [
            Entry(s, required, optional, self._bits(required), self._bits(required | optional))
            for s in self.structures
            for required, optional in s.readings
        ]
        self._counted = self._bits(filter(NUMBER.fullmatch, list(self._places)))
        self._by_concept: dict[str, list[int]] = {}
        for at, entry in enumerate(self._entries):
            for concept in entry.required - SIDES - PLACES:
                if not NUMBER.fullmatch(concept):
                    self._by_concept.setdefault(concept, []).append(at)
        self._guesses: dict[frozenset[str], tuple[Guess, ...]] = {}

    def _bits(self, concepts: Iterable[str]) -> int:
        """Return a set of concepts as a number, a bit for each: it is compared often."""
        return sum(1 << self._places.setdefault(c, len(self._places)) for c in concepts)

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
        found: dict[str, tuple[float, Entry]] = {}
        read = self._bits(concepts)
        sharing = {at for concept in concepts for at in self._by_concept.get(concept, ())}
        for entry in map(self._entries.__getitem__, sorted(sharing)):
            fit = _fit(entry.bits, entry.allowed, read)
            name = entry.structure.name
            if name not in found or found[name][0] < fit:
                found[name] = (fit, entry)
        least = sorted((fit for fit, _ in found.values()), reverse=True)[:MOST][-1:]
        near = [(fit, entry) for fit, entry in found.values() if fit >= least[0]]
        near.sort(key=lambda one: self._rank(one[0], one[1], read))
        return tuple(
            Guess(e.structure, fit, e.required - concepts, concepts - e.required - e.optional)
            for fit, e in near[:MOST]
        )

    def _rank(self, fit: float, entry: Entry, read: int) -> tuple[float, int, int, str]:
        """Among equals prefer what lacks no number, and the pair: no side rarely means one side."""
        missing = entry.bits & ~read
        numbers = (missing & self._counted).bit_count()
        return -fit, numbers, 0 if missing & OF_BOTH else 1, entry.structure.name


def _separated(name: str) -> str:
    """Return a name in lower case with one sign for all separators."""
    return re.sub(r"[\s_\-]+", "_", name.lower())


def _fit(required: int, allowed: int, read: int) -> float:
    """Return how well what was read fits what a structure requires, in 0..1. Sides weigh less."""
    shared = required & read
    missing, extra = required ^ shared, read & ~allowed
    weight = shared.bit_count() - 0.5 * (shared & ANY_SIDE).bit_count()
    loss = missing.bit_count() - 0.65 * (missing & ANY_SIDE).bit_count()
    loss = loss + 0.8 * extra.bit_count() - 0.35 * (extra & ANY_SIDE).bit_count()
    if (required & ON_LEFT and read & ON_RIGHT) or (required & ON_RIGHT and read & ON_LEFT):
        loss += 3
    return weight / (weight + loss)

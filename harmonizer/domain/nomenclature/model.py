"""What a name can mean: structures of the standard, and the mapping of one region of interest."""

from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """How the standard name was found."""

    EXACT = "exact"
    """the name is the standard name, apart from case and separators"""
    RULE = "rule"
    """a rule of the consortium or of a centre says so"""
    SUGGESTED = "suggested"
    """the grammar read it; see `Mapping.auto` for whether it may be applied unseen"""
    UNMAPPED = "unmapped"
    HELPER = "helper"
    """a planning aid, which has no organ name"""


class Kind(StrEnum):
    """What the contour stands for."""

    ORGAN = "organ"
    TARGET = "target"
    HELPER = "helper"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Structure:
    """One row of the standard's list.

    `readings` are the alternatives of what must be read in a name: (required concepts, concepts
    that may also be there). `fma` and `snomed` are codes without their scheme, "" if unknown.
    """

    name: str
    reverse: str
    kind: Kind
    category: str
    region: str
    fma: str
    snomed: str
    snomed_side: str
    twin: str
    plural: str
    parent: str
    readings: tuple[tuple[frozenset[str], frozenset[str]], ...]


@dataclass(frozen=True)
class Word:
    """A word of clinical names: what it means (several concepts, or none) in one language.

    `doubtful`: the word alone does not say which structure is meant.
    """

    text: str
    concepts: tuple[str, ...]
    language: str
    doubtful: bool = False


@dataclass(frozen=True)
class Nomenclature:
    """The standard's structures, the words that name them, the words that mark planning aids."""

    structures: tuple[Structure, ...]
    words: tuple[Word, ...]
    marks: tuple[Word, ...]
    edition: str


@dataclass(frozen=True)
class RoiName:
    """A region of interest as its structure set names it. `number` is the ROINumber."""

    number: int
    name: str
    interpreted_type: str | None = None


@dataclass(frozen=True)
class Context:
    """What is known of the course: site and side treated, centre, languages that it writes in.

    `regions` are the list's regions of the body that the set's certain organs lie in.
    """

    site: str | None = None
    laterality: str | None = None
    centre: str | None = None
    languages: frozenset[str] = field(default_factory=frozenset)
    regions: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Alternative:
    """A standard name that may be meant, less likely than the first, and what speaks against it."""

    tg263_name: str
    confidence: float
    reason: str = ""


@dataclass(frozen=True)
class Mapping:
    """The result for one region of interest. `auto`: may be applied without a curator.

    `confidence` is in 0..1. `shares_name_with` lists the ROI numbers of the same set that were
    given the same name: a finding, and none of them is then applied unseen. `guideline` is the
    contouring guideline that the name or a rule says, "" if none.
    """

    number: int
    raw_name: str
    tg263_name: str | None
    status: Status
    confidence: float
    auto: bool
    kind: Kind
    reason: str
    alternatives: tuple[Alternative, ...] = ()
    shares_name_with: tuple[int, ...] = ()
    guideline: str = ""

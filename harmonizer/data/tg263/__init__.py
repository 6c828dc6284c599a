"""Load the TG-263 list, the dictionary of clinical names, and the marks of planning aids."""

import csv
import re
from functools import lru_cache
from importlib import resources

import yaml

from harmonizer.domain.nomenclature.model import Kind, Nomenclature, Structure, Word

EDITION = "TG-263 2017-08-15"
SAME_NAME = (
    *("name", "reverse", "category", "region", "fma", "snomed", "snomed_side"),
    *("twin", "plural", "parent"),
)
"""Columns of the list that a structure calls by the same name."""
CONCEPT = re.compile(r"\((\w+)\)|(\w+)")


@lru_cache(maxsize=1)
def load_nomenclature() -> Nomenclature:
    """Return the nomenclature; read from the package's data files on first use."""
    folder = resources.files(__name__)
    lines = folder.joinpath("structures.csv").read_text("utf-8").splitlines()
    structures = tuple(_structure(row) for row in csv.DictReader(lines))
    words = _words(folder.joinpath("words.yaml").read_text("utf-8"), "")
    marks = _words(folder.joinpath("marks.yaml").read_text("utf-8"), "!")
    return Nomenclature(structures, words, marks, EDITION)


def _structure(row: dict[str, str]) -> Structure:
    readings = tuple(_reading(text) for text in row["concepts"].split("|") if text.strip())
    fields = {name: row[name] for name in SAME_NAME}
    return Structure(kind=Kind(row["kind"]), readings=readings, **fields)


def _reading(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Split `parotid (gland) left` into what must be there and what may be."""
    pairs = CONCEPT.findall(text)
    required = frozenset(must for _, must in pairs if must)
    return required, frozenset(may for may, _ in pairs if may)


def _words(text: str, prefix: str) -> tuple[Word, ...]:
    table = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return tuple(
        Word(
            word.strip().removesuffix("?"),
            tuple(prefix + concept for concept in concepts.split()),
            language,
            word.strip().endswith("?"),
        )
        for concepts, languages in table.items()
        for language, listed in languages.items()
        for word in listed.split(",")
        if word.strip()
    )

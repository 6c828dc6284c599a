"""Instruments: one YAML file each. Adding a questionnaire is adding a file with test vectors.

`load_instruments()` reads them all, `load_instrument(id)` one. See README.md for the form.
"""

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from harmonizer.domain.proms import Direction, Instrument, Item, Scale, Summary, TestVector
from harmonizer.errors import NotFoundError


@cache
def load_instruments() -> Mapping[str, Instrument]:
    """Return every instrument by its id, in alphabetical order."""
    folder = files(__package__ or __name__)
    names = sorted(f.name for f in folder.iterdir() if f.name.endswith(".yaml"))
    loaded = [parse(folder.joinpath(name).read_text("utf-8")) for name in names]
    return {instrument.id: instrument for instrument in loaded}


def load_instrument(name: str) -> Instrument:
    """Return one instrument.

    Raises
    ------
    NotFoundError
        If there is none of that id; the text lists what there is.
    """
    known = load_instruments()
    if name not in known:
        raise NotFoundError(f"no instrument of that id; there are {', '.join(known)}")
    return known[name]


def parse(text: str) -> Instrument:
    """Build an instrument from the text of its file."""
    raw = yaml.safe_load(text)
    items = dict(_items(raw["items"], raw.get("recode", {})))
    return Instrument(
        id=raw["id"],
        name=raw["name"],
        version=str(raw["version"]),
        items=items,
        scales=tuple(_scale(code, body, items) for code, body in raw["scales"].items()),
        summaries=tuple(
            Summary(code, tuple(body["scales"].split()), tuple(body["turned"].split()))
            for code, body in raw.get("summaries", {}).items()
        ),
        source=raw["source"],
        vectors=tuple(_vector(vector, items) for vector in raw["vectors"]),
        names=raw.get("names", {}),
    )


def _expand(words: str) -> list[str]:
    """Return item codes: `q1-q3 q7 vas` is q1, q2, q3, q7, vas."""
    codes: list[str] = []
    for word in words.split():
        span = re.fullmatch(r"([a-z]+)(\d+)-\1(\d+)", word)
        if span:
            first, last = int(span[2]), int(span[3])
            codes += [f"{span[1]}{number}" for number in range(first, last + 1)]
        else:
            codes.append(word)
    return codes


def _items(ranges: Mapping[str, Any], recodes: Mapping[str, Any]) -> Iterator[tuple[str, Item]]:
    points = {code: dict(body) for words, body in recodes.items() for code in _expand(words)}
    for words, (lowest, highest) in ranges.items():
        for code in _expand(words):
            yield code, Item(code, lowest, highest, points.get(code, {}))


def _scale(code: str, body: Mapping[str, Any], items: Mapping[str, Item]) -> Scale:
    codes = _expand(str(body["items"]))
    first = items[codes[0]]
    half = (len(codes) + 1) // 2
    least = body.get("least_answered", half)
    return Scale(
        code=code,
        items=tuple(codes),
        direction=Direction(body["score"]),
        lowest=first.lowest,
        span=first.highest - first.lowest,
        least_answered=len(codes) if least == "all" else int(least),
        turned=frozenset(_expand(body.get("turned", ""))),
        unless={item: frozenset(values) for item, values in body.get("unless", {}).items()},
        confirmed=bool(body.get("confirmed", True)),
    )


def _vector(raw: Mapping[str, Any], items: Mapping[str, Item]) -> TestVector:
    """`answers` lists the items in their order (`.` where not answered) or names them."""
    given = raw["answers"]
    if isinstance(given, str):
        values = given.split()
        if len(values) != len(items):
            raise ValueError(f"a vector has {len(values)} answers for {len(items)} items")
        answers = {
            code: None if value == "." else int(value)
            for code, value in zip(items, values, strict=True)
        }
    else:
        answers = {code: given.get(code) for code in items}
    scores = {
        code: None if value is None else float(Fraction(str(value)))
        for code, value in raw["scores"].items()
    }
    return TestVector(answers, scores)

"""A centre's policy file: which options are on, and what this centre treats more strictly."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.domain.deid import USUAL_OPTIONS, Option, fold
from gateway.errors import ConfigError

PUBLISHED = "published"
"""Key of the vocabulary that the archive published and this centre took."""
LISTS = ("remove", "empty", "words", "refuse", "staff", "safe_private")
POLICY_KEYS = ("options", PUBLISHED, *LISTS)
WORD = re.compile(r"[^\W\d_]{2,}")
KEY = re.compile(r'"([^"\n]{1,64})"\s*:')
SHORTEST_NAME = 4
"""Shorter parts of a name are initials and titles, and stand in many words."""


@dataclass(frozen=True)
class Policy:
    """What stands in the file; everything that does not is as usual."""

    remove: frozenset[str] = frozenset()
    """Keywords of attributes that do not leave."""
    empty: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    """Folded words that may stay in free text, beyond the vocabulary."""
    published: frozenset[str] = frozenset()
    """The same, from the archive's vocabulary of structure names; `staff` goes before them."""
    refuse: frozenset[str] = frozenset()
    """Kinds of object, `head` or `localizer`."""
    staff: frozenset[str] = frozenset()
    safe_private: frozenset[str] = frozenset()
    """Private creators."""
    options: frozenset[Option] = USUAL_OPTIONS


def read_policy(path: Path) -> Policy:
    """Read a policy.

    Raises
    ------
    ConfigError
        When it is no JSON or has a key, an option or a type that it cannot have.
    """
    told = _json_of(path)
    unknown = min(set(told) - set(POLICY_KEYS), default=None) if isinstance(told, dict) else "it"
    if unknown is not None:
        raise ConfigError(
            f"policy_file: `{unknown}` is no key; only the keys {', '.join(POLICY_KEYS)} are known."
        )
    lists = {key: frozenset(_texts(told, key)) for key in LISTS}
    words = frozenset(map(fold, lists["words"]))
    return Policy(
        remove=lists["remove"],
        empty=lists["empty"],
        words=words,
        published=published_words(_published(told.get(PUBLISHED, {}))),
        refuse=lists["refuse"],
        staff=frozenset(_name_parts(lists["staff"])),
        safe_private=lists["safe_private"],
        options=_options(told.get("options", {}), bool(lists["safe_private"])),
    )


def _json_of(path: Path) -> Any:
    """Say of a half-written file under which key it ends to make sense."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return json.loads(text)
    except OSError as error:
        raise ConfigError(f"policy_file: {path.name} cannot be read: {error.strerror}.") from error
    except json.JSONDecodeError as error:
        keys = KEY.findall(text[: error.pos])
        place = f"under `{keys[-1]}`" if keys else "at its beginning"
        what = f"is not whole or not JSON from line {error.lineno} on, {place}"
        raise ConfigError(f"policy_file: {path.name} {what}.") from error
    except ValueError as error:
        raise ConfigError(f"policy_file: {path.name} is not UTF-8 text.") from error


def published_words(texts: Iterable[str]) -> frozenset[str]:
    """Return the folded words of structure names: letters only, of at least two."""
    return frozenset(fold(word) for text in texts for word in WORD.findall(text))


def _published(told: object) -> list[str]:
    if not isinstance(told, dict):
        raise ConfigError(f"policy_file: `{PUBLISHED}` must have `version` and `words`.")
    return _texts(told, "words")


def _texts(told: Mapping[str, Any], key: str) -> list[str]:
    values = told.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ConfigError(f"policy_file: `{key}` must be a list of texts.")
    return values


def _options(told: object, safe_private: bool) -> frozenset[Option]:
    known = {option.value for option in Option} - {Option.SAFE_PRIVATE}
    if not isinstance(told, dict) or not all(isinstance(value, bool) for value in told.values()):
        raise ConfigError('policy_file: `options` must be like {"clean_descriptors": false}.')
    if unknown := set(told) - known:
        raise ConfigError(
            f"policy_file: there is no option `{min(unknown)}`; there are "
            f"{', '.join(sorted(known))}; `safe_private` lists creators."
        )
    off = {Option(name) for name, on in told.items() if not on}
    return USUAL_OPTIONS - off | ({Option.SAFE_PRIVATE} if safe_private else set())


def _name_parts(names: Iterable[str]) -> Iterator[str]:
    """A name that is also an anatomical word names nobody by itself; the caller leaves it out."""
    for name in names:
        parts = re.findall(r"[^\W\d_]+", name)
        yield from (fold(part) for part in parts if len(part) >= SHORTEST_NAME)

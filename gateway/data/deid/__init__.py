"""The de-identification profile as data: attributes, objects and vocabulary."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path

from gateway.domain.deid import KINDS_OF_IMAGE, Action, Profile, Rule, Vocabulary, fold
from gateway.errors import ConfigError

NAME = "kasari-rt-1"
POLICY_KEYS = frozenset(("remove", "empty", "words", "refuse", "staff"))
SHORTEST_NAME = 4
"""Shorter parts of a name are initials and titles, and stand in many words."""


def load_profile(policy: Path | None = None) -> Profile:
    """The profile in force at a centre.

    Parameters
    ----------
    policy
        JSON with any of `remove` and `empty` (keywords that this centre treats more strictly),
        `refuse` (kinds of object, `head` or `localizer`), `staff` (names that must not leave) and
        `words` (further words that may stay in free text). A policy can forbid, and can add words
        that a person has read; it cannot let an attribute through.

    Raises
    ------
    ConfigError
        When the policy cannot be read or names an unknown key or keyword.
    """
    choices = {} if policy is None else _read_policy(policy)
    rules = _rules()
    known = {rule.keyword for rule in rules}
    for key in ("remove", "empty"):
        for keyword in choices.get(key, ()):
            if keyword not in known:
                raise ConfigError(f"policy_file: `{key}` names {keyword}, which no rule keeps.")
    removed, emptied = frozenset(choices.get("remove", ())), frozenset(choices.get("empty", ()))
    kept = tuple(
        _emptied(rule) if rule.keyword in emptied else rule
        for rule in rules
        if rule.keyword not in removed
    )
    objects, refused = _objects(), frozenset(choices.get("refuse", ()))
    if unknown := refused - {*objects.values(), *KINDS_OF_IMAGE}:
        raise ConfigError(
            f"policy_file: `refuse` names {min(unknown)}, which is no kind of object."
        )
    words = _words() | {fold(word) for word in choices.get("words", ())}
    accepted = {uid: short for uid, short in objects.items() if short not in refused}
    images = refused & set(KINDS_OF_IMAGE)
    staff = frozenset(_name_parts(choices.get("staff", ()))) - words
    return Profile(NAME, kept, accepted, Vocabulary(frozenset(words)), images, staff)


def _read_policy(policy: Path) -> Mapping[str, list[str]]:
    try:
        choices = json.loads(policy.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"policy_file: {policy.name} cannot be read as JSON.") from error
    if not isinstance(choices, dict) or not set(choices) <= POLICY_KEYS:
        raise ConfigError(f"policy_file: only the keys {sorted(POLICY_KEYS)} are known.")
    for key, values in choices.items():
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise ConfigError(f"policy_file: `{key}` must be a list of texts.")
    return choices


def _name_parts(names: Iterable[str]) -> Iterator[str]:
    """A name that is also an anatomical word names nobody by itself; the caller leaves it out."""
    for name in names:
        parts = re.findall(r"[^\W\d_]+", name)
        yield from (fold(part) for part in parts if len(part) >= SHORTEST_NAME)


def _emptied(rule: Rule) -> Rule:
    source = "policy of the centre"
    return Rule(rule.tag, rule.keyword, rule.vr, Action.EMPTY, rule.objects, source)


def _rules() -> tuple[Rule, ...]:
    return tuple(
        Rule(
            tag=int(row["tag"], 16),
            keyword=row["keyword"],
            vr=row["vr"],
            action=Action(row["action"]),
            objects=frozenset(() if row["iods"] == "*" else row["iods"].split()),
            source=row["source"],
        )
        for row in _rows("attributes.csv")
    )


def _objects() -> dict[str, str]:
    return {row["sop_class_uid"]: row["object"] for row in _rows("objects.csv")}


def _words() -> set[str]:
    text = (files(__package__) / "vocabulary.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {fold(word) for line in lines for word in line.split()}


def _rows(name: str) -> list[dict[str, str]]:
    text = (files(__package__) / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))

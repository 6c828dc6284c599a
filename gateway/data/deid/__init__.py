"""The de-identification profile as data: attributes, objects, vocabulary, safe private ones."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from gateway.data.deid.policy import Policy, read_policy
from gateway.domain.deid import (
    KINDS_OF_IMAGE,
    Action,
    Option,
    Profile,
    Rule,
    SafePrivate,
    Vocabulary,
    fold,
)
from gateway.errors import ConfigError

NAME = "kasari-rt-1"


def load_profile(policy: Path | None = None) -> Profile:
    """The profile in force at a centre.

    Parameters
    ----------
    policy
        JSON: see `docs/deidentification.md`. It turns the options of PS3.15 on and off, and can
        forbid. Apart from words that a person has read, and from private attributes that the
        standard calls safe, it lets nothing through that the profile does not.

    Raises
    ------
    ConfigError
        When the policy cannot be read or names what there is not.
    """
    chosen = Policy() if policy is None else read_policy(policy)
    objects = _objects()
    if unknown := chosen.refuse - {*objects.values(), *KINDS_OF_IMAGE}:
        raise ConfigError(
            f"policy_file: `refuse` names {min(unknown)}, which is no kind of object."
        )
    known = frozenset(_words("vocabulary.txt") | chosen.words)
    staff = chosen.staff - known
    words = known | (chosen.published - staff)
    return Profile(
        NAME,
        tuple(_chosen_rules(chosen)),
        {uid: short for uid, short in objects.items() if short not in chosen.refuse},
        Vocabulary(words, frozenset(_words("coded_words.txt"))),
        chosen.refuse & set(KINDS_OF_IMAGE),
        staff,
        chosen.options,
        _safe_private(chosen.safe_private),
    )


def _chosen_rules(chosen: Policy) -> Iterator[Rule]:
    rules = _rules()
    known = {rule.keyword for rule in rules}
    for key, keywords in (("remove", chosen.remove), ("empty", chosen.empty)):
        if unknown := keywords - known:
            raise ConfigError(f"policy_file: `{key}` names {min(unknown)}, which no rule keeps.")
    for rule in rules:
        on = rule.option is None or rule.option in chosen.options
        kept = rule if on else rule.basic
        if kept is None or rule.keyword in chosen.remove:
            continue
        if rule.keyword in chosen.empty:
            source = "policy of the centre"
            yield replace(kept, action=Action.EMPTY, source=source, option=None, otherwise=None)
        else:
            yield kept


def _rules() -> tuple[Rule, ...]:
    return tuple(_rule(row) for row in _rows("attributes.csv"))


def _rule(row: Mapping[str, str]) -> Rule:
    basic = row["otherwise"]
    return Rule(
        tag=int(row["tag"], 16),
        keyword=row["keyword"],
        vr=row["vr"],
        action=Action(row["action"]),
        objects=frozenset(() if row["iods"] == "*" else row["iods"].split()),
        source=row["source"],
        option=Option(row["option"]) if row["option"] else None,
        otherwise=Action(basic) if basic not in ("", "X") else None,
    )


def _safe_private(creators: frozenset[str]) -> tuple[SafePrivate, ...]:
    rows = _rows("safe_private.csv")
    if unknown := creators - {row["creator"] for row in rows}:
        raise ConfigError(
            f"policy_file: `safe_private` names {min(unknown)!r}, of whom PS3.15 calls nothing "
            "safe that could be kept; `kasari deid describe --private` lists the creators."
        )
    return tuple(
        SafePrivate(
            creator=row["creator"],
            group=int(row["group"], 16),
            number=int(row["element"], 16),
            vr=row["vr"],
            most=int(row["most"]) if row["most"] else None,
        )
        for row in rows
        if row["creator"] in creators
    )


def safe_creators() -> tuple[str, ...]:
    """Who may stand in a policy's `safe_private`."""
    return tuple(sorted({row["creator"] for row in _rows("safe_private.csv")}))


def _objects() -> dict[str, str]:
    return {row["sop_class_uid"]: row["object"] for row in _rows("objects.csv")}


def _words(name: str) -> set[str]:
    text = (files(__package__) / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {fold(word) for line in lines for word in line.split()}


def _rows(name: str) -> list[dict[str, str]]:
    text = (files(__package__) / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))

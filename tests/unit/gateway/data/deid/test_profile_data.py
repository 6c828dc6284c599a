"""The profile's tables hold together: with the dictionary, with the checker, with themselves."""

import csv
import json
from importlib.resources import files
from pathlib import Path

import pytest
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.uid import UID

from gateway.data.deid import load_profile
from gateway.domain.checker import INVARIANTS
from gateway.domain.deid import Action, fold
from gateway.errors import ConfigError

PROFILE = load_profile()
TEXT = {"SH", "LO", "ST", "LT", "UC", "UT"}
FITS = {
    Action.SEQUENCE: {"SQ"},
    Action.UID: {"UI"},
    Action.DATE: {"DA", "DT"},
    Action.CLEAN: TEXT,
    Action.CODE: TEXT,
    Action.AGE: {"AS"},
    Action.BURNED_IN: {"CS"},
    Action.PSEUDONYM: {"PN", "LO"},
}
NEVER_KEPT = {
    "UI",
    "SQ",
    "DA",
    "DT",
    "PN",
    "UN",
    "LO",
    "ST",
    "LT",
    "UT",
    "UC",
    "UR",
    "AS",
    "AE",
    "SH",
}


def test_rows_are_sorted_and_unique() -> None:
    text = (files("gateway.data.deid") / "attributes.csv").read_text("utf-8")
    tags = [row["tag"] for row in csv.DictReader(text.splitlines())]
    assert tags == sorted(set(tags))


@pytest.mark.parametrize("rule", PROFILE.rules, ids=lambda rule: rule.keyword)
def test_a_rule_agrees_with_the_dictionary(rule) -> None:
    assert keyword_for_tag(rule.tag) == rule.keyword
    assert rule.vr in dictionary_VR(rule.tag).split(" or ")
    assert rule.objects <= set(PROFILE.objects.values())
    assert rule.source
    if rule.action in FITS:
        assert rule.vr in FITS[rule.action]
    if rule.action is Action.KEEP:
        assert rule.vr not in NEVER_KEPT


def test_everything_that_may_not_change_is_kept() -> None:
    kept = {rule.tag for rule in PROFILE.rules if rule.action is Action.KEEP}
    floats = {0x7FE00008, 0x7FE00009}  # parametric maps: none of our objects has them
    assert INVARIANTS - floats <= kept


def test_objects_are_the_standards_own() -> None:
    for sop_class in PROFILE.objects:
        assert UID(sop_class).name.endswith("Storage")


def test_the_name_changes_with_every_row_and_word(tmp_path: Path) -> None:
    names = {PROFILE.name_and_hash}
    for choice in (
        {"remove": ["PatientSex"]},
        {"empty": ["PatientSex"]},
        {"words": ["xyzzy"]},
        {"refuse": ["rtimage"]},
        {"refuse": ["head"]},
        {"safe_private": ["Philips PET Private Group"]},
        {"options": {"clean_graphics": False}},
    ):
        policy = tmp_path / "policy.json"
        policy.write_text(json.dumps(choice))
        names.add(load_profile(policy).name_and_hash)
    assert len(names) == 8


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON from line 1 on, at its beginning"),
        ('{"words": ["PTV"],\n "options": {"clean_gra', "from line 2 on, under `options`"),
        ('{"allow": ["PatientName"]}', "`allow` is no key; only the keys"),
        ('{"remove": ["PatientShoeSize"]}', "no rule keeps"),
        ('{"remove": "PatientSex"}', "must be a list"),
        ("[]", "only the keys"),
        ('{"refuse": ["feet"]}', "no kind of object"),
        ('{"options": {"keep_names": true}}', "no option `keep_names`"),
        ('{"options": {"clean_graphics": "no"}}', "must be like"),
        ('{"options": {"retain_safe_private": true}}', "`safe_private` lists creators"),
        ('{"safe_private": ["Nobody"]}', "of whom PS3.15 calls nothing safe"),
    ],
)
def test_a_wrong_policy_stops_the_start(tmp_path: Path, text: str, told: str) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(text)
    with pytest.raises(ConfigError, match=told):
        load_profile(policy)


def test_words_of_a_policy_are_known_in_every_spelling(tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"words": ["Mäyrä"]}))
    assert fold("MÄYRÄ") in load_profile(policy).vocabulary.words


NAMES = [
    "virtanen",
    "korhonen",
    "nieminen",
    "makinen",
    "maija",
    "matti",
    "johansson",
    "andersson",
    "hanninen",
    "lehtonen",
]


@pytest.mark.parametrize("name", NAMES)
def test_frequent_names_are_no_words_of_the_vocabulary(name: str) -> None:
    assert name not in PROFILE.vocabulary.words


def test_a_refused_kind_of_object_is_unknown(tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"refuse": ["rtimage", "head"]}))
    profile = load_profile(policy)
    assert "rtimage" not in profile.objects.values()
    assert profile.refused == {"head"}


def test_staff_are_the_parts_of_their_names(tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"staff": ["Härkönen-Korhonen Liisa, LT", "Kaula Ei"]}))
    assert load_profile(policy).staff == {"harkonen", "korhonen", "liisa"}
    assert "harkonen" not in repr(load_profile(policy))

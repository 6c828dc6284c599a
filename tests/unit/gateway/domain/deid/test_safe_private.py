"""Retain Safe Private: what a chosen creator's block keeps, and everything that only looks like it.

The checker is given the engine's bad days too: what never gets past the engine is put into the
written object, and it must object on its own.
"""

import json
from pathlib import Path

import pytest

from gateway.data.deid import load_profile, safe_creators
from gateway.domain.checker import read_elements
from gateway.domain.deid import Profile
from gateway.errors import ConfigError
from tests.factories import engine
from tests.factories.streams import (
    IMPLICIT,
    element,
    file_of,
    implicit,
    item,
    plan,
    sequence,
)

PET, GE, PHILIPS = "Philips PET Private Group", "GEMS_PARM_01", "Philips Imaging DD 001"
FACTOR, SUV = 0x70531000, b"0.000551"
BEAMS = 0x300A00B0


@pytest.fixture
def chosen(tmp_path: Path) -> Profile:
    return profile_of(tmp_path, PET, GE, PHILIPS)


def profile_of(tmp_path: Path, *creators: str) -> Profile:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"safe_private": list(creators)}))
    return load_profile(policy)


def creator(name: str, group: int = 0x7053, block: int = 0x10) -> bytes:
    raw = name.encode()
    return element(group << 16 | block, b"LO", raw + b" " * (len(raw) % 2))


def factor(block: int = 0x10, value: bytes = SUV, vr: bytes = b"DS") -> bytes:
    return element(0x7053 << 16 | block << 8, vr, value)


def private_of(data: bytes, profile: Profile) -> list[tuple[int, bytes]]:
    """What is private in the national form; the checker has no objection to it."""
    written = engine.national_bytes(data, profile=profile)
    assert engine.objections(data, written, profile=profile) == []
    elements = read_elements(written)
    return [(e.tag, elements.value(e)) for e in elements.found if e.tag >> 16 & 1]


def test_a_chosen_creators_block_stays(chosen: Profile) -> None:
    data = file_of(plan(creator(PET), factor()))
    assert private_of(data, chosen) == [(0x70530010, PET.encode() + b" "), (FACTOR, SUV)]


def test_it_may_use_any_block(chosen: Profile) -> None:
    data = file_of(plan(creator("OTHER"), creator(PET, block=0x11), factor(0x11)))
    assert [tag for tag, _ in private_of(data, chosen)] == [0x70530011, 0x70531100]


def test_by_default_nothing_private_stays() -> None:
    assert private_of(file_of(plan(creator(PET), factor())), engine.PROFILE) == []


def test_what_stays_is_claimed_and_told_by_the_profiles_hash(chosen: Profile) -> None:
    assert "113111" in chosen.codes
    assert "113111" not in engine.PROFILE.codes
    assert chosen.name_and_hash != engine.PROFILE.name_and_hash


def test_implicit_files_are_read_by_the_table(chosen: Profile) -> None:
    head = b"".join(
        implicit(tag, value)
        for tag, value in (
            (0x00080016, b"1.2.840.10008.5.1.4.1.1.481.5\0"),
            (0x00080018, b"1.2.3.4\0"),
            (0x00100020, b"130452-308Y "),
            (0x70530010, PET.encode() + b" "),
            (FACTOR, SUV),
        )
    )
    assert private_of(file_of(head, IMPLICIT), chosen)[-1] == (FACTOR, SUV)


def test_a_uid_is_replaced_and_a_text_is_cleaned(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, *safe_creators())
    rows = [row for row in profile.safe_private if row.vr in ("UI", "LO")]
    assert {row.vr for row in rows} == {"UI", "LO"}
    for row in rows:
        value = b"1.2.3.130452 " if row.vr == "UI" else b"Virtanen"
        made = element(row.group << 16 | 0x1000 | row.number, row.vr.encode(), value)
        data = file_of(plan(creator(row.creator, row.group), made))
        kept = private_of(data, profile)
        assert len(kept) in (1, 2)
        assert b"Virtanen" not in kept[-1][1]
        assert b"130452" not in kept[-1][1]


NAME = b"Virtanen"
HOSTILE = {
    "no creator": factor(),
    "another creator": creator("Philips PET Private Grou") + factor(),
    "a creator that is the patient": creator("Virtanen Maija") + factor(),
    "an element that the table does not know": creator(PET)
    + element(0x70531001, b"DS", b"1 ")
    + element(0x70531002, b"LO", NAME),
    "another representation": creator(PET) + factor(value=NAME, vr=b"LO"),
    "letters in a number": creator(PET) + factor(value=NAME),
    "an identity code in a number": creator(PET) + factor(value=b"130452-3089 "),
    "a date in a number": creator(PET) + factor(value=b"13.4.52 "),
    "more values than one": creator(PET) + factor(value=b"1\\2 "),
    "unknown representation with a name": creator(PET) + factor(value=NAME, vr=b"UN"),
    "the block of another group": creator(PET, 0x7055) + element(0x70551000, b"DS", SUV),
    "a sequence in the block": creator(PET) + sequence(FACTOR, item(element(FACTOR, b"LO", NAME))),
    "an unknown sequence in the block": creator(PET)
    + sequence(FACTOR, item(implicit(0x00100010, NAME)), vr=b"UN"),
    "an open sequence in the block": creator(PET)
    + sequence(FACTOR, item(element(0x00100010, b"PN", NAME)), open_ended=True),
    "a creator that is a sequence": sequence(0x70530010, item(element(0x00100010, b"PN", NAME))),
    "a longer binary value": creator(PHILIPS, 0x2001) + element(0x20011003, b"FL", NAME),
    "our own creator": creator("KASARI", 0x7001) + element(0x70011001, b"OB", NAME),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_what_only_looks_safe_is_gone(chosen: Profile, name: str, depth: int) -> None:
    body = HOSTILE[name]
    for _ in range(depth):
        body = sequence(BEAMS, item(body))
    kept = private_of(file_of(plan(body)), chosen)
    assert {tag & 0xFFFF for tag, _ in kept} <= {0x10, 0x11, 0x1001}
    assert all(value.strip() in (PET.encode(), PHILIPS.encode(), b"1") for _, value in kept)


def test_an_items_block_is_its_own(chosen: Profile) -> None:
    """The creator outside does not vouch for what stands inside, nor one item for the next."""
    inside = sequence(BEAMS, item(creator(PET)), item(factor()))
    kept = private_of(file_of(plan(inside, creator(PET), factor())), chosen)
    assert [tag for tag, _ in kept] == [0x70530010, 0x70530010, FACTOR]
    alone = private_of(file_of(plan(sequence(BEAMS, item(factor())), creator(PET))), chosen)
    assert [tag for tag, _ in alone] == [0x70530010]


SMUGGLED = {
    "no creator": factor(),
    "another creator": creator("OTHER") + factor(),
    "not in the table": creator(PET) + element(0x70531002, b"DS", SUV),
    "letters": creator(PET) + factor(value=b"xxxxxxxx"),
    "another representation": creator(PET) + factor(value=b"abcdefgh", vr=b"LO"),
    "a long binary": element(0x20011003, b"FL", b"abc123"),
    "a neighbour's block": sequence(BEAMS, item(creator(PET)), item(factor())),
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_the_checker_knows_blocks_by_itself(chosen: Profile, name: str) -> None:
    data = file_of(plan())
    written = engine.national_bytes(data, profile=chosen)
    problems = engine.objections(data, written + SMUGGLED[name], profile=chosen)
    assert "private" in {problem.code for problem in problems}


def test_the_checker_sees_a_uid_of_the_sender_in_a_block(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, *safe_creators())
    row = next(row for row in profile.safe_private if row.vr == "UI")
    data = file_of(plan())
    made = creator(row.creator, row.group)
    made += element(row.group << 16 | 0x1000 | row.number, b"UI", b"1.2.3.99")
    written = engine.national_bytes(data, profile=profile)
    problems = engine.objections(data, written + made, profile=profile)
    assert "foreign-uid" in {problem.code for problem in problems}


def test_an_unknown_creator_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="calls nothing safe"):
        profile_of(tmp_path, "Virtanen Systems")


def test_no_row_is_a_date_a_sequence_or_a_blob(tmp_path: Path) -> None:
    rows = profile_of(tmp_path, *safe_creators()).safe_private
    assert len(rows) == 387
    binary = {"AT", "FD", "FL", "SL", "SS", "UL", "US"}
    assert {row.vr for row in rows} <= binary | {"CS", "DS", "IS", "LO", "LT", "SH", "ST", "UI"}
    for row in rows:
        assert row.most or row.vr not in binary
        assert row.group % 2


def test_the_table_is_the_standards(shared: Path, tmp_path: Path) -> None:
    text = (shared / "reference" / "ps315_table_e3_10_1_safe_private_2023b.csv").read_text("utf-8")
    for row in profile_of(tmp_path, *safe_creators()).safe_private:
        start = f'"({row.group:04X},xx{row.number:02X})"'.lower()
        lines = [line for line in text.splitlines() if line.lower().startswith(start)]
        assert any(row.creator in line and f",{row.vr}," in line for line in lines), row

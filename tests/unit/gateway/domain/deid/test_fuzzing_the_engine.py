"""Damaged objects: nothing of the patient comes out, and nothing but a refusal is raised."""

import random
from io import BytesIO

import pytest
from pydicom import dcmread

from gateway.domain.checker import UnreadableError, read_elements
from gateway.domain.deid import read_identity, sealed_terms
from gateway.errors import RejectError
from tests.factories import engine, leaks, sent_objects
from tests.factories.leaks import traces

ROUNDS = 300
SLOW_ROUNDS = 60_000
SEEDS = {kind: sent_objects.as_sent(make()) for kind, make in leaks.KINDS.items()} | {
    str(leak): leak.data() for leak in leaks.RADIOTHERAPY + leaks.PLACES if leak.number != 50
}
A_TIME_OF_DAY = "130452"
"""Six digits of the birth date, and 13:04:52: as a time they say nothing about anybody."""
INTERESTING = (
    b"\xff\xff\xff\xff",
    b"\xfe\xff\x00\xe0",
    b"\xfe\xff\x0d\xe0\0\0\0\0",
    b"\xfe\xff\xdd\xe0\0\0\0\0",
    b"\0\0",
    b"UN",
    b"SQ",
    b"\\",
    b"\x1b$B",
)


PLACES = {name: read_elements(data).found for name, data in SEEDS.items()}
TEXTS = tuple(word.encode("latin-1") for word in leaks.PLANTED)


def overwritten(name: str, dice: random.Random) -> bytes:
    """One to six values hold, in their own length, pieces of what identifies the patient."""
    body = bytearray(SEEDS[name])
    for _ in range(dice.randint(1, 6)):
        place = dice.choice(PLACES[name])
        text = b" ".join(dice.choices(TEXTS, k=place.length // 2 + 1))[: place.length]
        body[place.start : place.start + place.length] = text
    return bytes(body)


def damaged(data: bytes, dice: random.Random) -> bytes:
    """One or two small accidents anywhere behind the preamble."""
    body = bytearray(data)
    for _ in range(dice.randint(1, 2)):
        at = dice.randrange(132, len(body))
        kind = dice.randrange(5)
        if kind == 0:
            body[at] = dice.randrange(256)
        elif kind == 1:
            del body[at : at + dice.randint(1, 12)]
        elif kind == 2:
            body[at:at] = dice.choice(INTERESTING)
        elif kind == 3:
            to = dice.randrange(132, len(body))
            body[at:at] = body[to : to + dice.randint(1, 40)]
        else:
            body[at : at + 4] = dice.choice(INTERESTING)[:4]
    return bytes(body)


def try_one(data: bytes) -> str:
    """Return what came of it; anything but a refusal or a harmless object fails the test."""
    try:
        read_identity(data)
        site = engine.site_bytes(data)
        sealed_terms(site)
        national = engine.national_bytes(data)
    except RejectError as error:
        return _refused(error)
    left = [word for word in traces(national) if word != A_TIME_OF_DAY]
    if not left:
        return "written"
    # a number or a time may hold the digits of a birth date; then the checker must see them
    assert engine.objections(sent_objects.as_sent(leaks.KINDS["plan"]()), national, *left)
    return "objected"


def _refused(error: RejectError) -> str:
    assert traces(str(error).encode()) == []
    return error.code


def run(rounds: int, seed: int) -> dict[str, int]:
    dice = random.Random(seed)
    names = list(SEEDS)
    told: dict[str, int] = {}
    for _ in range(rounds):
        name = dice.choice(names)
        data = overwritten(name, dice) if dice.randrange(2) else SEEDS[name]
        outcome = try_one(data if dice.randrange(3) == 0 else damaged(data, dice))
        told[outcome] = told.get(outcome, 0) + 1
    return told


def test_a_few_accidents() -> None:
    told = run(ROUNDS, seed=1)
    assert told["written"] > 10
    assert len(told) > 4


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_many_accidents(seed: int) -> None:
    told = run(SLOW_ROUNDS // 4, seed)
    assert told["written"] > SLOW_ROUNDS // 40


def test_what_is_written_after_an_accident_can_be_read_by_others() -> None:
    dice = random.Random(7)
    read = 0
    for _ in range(ROUNDS):
        try:
            data = overwritten("plan", dice)
            written = engine.national_bytes(damaged(data, dice) if dice.randrange(2) else data)
        except RejectError:
            continue
        try:
            elements = read_elements(written)
        except UnreadableError:
            pytest.fail("the checker cannot read what the engine wrote")
        assert dcmread(BytesIO(written)).PatientIdentityRemoved == "YES"
        assert elements.first(0x00120062) == b"YES "
        read += 1
    assert read > 10

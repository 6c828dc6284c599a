"""What a file is, told from itself; and a question where it cannot be told."""

import pytest

from gateway.contract.records import WORDS
from gateway.domain.clinical.columns import COLUMNS
from kasari.clinical.recognising import HEAD_BYTES, recognise
from kasari.errors import InputError


@pytest.mark.parametrize("word", WORDS)
def test_every_kind_is_known_by_its_columns(word: str) -> None:
    needed = [column.name for column in COLUMNS[WORDS[word]] if column.required]
    every = [column.name for column in COLUMNS[WORDS[word]]]
    for names in (needed, every, [*needed, "remark"]):
        if word == "clinical" or set(names) - {"patient_id", "happened_on"}:
            assert recognise(",".join(names).encode() + b"\n") == ("csv", word)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ("\ufeffPatient_ID;Answered_on;Instrument;Q1\r\n".encode(), ("csv", "prom")),
        ("patient_id,recorded_on,site\n".encode("utf-16"), ("csv", "clinical")),
        (b'{"resourceType": "Bundle"}', ("fhir", "")),
        (b'\xef\xbb\xbf {"patients": []}', ("kaiku", "")),
        (b"patient_id;questionnaire;answered_at;question_id;answer\n", ("kaiku", "")),
        (b"record_id,redcap_event_name,qlqc30_q1,qlqc30_date\n", ("redcap", "")),
    ],
)
def test_other_forms(data: bytes, wanted: tuple[str, str]) -> None:
    assert recognise(data) == wanted


@pytest.mark.parametrize("letter", ["Á", "ą"])
def test_a_head_that_ends_inside_a_character_is_read(letter: str) -> None:
    head = "patient_id,recorded_on,site\nx,"
    odd = "" if len(head) % 2 else "x"
    data = f"{head}{odd}{letter * HEAD_BYTES}\n".encode()
    assert recognise(data) == ("csv", "clinical")


@pytest.mark.parametrize("data", [b"name,age\n", b"patient_id,happened_on\n", b""])
def test_what_cannot_be_told_is_asked(data: bytes) -> None:
    with pytest.raises(InputError, match=r"--kind|empty"):
        recognise(data)

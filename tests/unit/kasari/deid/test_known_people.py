"""Whoever must not be found, from the files that people have."""

from pathlib import Path

import pytest

from kasari.deid.known_people import KnownPeople, read_people
from kasari.errors import InputError

FORMS = {
    "list.json": """[{"patientName": "Virtanen-Mäkinen^Maija", "PatientID": "130452-308Y",
        "sex": "female", "address": {"street": "Oravapolku 7"}, "phones": ["040 123 4567"]}]""",
    "by_id.json": """{"130452-308Y": {"n": "Virtanen-Mäkinen, Maija", "a": "Oravapolku 7",
        "p": "040 123 4567"}}""",
    "dicom.json": """{"words": ["Virtanen-Mäkinen", "Maija", "130452-308Y", "Oravapolku 7",
        "040 123 4567"], "birth_dates": ["19520413"]}""",
    "sheet.csv": """patient_id,family_name,given_name,birth_date,status,street,phone
130452-308Y,Virtanen-Mäkinen,Maija,1952-04-13,granted,Oravapolku 7,040 123 4567
""",
    "semicolons.csv": """hetu;nimi;syntynyt;osoite;puhelin
130452-308Y;Virtanen-Mäkinen Maija;13.4.1952;Oravapolku 7;040 123 4567
""",
    "no_heading.csv": "130452-308Y,Virtanen-Mäkinen Maija,Oravapolku 7,040 123 4567\n",
    "lines.txt": "Virtanen-Mäkinen, Maija\n130452-308Y\n\nOravapolku 7\n040 123 4567\n",
    "lines": "Virtanen-Mäkinen Maija\n130452-308y\nOravapolku 7\n040 123 4567\n",
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_every_value_counts_whatever_the_form(tmp_path: Path, name: str, encoding: str) -> None:
    path = tmp_path / name
    path.write_bytes(FORMS[name].encode(encoding))
    people = read_people(path)
    assert {"Virtanen-Mäkinen", "Maija", "Oravapolku", "Oravapolku 7", "040 123 4567"} <= set(
        people.words
    )
    assert "130452-308Y" in {word.upper() for word in people.words}
    assert people.birth_dates == ("19520413",)
    assert not {"female", "granted", "family_name", "nimi"} & set(people.words)


@pytest.mark.parametrize(
    "text", ["1952-04-13", "13.4.1952", "13.04.1952", "19520413", "1952/4/13", "13-04-1952"]
)
def test_a_birth_date_in_any_form(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.txt"
    path.write_text(text)
    assert read_people(path).birth_dates == ("19520413",)


def test_nobody_is_shown(tmp_path: Path) -> None:
    assert "irtanen" not in repr(KnownPeople(("Virtanen",), ()))


@pytest.mark.parametrize(("text", "told"), [("", "holds nothing"), ("{", "begins like JSON")])
def test_a_file_of_no_use_is_one_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(InputError, match=told):
        read_people(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_people(tmp_path / "nothing")

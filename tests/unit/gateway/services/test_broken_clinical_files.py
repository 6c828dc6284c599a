"""Files as spreadsheets, editors and other people's exports break them: told, never thrown.

Each of some hundred mutations of a good file must end in an answer: no exception, nothing stored
beside a problem, every problem with a reason and a remedy, and nowhere a word of the file.
"""

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from gateway.contract.records import WORDS, RowKind
from gateway.services.clinical import ImportOptions, ImportResult
from tests.unit.gateway.services.test_clinical_service import MATTI, Centre

SECRET = MATTI
ITEMS = [f"q{n}" for n in range(1, 31)]
GRADES = f"""patient_id,assessed_on,ctcae_version,term,grade
{SECRET},2020-01-01,5.0,Fatigue,1
liisa,2020-01-02,v4.03,Cough,2
liisa,2020-01-02,6.0,Pain,0
"""
CLINICAL = f"""patient_id,recorded_on,birth_date,sex,site,diagnosis_icd10,stage,rt_start
{SECRET},2020-01-01,1960-01-01,F,breast,C50.4,IIA,2020-01-15
liisa,2.1.2020,,M,lung,C34.1,T1N0M0,2020-02-15
"""
PROMS = (
    "patient_id,answered_on,instrument,"
    + ",".join(ITEMS)
    + f"\n{SECRET},2020-01-01,qlq-c30,"
    + ",".join("1" * 30)
    + "\nliisa,2020-01-01,QLQ-C30,"
    + ",".join("2" * 30)
    + "\n"
)
LABORATORY = f"""patient_id,happened_on,loinc,value,unit
{SECRET},2020-01-01,718-7,13.5,g/dL
"""
KAIKU = f"""patient_id;questionnaire;answered_at;question_id;answer
{SECRET};QLQ-C30;2020-01-02T08:00:00;C30_Q01;2
{SECRET};QLQ-C30;2020-01-02T08:00:00;C30_Q02;3
"""
REDCAP = (
    "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,"
    f"""qlqc30_date,qlqc30_q1,ae_date,ae_version,ae_term,ae_grade
{SECRET},e1,qlqc30,1,2020-01-02,3,,,,
{SECRET},e1,ae,1,,,2020-01-03,5.0,Fatigue,2
"""
)
JSON = {
    "patients": [
        {
            "id": SECRET,
            "questionnaires": [
                {
                    "name": "QLQ-C30",
                    "version": "3.0",
                    "answered_at": "2020-01-02",
                    "answers": [{"question_id": "C30_Q01", "answer": 2}],
                }
            ],
            "symptoms": [
                {
                    "symptom": "Fatigue",
                    "ctcae_version": "5.0",
                    "graded_at": "2020-01-03",
                    "grade": 1,
                }
            ],
        }
    ]
}
WHO = {"reference": "Patient/1"}


def coded(code: str, system: str = "http://snomed.info/sct") -> dict[str, Any]:
    return {"coding": [{"code": code, "system": system}]}


FHIR = {
    "resourceType": "Bundle",
    "entry": [
        {"fullUrl": "urn:uuid:1", "resource": one}
        for one in (
            {
                "resourceType": "Patient",
                "id": "1",
                "identifier": [{"use": "official", "value": SECRET}],
                "birthDate": "1960-01-01",
                "gender": "female",
            },
            {
                "resourceType": "Condition",
                "subject": WHO,
                "recordedDate": "2020-01-01",
                "code": coded("C50.4", "http://hl7.org/fhir/sid/icd-10"),
                "bodySite": [
                    {"extension": [{"url": "x", "valueCodeableConcept": coded("7771000")}]}
                ],
            },
            {
                "resourceType": "Procedure",
                "subject": WHO,
                "code": coded("1217123003"),
                "performedPeriod": {"start": "2020-01-15", "end": "2020-02-04"},
                "bodySite": [coded("76752008")],
            },
            {
                "resourceType": "MedicationStatement",
                "subject": WHO,
                "medicationCodeableConcept": coded("L01DB03", "http://www.whocc.no/atc"),
                "effectivePeriod": {"start": "2020-03-01"},
            },
            {
                "resourceType": "Observation",
                "subject": WHO,
                "category": [coded("laboratory", "x")],
                "code": coded("718-7", "http://loinc.org"),
                "effectiveDateTime": "2020-01-10",
                "valueQuantity": {
                    "value": 13.5,
                    "system": "http://unitsofmeasure.org",
                    "code": "g/dL",
                },
            },
            {
                "resourceType": "QuestionnaireResponse",
                "subject": WHO,
                "questionnaire": "http://x.example/Questionnaire/qlq-c30|3.0",
                "authored": "2020-01-02",
                "item": [
                    {"linkId": "g", "item": [{"linkId": "1", "answer": [{"valueInteger": 2}]}]}
                ],
            },
            {
                "resourceType": "AdverseEvent",
                "subject": WHO,
                "date": "2020-03-04",
                "event": {"coding": [{"code": "C1", "display": "Fatigue"}]},
                "extension": [
                    {"url": "adverse-event-grade", "valueCodeableConcept": coded("C41339", "ncit")}
                ],
            },
        )
    ],
}
CELLS = (
    *(
        "1-Jan",
        "44927",
        "01/02/2024",
        "2024-13-01",
        "31.02.2020",
        "1.1.20",
        "2099-01-01",
        "1066-10-14",
    ),
    *(
        "6",
        "-1",
        "3,5",
        "1e3",
        "NaN",
        "#REF!",
        "=1+1",
        '"',
        "'",
        "\x00",
        "ä",
        "\u2028",
        "",
        " ",
        "x" * 5000,
    ),
    *("TRUE", "mg/dl", "5,0", "v3.0", "4", "qlq-c99", SECRET[::-1]),
)
NODES = (
    None,
    "",
    "x",
    -1,
    6,
    1e308,
    True,
    [],
    {},
    [None],
    [[]],
    {"coding": "x"},
    ["y"],
    [{"code": 1}],
)


def spoil_text(text: str, random: Random) -> bytes:
    lines = text.splitlines()
    mark = ";" if ";" in lines[0] else ","
    which = random.randrange(8)
    if which < 3:  # a cell, of the header too
        number = random.randrange(len(lines))
        cells = lines[number].split(mark)
        cells[random.randrange(len(cells))] = random.choice(CELLS)
        lines[number] = mark.join(cells)
    elif which == 3:  # a line lost, doubled or cut
        number = random.randrange(len(lines))
        lines[number:number] = [lines[number][: random.randrange(40)]] * random.randrange(2)
        del lines[random.randrange(len(lines))]
    elif which == 4:  # Excel's own ideas
        lines = [line.replace(mark, random.choice("; \t")) for line in lines]
    out = "\r\n".join(lines) + "\n"
    data = out.encode(random.choice(("utf-8", "utf-8-sig", "utf-16", "latin-1")), "replace")
    if which >= 6:  # bytes
        place = random.randrange(len(data))
        data = (
            data[:place]
            + random.randbytes(random.randrange(3))
            + data[place + random.randrange(9) :]
        )
    return data


def spoil_json(document: Any, random: Random) -> bytes:
    copy = json.loads(json.dumps(document))
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        inside = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in list(inside):
            places.append((node, key))
            if isinstance(value, dict | list):
                walk(value)

    walk(copy)
    node, key = random.choice(places)
    if random.random() < 0.2 and isinstance(node, dict):
        del node[key]
    elif random.random() < 0.2 and isinstance(node, list):
        node.append(node[key])
    else:
        node[key] = random.choice(NODES) if random.random() < 0.7 else random.choice(CELLS)
    data = json.dumps(copy).encode(random.choice(("utf-8", "utf-8-sig", "utf-16")))
    return data[: random.randrange(len(data))] if random.random() < 0.05 else data


def csv(kind: RowKind, text: str) -> tuple[str, RowKind, Callable[[Random], bytes]]:
    return "csv", kind, lambda random: spoil_text(text, random)


SOURCES: dict[str, tuple[str, RowKind, Callable[[Random], bytes]]] = {
    "toxicity": csv(RowKind.TOXICITY, GRADES),
    "clinical": csv(RowKind.CLINICAL, CLINICAL),
    "prom": csv(RowKind.PROM, PROMS),
    "laboratory": csv(RowKind.LABORATORY, LABORATORY),
    "kaiku-csv": ("kaiku", RowKind.PROM, lambda random: spoil_text(KAIKU, random)),
    "redcap": ("redcap", RowKind.PROM, lambda random: spoil_text(REDCAP, random)),
    "kaiku-json": ("kaiku", RowKind.PROM, lambda random: spoil_json(JSON, random)),
    "fhir": ("fhir", RowKind.PROM, lambda random: spoil_json(FHIR, random)),
}


def bring(centre: Centre, form: str, kind: RowKind, data: bytes, partial: bool) -> ImportResult:
    options = ImportOptions(source="x", partial=partial)
    words = {kind: word for word, kind in WORDS.items()}
    word = words[kind] if form == "csv" else form
    return centre.service.import_file(word, data, "operator", options)


@pytest.mark.parametrize("name", SOURCES)
def test_a_good_file_is_good(name: str) -> None:
    """What is broken below is broken by the mutation."""
    texts = {"toxicity": GRADES, "clinical": CLINICAL, "prom": PROMS, "laboratory": LABORATORY}
    texts |= {"kaiku-csv": KAIKU, "redcap": REDCAP, "kaiku-json": json.dumps(JSON)}
    form, kind, _ = SOURCES[name]
    data = texts.get(name, json.dumps(FHIR)).encode()
    result = bring(Centre(), form, kind, data, partial=False)
    assert not result.problems
    assert result.stored


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("name", SOURCES)
def test_a_broken_file_gets_an_answer(name: str, partial: bool) -> None:
    form, kind, spoil = SOURCES[name]
    random = Random(f"{name} {partial}")
    centre, told = Centre(), 0
    for _ in range(ROUNDS):
        data = spoil(random)
        before = centre.service.counts()
        result = bring(centre, form, kind, data, partial)
        text = json.dumps(result.as_json())
        assert SECRET not in text
        assert SECRET[::-1] not in text
        if result.problems:
            told += 1
            assert all(p.reason and p.mend and p.line >= 0 for p in result.problems)
            if not partial:
                assert centre.service.counts() == before, data
        new = centre.service.counts().get("waiting", 0) - before.get("waiting", 0)
        assert new == result.stored, data
    assert told > ROUNDS // 10


ROUNDS = 60

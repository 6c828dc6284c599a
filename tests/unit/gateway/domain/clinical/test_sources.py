"""Three systems' exports of the same answers give the same rows."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import date

import pytest

from gateway.adapters.clinical_codelists import load_code_lists
from gateway.contract.clinical import RowKind
from gateway.domain.clinical import (
    CheckedRow,
    Origin,
    Person,
    Problem,
    RowChecker,
    TableError,
    deidentify,
)
from gateway.domain.clinical.sources import READERS, Section
from gateway.domain.tabular.table import read_table

LISTS = load_code_lists()
PEOPLE = {
    "MATTI-1": Person("P1", "FI1", -70, None),
    "LIISA-2": Person("P2", "FI2", -7, None),
}
FORMS = [
    ("MATTI-1", "2020-01-02", {1: 2, 2: 3, 29: 6, 30: 7}),
    ("LIISA-2", "2020-02-03", {1: 1, 2: 1, 29: 5}),
]
EVENT = ("MATTI-1", "2020-03-04", "5.0", "Dermatitis radiation", 2)


def told(sections: Sequence[Section]) -> set[str]:
    """Return what would travel, without the name of the source."""
    rows = set()
    for section in sections:
        checker = RowChecker(section.kind, section.table.columns, LISTS, date(2026, 1, 1))
        for row in section.table.rows:
            checked = checker.check(row)
            assert isinstance(checked, CheckedRow), checked
            travels = deidentify(checked, PEOPLE[checked.patient_id], b"k", Origin("x"))
            assert not isinstance(travels, Problem)
            rows.add(travels.model_dump_json())
    return rows


def own_files() -> list[Section]:
    head = "patient_id,answered_on,instrument," + ",".join(f"q{n}" for n in range(1, 31))
    lines = [
        f"{who},{on},qlq-c30," + ",".join(str(said.get(n, "")) for n in range(1, 31))
        for who, on, said in FORMS
    ]
    graded = "patient_id,assessed_on,ctcae_version,term,grade\n" + ",".join(map(str, EVENT))
    return [
        Section(RowKind.PROM, read_table("\n".join([head, *lines]).encode())),
        Section(RowKind.TOXICITY, read_table(graded.encode())),
    ]


def kaiku_csv() -> list[Section]:
    lines = ["Patient_ID;Questionnaire;Answered_At;Question_ID;Answer"]
    for who, on, said in FORMS:
        lines += [f"{who};EORTC QLQ-C30;{on}T08:30:00;C30_Q{n:02d};{v}" for n, v in said.items()]
    who, on, version, term, grade = EVENT
    head = "patient_id;symptom;ctcae_version;graded_at;grade"
    grades = f"{head}\n{who};{term};{version};{on};{grade}"
    return [
        *READERS["kaiku"]("\n".join(lines).encode("utf-16"), LISTS),
        *READERS["kaiku"](grades.encode(), LISTS),
    ]


def kaiku_json() -> list[Section]:
    patients = []
    for who, on, said in FORMS:
        answers = [{"question_id": f"QLQ-C30 {n}", "answer": v} for n, v in said.items()]
        form = {"name": "QLQ-C30", "version": "3.0", "answered_at": on, "answers": answers}
        patients.append({"id": who, "questionnaires": [form], "symptoms": []})
    patients[0]["symptoms"] = [
        {"symptom": EVENT[3], "ctcae_version": "5.0", "graded_at": EVENT[1], "grade": 2}
    ]
    return list(READERS["kaiku"](json.dumps({"patients": patients}).encode(), LISTS))


def redcap(repeating: bool) -> list[Section]:
    items = [f"qlqc30_q{n}" for n in range(1, 31)]
    events = ["ae_date", "ae_version", "ae_term", "ae_grade"]
    where = ["redcap_repeat_instrument", "redcap_repeat_instance"] if repeating else []
    head = ["record_id", "redcap_event_name", *where, "qlqc30_date", *items, "qlqc30_complete"]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*head, *events])
    for who, on, said in FORMS:
        place = ["qlqc30", 1] if repeating else []
        answers = [said.get(n, "") for n in range(1, 31)]
        also = [EVENT[1], EVENT[2], EVENT[3], EVENT[4]]
        same_row = not repeating and who == EVENT[0]
        writer.writerow([who, "e1", *place, on, *answers, 2, *(also if same_row else [""] * 4)])
    if repeating:
        writer.writerow([EVENT[0], "e1", "ae", 1, "", *[""] * 30, "", *EVENT[1:]])
    return list(READERS["redcap"](out.getvalue().encode(), LISTS))


def fhir() -> list[Section]:
    entries: list[dict[str, object]] = []
    for number, (who, on, said) in enumerate(FORMS):
        identifier = [{"value": "other"}, {"use": "official", "value": who}]
        entries.append(
            {
                "fullUrl": f"urn:uuid:{number}",
                "resource": {
                    "resourceType": "Patient",
                    "id": str(number),
                    "identifier": identifier,
                },
            }
        )
        items = [{"linkId": f"{n}", "answer": [{"valueInteger": v}]} for n, v in said.items()]
        entries.append(
            {
                "resource": {
                    "resourceType": "QuestionnaireResponse",
                    "questionnaire": "http://example.org/Questionnaire/eortc-qlq-c30|3.0",
                    "subject": {"reference": f"urn:uuid:{number}"},
                    "authored": f"{on}T10:00:00+02:00",
                    "item": [{"linkId": "group", "item": items}],
                }
            }
        )
    grade = {
        "url": "http://hl7.org/fhir/us/codex-radiation-therapy/adverse-event-grade",
        "valueCodeableConcept": {"coding": [{"code": "C41339"}]},
    }
    event = {
        "resourceType": "AdverseEvent",
        "subject": {"reference": "Patient/0"},
        "date": EVENT[1],
        "event": {"coding": [{"code": "C57391", "display": EVENT[3]}]},
        "extension": [grade],
    }
    entries.append({"resource": event})
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return list(READERS["fhir"](json.dumps(bundle).encode(), LISTS))


@pytest.mark.parametrize(
    "sections",
    [kaiku_csv(), kaiku_json(), redcap(False), redcap(True), fhir()],
    ids=["kaiku-csv", "kaiku-json", "redcap-flat", "redcap-repeating", "fhir"],
)
def test_every_source_says_the_same(sections: list[Section]) -> None:
    wanted = told(own_files())
    assert len(wanted) == 3
    assert told(sections) == wanted


def test_a_bundle_gives_the_clinical_row() -> None:
    def about(kind: str, **said: object) -> dict[str, object]:
        return {"resource": {"resourceType": kind, "subject": {"reference": "Patient/0"}, **said}}

    def coded(*codes: str, system: str = "") -> dict[str, object]:
        return {"coding": [{"code": code, "system": system} for code in codes]}

    patient = {
        "resourceType": "Patient",
        "id": "0",
        "identifier": [{"value": "MATTI-1"}],
        "birthDate": "1960-01-01",
        "gender": "female",
    }
    side = {"extension": [{"url": "x", "valueCodeableConcept": coded("7771000")}]}
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": patient},
            about(
                "Condition",
                recordedDate="2020-01-01",
                code=coded("C50.4", system="http://hl7.org/fhir/sid/icd-10"),
                bodySite=[side],
            ),
            about(
                "Procedure",
                code=coded("1217123003"),
                performedPeriod={"start": "2020-02-01", "end": "2020-02-20"},
            ),
            about("MedicationStatement", medicationCodeableConcept=coded("L01DB03")),
            about("Observation", code=coded("89247-1"), valueInteger=1),
            about(
                "Observation",
                code=coded("72166-2"),
                valueCodeableConcept=coded("8517006"),
            ),
        ],
    }
    section, *others = READERS["fhir"](json.dumps(bundle).encode(), LISTS)
    assert [other.kind for other in others] == [RowKind.RT_COURSE]
    cells = section.table.rows[0].cells
    assert section.kind is RowKind.CLINICAL
    assert (cells["patient_id"], cells["recorded_on"]) == ("MATTI-1", "2020-01-01")
    assert (cells["diagnosis_icd10"], cells["laterality"], cells["sex"]) == ("C50.4", "L", "female")
    assert (cells["rt_start"], cells["rt_end"]) == ("2020-02-01", "2020-02-20")
    assert (cells["chemotherapy"], cells["performance_status"]) == ("yes", "1")
    assert cells["smoking"] == "former"


@pytest.mark.parametrize(
    ("form", "data", "words"),
    [
        ("fhir", b"{", "not JSON"),
        ("fhir", b'{"resourceType": "Patient"}', "no FHIR bundle"),
        ("kaiku", b"a;b\n1;2\n", "long form"),
        ("kaiku", b'{"x": 1}', "no list of patients"),
        ("kaiku", b"[" * 100_000, "nested too deeply"),
        ("fhir", b'{"a": ' + b"1" * 5000 + b"}", "far too long"),
        ("fhir", b'{"a": "MATTI\x81"}', "no character"),
        ("kaiku", b'[{"id": "MATTI\\ud800"}]', "no Unicode"),
        ("redcap", b"a,b\n1,2\n", "record_id"),
    ],
)
def test_what_cannot_be_read_is_told_without_quoting_it(form: str, data: bytes, words: str) -> None:
    with pytest.raises(TableError, match=words) as caught:
        READERS[form](data, LISTS)
    assert "MATTI" not in str(caught.value)


def test_one_resource_that_cannot_be_read_is_a_problem_of_its_entry() -> None:
    patient = {"resourceType": "Patient", "id": "MATTI-1", "identifier": [{"value": "MATTI-1"}]}
    sick: dict[str, object] = {"resourceType": "Condition", "recordedDate": "2020-01-01"}
    resources: list[dict[str, object]] = [
        patient,
        sick | {"subject": {"reference": "Patient/MATTI-1"}},
        sick | {"subject": {"reference": "Patient/LIISA-2"}},
        sick | {"subject": "Patient/MATTI-1"},
        {"resourceType": "Observation", "code": ["89247-1"]},
    ]
    bundle = {"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}
    (section,) = READERS["fhir"](json.dumps(bundle).encode(), LISTS)
    assert [row.line for row in section.table.rows] == [2]
    assert [(p.line, p.reason) for p in section.problems] == [
        (3, "the Condition speaks of a patient who is not in the bundle"),
        (4, "the Condition has not the shape that FHIR R4 gives it"),
        (5, "the Observation has not the shape that FHIR R4 gives it"),
    ]


@pytest.mark.parametrize(
    ("entry", "more", "line"),
    [
        (None, {}, 3),
        ({"resource": {"id": "x"}}, {}, 3),
        ({"resource": {"resourceType": "Patient", "id": "\ud800"}}, {}, 3),
        ({"resource": {"resourceType": "Basic"}}, {"link": [{"relation": "next"}]}, 0),
    ],
)
def test_of_half_a_bundle_no_row_is_read(entry: object, more: dict[str, object], line: int) -> None:
    patient = {"resourceType": "Patient", "id": "1", "identifier": [{"value": "MATTI-1"}]}
    subject = {"reference": "Patient/1"}
    sick = {"resourceType": "Condition", "recordedDate": "2020-01-01", "subject": subject}
    entries = [{"resource": patient}, {"resource": sick}, entry]
    bundle = {"resourceType": "Bundle", "entry": entries, **more}
    (section,) = READERS["fhir"](json.dumps(bundle).encode(), LISTS)
    assert section.table.rows == ()
    assert [problem.line for problem in section.problems] == [line]


def test_a_questionnaire_that_contradicts_itself_is_a_problem_of_its_line() -> None:
    head = "patient_id;questionnaire;answered_at;question_id;answer\n"
    line = "MATTI-1;QLQ-C30;2020-01-02;C30_Q0"
    data = head + f"{line}1;2\n{line}1;3\nLIISA-2;QLQ-C30;2020-01-02;C30_Q02;1\n"
    (section,) = READERS["kaiku"](data.encode(), LISTS)
    assert [row.line for row in section.table.rows] == [4]
    assert [(p.line, p.column) for p in section.problems] == [(2, "q1")]


def test_a_bundle_gives_operations_courses_drugs_results_and_death() -> None:
    def coded(code: str, system: str) -> dict[str, object]:
        return {"coding": [{"code": code, "system": system}]}

    who = {"reference": "urn:uuid:1"}
    mcode = "http://hl7.org/fhir/us/mcode/StructureDefinition/"
    resources: list[dict[str, object]] = [
        {
            "resourceType": "Patient",
            "id": "1",
            "identifier": [{"value": "P-1"}],
            "deceasedDateTime": "2021-06-01",
        },
        {
            "resourceType": "Procedure",
            "subject": who,
            "code": coded("1217123003", "http://snomed.info/sct"),
            "performedPeriod": {"start": "2020-01-15", "end": "2020-02-04"},
            "bodySite": [coded("76752008", "http://snomed.info/sct")],
            "extension": [
                {"url": f"{mcode}mcode-radiotherapy-sessions", "valueUnsignedInt": 15},
                {
                    "url": f"{mcode}mcode-procedure-intent",
                    "valueCodeableConcept": coded("373808002", "http://snomed.info/sct"),
                },
            ],
        },
        {
            "resourceType": "Procedure",
            "subject": who,
            "status": "completed",
            "code": coded("HAB00", "urn:oid:1.2.246.537.6.2.ncsp"),
            "performedDateTime": "2019-12-01",
        },
        {
            "resourceType": "MedicationStatement",
            "subject": who,
            "medicationCodeableConcept": coded("L02BG03", "http://www.whocc.no/atc"),
            "effectivePeriod": {"start": "2020-03-01", "end": "2020-09-01"},
        },
        {
            "resourceType": "Observation",
            "subject": who,
            "category": [coded("laboratory", "x")],
            "code": coded("718-7", "http://loinc.org"),
            "effectiveDateTime": "2020-01-10",
            "valueQuantity": {"value": 13.5, "system": "http://unitsofmeasure.org", "code": "g/dL"},
        },
    ]
    entry = [{"fullUrl": f"urn:uuid:{n}", "resource": r} for n, r in enumerate(resources, start=1)]
    bundle = json.dumps({"resourceType": "Bundle", "entry": entry}).encode()
    sections = READERS["fhir"](bundle, LISTS)
    assert {section.kind for section in sections} == {
        RowKind.RT_COURSE,
        RowKind.SURGERY,
        RowKind.SYSTEMIC_THERAPY,
        RowKind.LABORATORY,
        RowKind.VITAL_STATUS,
    }
    for section in sections:
        checker = RowChecker(section.kind, section.table.columns, LISTS, date(2026, 1, 1))
        (checked,) = [checker.check(row) for row in section.table.rows]
        assert isinstance(checked, CheckedRow), checked
        if section.kind is RowKind.RT_COURSE:
            assert (checked.values["fractions"], checked.values["intent"]) == (15, "curative")

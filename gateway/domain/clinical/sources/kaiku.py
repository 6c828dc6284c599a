"""Exports of a patient app in the manner of Kaiku Health: answers in long form, or JSON.

CSV, one line per answer (names as the export writes them, in any case):
`patient_id;questionnaire;questionnaire_version;answered_at;question_id;answer`, and for graded
symptoms `patient_id;symptom;ctcae_version;graded_at;grade`.

JSON: `{"patients": [{"id", "questionnaires": [{"name", "version", "answered_at",
"answers": [{"question_id", "answer"}]}], "symptoms": [{"symptom", "ctcae_version", "graded_at",
"grade", "attribution"}]}]}`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.contract.clinical import RowKind
from gateway.domain.clinical.codelists import CodeLists
from gateway.domain.clinical.sources.itemcodes import item_code
from gateway.domain.clinical.sources.section import Section, read_json, section
from gateway.domain.tabular.problems import Problem, TableError
from gateway.domain.tabular.table import SourceTable, read_table
from gateway.domain.tabular.text import is_text

Record = tuple[int, dict[str, object]]
Found = tuple[list[Record], list[Record]]  # questionnaires, symptoms
TWICE = "a questionnaire answers one question twice, and not alike"


def read_kaiku(data: bytes, lists: CodeLists) -> Sequence[Section]:
    """Return the sections of a CSV or JSON export.

    Raises
    ------
    TableError
        If it is neither, or has none of the columns above.
    """
    if data.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in {b"{", b"["}:
        return _sections(_from_json(read_json(data), lists))
    return _sections(_from_csv(read_table(data), lists))


def _sections(found: Found) -> Sequence[Section]:
    """Return the sections; a questionnaire that contradicts itself is a problem and no row."""
    good = [(line, form) for line, form in found[0] if TWICE not in form]
    bad = [
        Problem(line, str(form[TWICE]), TWICE, "keep the right answer")
        for line, form in found[0]
        if TWICE in form
    ]
    both = (section(RowKind.PROM, good, bad), section(RowKind.TOXICITY, found[1]))
    return [one for one in both if one is not None]


def _from_csv(table: SourceTable, lists: CodeLists) -> Found:
    columns = set(table.columns)
    if {"patient_id", "symptom", "grade"} <= columns:
        return [], [(row.line, _symptom(row.cells["patient_id"], row.cells)) for row in table.rows]
    if not {"patient_id", "questionnaire", "answered_at", "question_id", "answer"} <= columns:
        raise TableError(
            "this is no export of answers in long form",
            "it needs patient_id, questionnaire, answered_at, question_id and answer",
        )
    forms: dict[tuple[str, str, str], Record] = {}
    for row in table.rows:
        cells = row.cells
        name, on = cells["questionnaire"], cells["answered_at"]
        key = (cells["patient_id"], name, on)
        if key not in forms:
            version = cells.get("questionnaire_version", "")
            forms[key] = (row.line, _form(cells["patient_id"], name, version, on, lists))
        _answer(forms[key][1], cells["question_id"], cells["answer"])
    return list(forms.values()), []


def _from_json(raw: Any, lists: CodeLists) -> Found:
    patients = raw.get("patients") if isinstance(raw, dict) else raw
    if not isinstance(patients, list):
        raise TableError("the JSON holds no list of patients", "export the file again")
    if not is_text(patients):
        raise TableError("the JSON holds text that is no Unicode", "export the file again")
    forms: list[Record] = []
    grades: list[Record] = []
    for number, patient in enumerate(_objects(patients), start=1):
        name = patient.get("id", "")
        for form in _objects(patient.get("questionnaires")):
            record = _form(
                name, form.get("name", ""), form.get("version"), form.get("answered_at"), lists
            )
            for answer in _objects(form.get("answers")):
                _answer(record, str(answer.get("question_id", "")), answer.get("answer"))
            forms.append((number, record))
        grades += [(number, _symptom(name, s)) for s in _objects(patient.get("symptoms"))]
    return forms, grades


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


def _form(
    patient: object, name: object, version: object, on: object, lists: CodeLists
) -> dict[str, object]:
    return {
        "patient_id": patient,
        "answered_on": on,
        "instrument": lists.instrument(str(name)) or name,
        "instrument_version": version,
    }


def _answer(record: dict[str, object], question: str, answer: object) -> None:
    code = item_code(question)
    if code in record and record[code] != answer:
        record[TWICE] = code
    record[code] = answer


def _symptom(patient: object, said: Mapping[str, Any]) -> dict[str, object]:
    return {
        "patient_id": patient,
        "assessed_on": said.get("graded_at"),
        "ctcae_version": said.get("ctcae_version"),
        "term": said.get("symptom"),
        "grade": said.get("grade"),
        "attribution": said.get("attribution"),
    }

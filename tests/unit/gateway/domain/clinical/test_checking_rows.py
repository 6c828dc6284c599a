"""Rows that mean something, rows that do not, and what leaves of them."""

from dataclasses import replace
from datetime import date

import pytest

from gateway.adapters.clinical_codelists import load_code_lists
from gateway.contract.clinical import ClinicalRow, PromRow, RowKind, ToxicityRow
from gateway.contract.records import WORDS
from gateway.domain.clinical import (
    CheckedRow,
    Origin,
    Person,
    Problem,
    RowChecker,
    TableError,
    deidentify,
    read_table,
)
from gateway.domain.clinical.deidentifying import FREE, OUR_SOURCES
from gateway.domain.clinical.sources import READERS
from gateway.domain.deid import name_words

LISTS = load_code_lists()
TODAY = date(2026, 1, 1)
PERSON = Person("P1", "FI1", -70, date(1960, 5, 5))
KEY = b"k" * 32
ORIGIN = Origin("csv")


def check(kind: RowKind, text: str) -> CheckedRow | list[Problem]:
    table = read_table(text.encode())
    return RowChecker(kind, table.columns, LISTS, TODAY).check(table.rows[0])


def reasons(kind: RowKind, text: str) -> list[tuple[str, str]]:
    found = check(kind, text)
    assert isinstance(found, list)
    return [(problem.column, problem.reason) for problem in found]


def travels(kind: RowKind, text: str) -> ClinicalRow | ToxicityRow | PromRow | Problem:
    row = check(kind, text)
    assert isinstance(row, CheckedRow), row
    return deidentify(row, PERSON, KEY, ORIGIN)


def test_a_clinical_row_leaves_without_identifiers_and_with_shifted_days() -> None:
    row = travels(
        RowKind.CLINICAL,
        "patient_id;recorded_on;diagnosis_icd10;laterality;site;stage;sex;birth_date;smoking;"
        "performance_status;chemotherapy;rt_start\n"
        "MATTI-1;1.3.2020;c50.4;vasen;rinta;IIa;nainen;1960-05-05;never;1;ei;15.3.2020\n",
    )
    assert isinstance(row, ClinicalRow)
    assert (row.recorded_on, row.rt_start) == (date(2019, 12, 22), date(2020, 1, 5))
    assert (row.site, row.laterality, row.stage, row.sex) == ("breast", "L", "IIA", "F")
    assert (row.age_years, row.chemotherapy, row.diagnosis_icd10) == (59, False, "C50.4")
    text = row.model_dump_json()
    assert "MATTI" not in text
    assert "1960" not in text


def test_the_oldest_are_ninety_and_minors_stay_at_home() -> None:
    head = "patient_id,recorded_on,birth_date\n"
    old = travels(RowKind.CLINICAL, head + "1,2020-01-01,1915-01-01\n")
    assert isinstance(old, ClinicalRow)
    assert old.age_years == 90
    young = travels(RowKind.CLINICAL, head + "1,2020-01-01,2002-01-02\n")
    assert isinstance(young, Problem)
    assert "under 18" in young.reason


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        ("1,2020-01-01,5.0,Fatigue,,4,", "grade", "no grade 4 in CTCAE v5.0; it has 1, 2, 3"),
        ("1,2020-01-01,5.0,Fatigue,,6,", "grade", "6 lies outside 0 to 5"),
        ("1,2020-01-01,5.0,Fatige,,1,", "term", "no such term"),
        ("1,2020-01-01,3.0,Fatigue,,1,", "ctcae_version", "no such CTCAE version"),
        ("1,2020-01-01,5.0,Fatigue,10033371,1,", "meddra_code", "10016256"),
        ("1,2027-01-01,5.0,Fatigue,,1,", "assessed_on", "future"),
        (",2020-01-01,5.0,Fatigue,,1,", "patient_id", "empty"),
        ("1,2020-01-01,5.0,Fatigue,,,", "grade", "empty"),
        ("1,2020-01-01,5.0,Fatigue,,1,surely", "attribution", "not in the code list"),
    ],
)
def test_an_impossible_grade_is_told_by_line_and_column(line: str, column: str, words: str) -> None:
    head = "patient_id,assessed_on,ctcae_version,term,meddra_code,grade,attribution\n"
    ((where, reason),) = reasons(RowKind.TOXICITY, head + line + "\n")
    assert where == column
    assert words in reason


def test_the_version_and_the_code_are_filled_in_from_the_list() -> None:
    head = "patient_id,assessed_on,ctcae_version,term,grade\n"
    row = travels(RowKind.TOXICITY, head + "1,2020-01-01,CTCAE v4,dermatitis radiation,2\n")
    assert isinstance(row, ToxicityRow)
    assert (row.ctcae_version, row.term, row.meddra_code) == (
        "4.03",
        "Dermatitis radiation",
        10061103,
    )


def test_answers_come_in_the_questionnaire_s_order_whatever_the_columns() -> None:
    forward = travels(
        RowKind.PROM, "patient_id,answered_on,instrument,q1,q02\n1,2020-01-01,QLQ-C30,1,\n"
    )
    backward = travels(
        RowKind.PROM, "Q2,Q1,instrument,answered_on,patient_id\nNA,1,EORTC QLQ C30,2020-01-01,1\n"
    )
    assert isinstance(forward, PromRow)
    assert isinstance(backward, PromRow)
    assert forward == backward
    assert (forward.instrument, forward.instrument_version) == ("qlq-c30", "3.0")
    assert list(forward.answers)[:3] == ["q1", "q2", "q3"]
    assert forward.answers["q1"] == 1
    assert forward.answers["q30"] is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("patient_id,answered_on,instrument,q1,q31\n1,2020-01-01,qlq-c30,1,2\n", "no items q31"),
        ("patient_id,answered_on,instrument,q1\n1,2020-01-01,qlq-c30,5\n", "5 is not an answer"),
        ("patient_id,answered_on,instrument,q1\n1,2020-01-01,qlq-c30,\n", "no item is answered"),
        ("patient_id,answered_on,instrument,q1\n1,2020-01-01,qlq-x1,1\n", "no such instrument"),
    ],
)
def test_answers_that_cannot_be(text: str, words: str) -> None:
    assert any(words in reason for _, reason in reasons(RowKind.PROM, text))


def test_a_row_before_birth_is_refused_even_if_only_the_vault_knows_the_birth_date() -> None:
    head = "patient_id,assessed_on,ctcae_version,term,grade\n"
    row = travels(RowKind.TOXICITY, head + "1,1959-01-01,5.0,Fatigue,2\n")
    assert isinstance(row, Problem)
    assert "before the birth date" in row.reason


def test_the_same_row_has_the_same_key_and_nobody_can_guess_it() -> None:
    head = "patient_id,assessed_on,ctcae_version,term,grade\n"
    first = check(RowKind.TOXICITY, head + "1,2020-01-01,5.0,Fatigue,2\n")
    corrected = check(RowKind.TOXICITY, head + "1,2020-01-01,5.0,FATIGUE,1\n")
    assert isinstance(first, CheckedRow)
    assert isinstance(corrected, CheckedRow)
    one, two = (deidentify(row, PERSON, KEY, ORIGIN) for row in (first, corrected))
    other = deidentify(first, PERSON, b"x" * 32, ORIGIN)
    assert isinstance(one, ToxicityRow)
    assert isinstance(two, ToxicityRow)
    assert isinstance(other, ToxicityRow)
    assert one.row_key == two.row_key != other.row_key
    assert one.digest() != two.digest()


def test_free_text_columns_are_dropped_and_named() -> None:
    columns = ("patient_id", "answered_on", "instrument", "q1", "comment")
    assert RowChecker(RowKind.PROM, columns, LISTS, TODAY).dropped == ("comment",)
    with pytest.raises(TableError, match="answered_on"):
        RowChecker(RowKind.PROM, ("patient_id",), LISTS, TODAY)


def test_a_form_that_was_not_answered_says_why() -> None:
    head = "patient_id,answered_on,instrument,q29,not_answered\n"
    row = travels(RowKind.PROM, head + "P,2020-01-02,qlq-c30,,too-ill\n")
    assert isinstance(row, PromRow)
    assert row.not_answered == "too-ill"
    assert set(row.answers.values()) == {None}
    both = reasons(RowKind.PROM, head + "P,2020-01-02,qlq-c30,3,too-ill\n")
    assert both == [("not_answered", "it is answered, and says why it is not")]
    neither = reasons(RowKind.PROM, head + "P,2020-01-02,qlq-c30,,\n")
    assert neither == [("instrument", "no item is answered")]


def test_tnm_needs_its_edition() -> None:
    head = "patient_id,happened_on,icd10,t,n\n"
    found = reasons(RowKind.DIAGNOSIS, head + "P,2020-01-02,C50.4,1c,0\n")
    assert found == [("tnm_edition", "TNM is given without its edition")]


VIRTANEN = replace(PERSON, words=name_words("Virtanen-Mäki", "Li", "130452-308Y"))
SAMPLE = "patient_id,happened_on,material,biobank\nMATTI-1,2020-03-01,blood,{}\n"


@pytest.mark.parametrize(
    ("biobank", "source", "column"),
    [
        ("Virtanen", "ois", "biobank"),
        ("BB VIRTANEN M", "ois", "biobank"),
        ("MAKI-1", "ois", "biobank"),
        ("BB-LI", "ois", "biobank"),
        ("A130452-308Y", "ois", "biobank"),
        ("B010101-123A", "ois", "biobank"),  # somebody else's
        ("BB-1", "of-virtanen", "source"),
        ("AURIA", "ois", None),
        ("LIISA-BB", "ois", None),  # Li is no word of it
        ("BB-1", "redcap", None),
    ],
)
def test_a_code_that_may_name_the_patient_does_not_leave(
    biobank: str, source: str, column: str | None
) -> None:
    row = check(RowKind.SAMPLE, SAMPLE.format(biobank))
    assert isinstance(row, CheckedRow), row
    left = deidentify(row, VIRTANEN, KEY, Origin(source))
    assert (left.column if isinstance(left, Problem) else None) == column
    if isinstance(left, Problem):
        assert left.line == 2
        assert biobank not in str(left)


def test_only_codes_of_an_open_form_are_searched_and_our_own_sources_are_not() -> None:
    """Patients are called Lung, Kaiku and C50, and their rows leave all the same."""
    assert {name for names in FREE.values() for name in names} == {"biobank"}
    row = check(RowKind.SAMPLE, SAMPLE.format("BB-1"))
    assert isinstance(row, CheckedRow)
    person = replace(PERSON, words=name_words("Kaiku", "Blood"))
    assert not isinstance(deidentify(row, person, KEY, Origin("kaiku")), Problem)
    assert {"csv", "console", "demo", *WORDS, *READERS} == OUR_SOURCES

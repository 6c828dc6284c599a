"""Guessing which column is which: by name in three languages, and by what is in it."""

import pytest

from gateway.contract.clinical import RowKind
from gateway.domain.clinical import TableError, read_table
from gateway.domain.clinical.mapping import ColumnMapping, guess

FINNISH = (
    "Potilasnumero;Kirjauspäivä;Syntymäaika;Sukupuoli;Diagnoosi;Puoli;Hoitokohde;ECOG;Huomautus\n"
    "77;1.2.2020;3.4.1960;nainen;C50.4;vasen;rinta;1;soitti\n"
)
GRADED = "mrn,visit,ctcae_term,aste,comment\n1,2020-01-01,Fatigue,2,x\n"
ANSWERED = "subject,completed,form,QLQ_01,QLQ_02,QLQ_03\n1,2020-01-01,qlq-c30,1,2,3\n"


def best(text: str) -> ColumnMapping:
    return guess(read_table(text.encode()))[0]


def test_a_finnish_registry_file_is_recognised() -> None:
    mapping = best(FINNISH)
    assert mapping.kind is RowKind.CLINICAL
    assert mapping.columns == {
        "patient_id": "potilasnumero",
        "recorded_on": "kirjauspäivä",
        "birth_date": "syntymäaika",
        "diagnosis_icd10": "diagnoosi",
        "laterality": "puoli",
        "site": "hoitokohde",
        "sex": "sukupuoli",
        "performance_status": "ecog",
    }
    assert not mapping.missing


def test_what_is_missing_is_named_and_a_constant_fills_it() -> None:
    mapping = best(GRADED)
    assert mapping.kind is RowKind.TOXICITY
    assert mapping.missing == ("ctcae_version",)
    whole = ColumnMapping(mapping.kind, mapping.columns, {"ctcae_version": "5.0"})
    table = whole.apply(read_table(GRADED.encode()))
    assert dict(table.rows[0].cells) == {
        "patient_id": "1",
        "assessed_on": "2020-01-01",
        "term": "Fatigue",
        "grade": "2",
        "ctcae_version": "5.0",
    }


def test_items_keep_their_numbers() -> None:
    mapping = best(ANSWERED)
    assert mapping.kind is RowKind.PROM
    assert [mapping.columns[f"q{n}"] for n in (1, 2, 3)] == ["qlq_01", "qlq_02", "qlq_03"]


def test_a_column_whose_contents_do_not_fit_is_not_taken() -> None:
    mapping = best("patient_id,recorded_on,sex\n1,2020-01-01,tall\n")
    assert "sex" not in mapping.columns


def test_a_mapping_of_another_file_is_refused() -> None:
    mapping = ColumnMapping(RowKind.TOXICITY, {"term": "oire"})
    with pytest.raises(TableError, match="oire"):
        mapping.apply(read_table(GRADED.encode()))

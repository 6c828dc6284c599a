"""One model, said once: importers, tables, exports and the dictionary may not drift apart."""

import csv
import io
import json
import re
from pathlib import Path

import jsonschema
import pytest

from gateway.contract.clinical import ClinicalRow, PromRow, RowKind, ToxicityRow
from gateway.contract.facts import CONDITIONS, FACTS
from gateway.contract.records import SourceRecord
from gateway.domain.clinical.columns import COLUMNS
from harmonizer.adapters.tables.clinical import (
    ClinicalRecordTable,
    PromRecordTable,
    SourceRecordColumns,
    ToxicityRecordTable,
)
from harmonizer.data.instruments import load_instruments
from harmonizer.data.schedules import load_schedule
from harmonizer.domain.clinical.facts import CHARLSON
from harmonizer.domain.clinical.tables import CLINICAL, LONG, LONG_KINDS, Layout
from kasari.clinical.dictionary import files

FOLDER = Path(__file__).parents[2] / "docs" / "dictionary"
MODELS = {
    RowKind.CLINICAL: (ClinicalRow, ClinicalRecordTable),
    RowKind.TOXICITY: (ToxicityRow, ToxicityRecordTable),
    RowKind.PROM: (PromRow, PromRecordTable),
}
PROVENANCE = set(SourceRecord.model_fields)
AT_THE_CENTRE = {"patient_id", "birth_date"}  # become national_id and age_years
DERIVED = {"scores", "scoring_version"}


@pytest.mark.parametrize("name", files())
def test_the_dictionary_is_up_to_date(name: str) -> None:
    written = (FOLDER / name).read_text("utf-8")
    assert written == files()[name], "run `kasari clinical dictionary`"


def test_every_kind_of_row_has_a_model() -> None:
    assert set(MODELS) | set(FACTS) == set(RowKind)
    assert not set(MODELS) & set(FACTS)


def test_every_condition_has_its_weight() -> None:
    assert set(CONDITIONS) == set(CHARLSON)


@pytest.mark.parametrize("kind", MODELS)
def test_the_archive_keeps_every_variable(kind: RowKind) -> None:
    model, table = MODELS[kind]
    extra = set(SourceRecordColumns.model_fields) - PROVENANCE | DERIVED
    assert set(model.model_fields) == set(table.model_fields) - extra


def test_the_tables_give_every_clinical_variable() -> None:
    days = {"recorded_on", "rt_start", "rt_end"}  # day 0 of everything else
    assert set(CLINICAL) == set(ClinicalRow.model_fields) - PROVENANCE - days


@pytest.mark.parametrize("kind", RowKind)
def test_the_centre_reads_every_variable(kind: RowKind) -> None:
    model = FACTS[kind] if kind in FACTS else MODELS[kind][0]
    columns = {column.name for column in COLUMNS[kind]} - AT_THE_CENTRE
    made_at_the_centre = PROVENANCE | {"age_years", "answers", "kind"}
    assert columns == set(model.model_fields) - made_at_the_centre


def test_every_column_of_the_joined_tables_is_in_the_dictionary() -> None:
    """The wide table's columns by name, those that depend on the archive by their pattern."""
    rows = list(csv.DictReader(io.StringIO(files()["dictionary.csv"])))
    told = {(row["table"], row["variable"]): row["type"] for row in rows}
    assert [v for t, v in told if t == "long"] == list(LONG)
    assert {name: told["long", name] for name in LONG_KINDS} == {
        name: {int: "integer", float: "number"}[kind] for name, kind in LONG_KINDS.items()
    }
    layout = Layout([("Fatigue", "5.0")], [("qlq-c30", "QL2")], ["Heart Mean[Gy]"], load_schedule())
    kinds = layout.kinds
    for column in layout.columns:
        known = re.sub(r"^ctcae-5\.0\.Fatigue", "ctcae-{version}.{term}", column)
        known = re.sub(r"^qlq-c30\.[\w-]+", "{instrument}.{timepoint}", known)
        known = known.replace(".QL2", ".{score}").replace("Heart Mean[Gy]", "{structure} {metric}")
        wanted = {int: "integer", float: "number"}.get(kinds.get(column, str), "string")
        assert told["wide", known] == wanted, column


def test_every_score_of_every_instrument_is_in_the_dictionary() -> None:
    rows = list(csv.DictReader(io.StringIO(files()["dictionary.csv"])))
    told = {row["variable"]: row["description"] for row in rows if row["table"] == "score"}
    wanted = [f"{i.id}.{code}" for i in load_instruments().values() for code in i.codes]
    assert list(told) == wanted
    assert told["qlq-c30.FA"] == (
        "EORTC QLQ-C30, fatigue: more is more of what the items ask about; of q10 q12 q18, "
        "at least 2 answered"
    )


def test_every_variable_says_what_it_means() -> None:
    rows = list(csv.DictReader(io.StringIO(files()["dictionary.csv"])))
    assert len(rows) > 25
    assert all(row["description"] and row["type"] for row in rows)


def test_the_schema_takes_what_the_model_takes() -> None:
    schema = json.loads(files()["dictionary.schema.json"])
    row = {
        "national_id": "FI1",
        "row_key": "k",
        "source": "csv",
        "assessed_on": "2020-01-01",
        "ctcae_version": "5.0",
        "term": "Fatigue",
        "grade": 2,
    }
    jsonschema.validate(row, schema["$defs"]["toxicity"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(row | {"grade": 6}, schema["$defs"]["toxicity"])

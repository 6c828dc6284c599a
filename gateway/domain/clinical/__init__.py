"""Clinical, toxicity and PROM rows at the centre: read, check, de-identify."""

from gateway.domain.clinical.checking import CheckedRow, RowChecker
from gateway.domain.clinical.codelists import CodedTerm, CodeLists, Questionnaire, instrument_meant
from gateway.domain.clinical.deidentifying import (
    Origin,
    Person,
    TravellingRow,
    batch_name,
    deidentify,
)
from gateway.domain.clinical.storing import Addition, Arrival, Forgotten, RowState, Stored
from gateway.domain.tabular.problems import CellError, Problem, TableError
from gateway.domain.tabular.table import SourceRow, SourceTable, read_table

__all__ = [
    "Addition",
    "Arrival",
    "CellError",
    "CheckedRow",
    "CodeLists",
    "CodedTerm",
    "Forgotten",
    "Origin",
    "Person",
    "Problem",
    "Questionnaire",
    "RowChecker",
    "RowState",
    "SourceRow",
    "SourceTable",
    "Stored",
    "TableError",
    "TravellingRow",
    "batch_name",
    "deidentify",
    "instrument_meant",
    "read_table",
]

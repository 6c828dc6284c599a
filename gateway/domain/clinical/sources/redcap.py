"""REDCap exports (raw values, CSV): longitudinal flat files and repeating instruments.

One record and event (or one repeat) is a row; forms that were not filled in leave their fields
empty. What is read: `<form>_q<N>` fields of an instrument with `<form>_date` or
`<form>_timestamp`; `ae_term`, `ae_grade`, `ae_date`, `ae_version`, `ae_attribution`; and the
columns of our own clinical file. The patient is `patient_id`, or else `record_id`.
"""

from collections.abc import Iterator, Mapping, Sequence

from gateway.contract.clinical import RowKind
from gateway.domain.clinical.codelists import CodeLists
from gateway.domain.clinical.columns import COLUMNS
from gateway.domain.clinical.sources.itemcodes import split_field
from gateway.domain.clinical.sources.section import Section, section
from gateway.domain.tabular.problems import TableError
from gateway.domain.tabular.table import SourceRow, read_table

EVENT_FIELDS = {
    "ae_date": "assessed_on",
    "ae_version": "ctcae_version",
    "ae_term": "term",
    "ae_code": "meddra_code",
    "ae_grade": "grade",
    "ae_attribution": "attribution",
}
_NO_ANSWER = frozenset({"date", "timestamp", "complete", "version"})


def read_redcap(data: bytes, lists: CodeLists) -> Sequence[Section]:
    """Return the sections of an export.

    Raises
    ------
    TableError
        If there is neither `patient_id` nor `record_id`.
    """
    table = read_table(data)
    patient = next((n for n in ("patient_id", "record_id") if n in table.columns), None)
    if patient is None:
        raise TableError("there is no record_id", "export the record id with the data")
    forms = _forms(table.columns, lists)
    proms: list[tuple[int, Mapping[str, object]]] = []
    events: list[tuple[int, Mapping[str, object]]] = []
    records: list[tuple[int, Mapping[str, object]]] = []
    for row in table.rows:
        who = row.cells[patient]
        proms += [(row.line, {"patient_id": who, **form}) for form in _answered(row, forms)]
        event = {ours: row.cells.get(theirs, "") for theirs, ours in EVENT_FIELDS.items()}
        if event["term"] or event["grade"]:
            events.append((row.line, {"patient_id": who, **event}))
        if row.cells.get("recorded_on"):
            names = [c.name for c in COLUMNS[RowKind.CLINICAL] if c.name != "patient_id"]
            said = {name: row.cells[name] for name in names if name in row.cells}
            records.append((row.line, {"patient_id": who, **said}))
    found = (
        section(RowKind.CLINICAL, records),
        section(RowKind.TOXICITY, events),
        section(RowKind.PROM, proms),
    )
    return [one for one in found if one is not None]


def _forms(columns: Sequence[str], lists: CodeLists) -> dict[str, dict[str, tuple[str, str]]]:
    """Return the fields of each form by its prefix: field name to instrument and item."""
    forms: dict[str, dict[str, tuple[str, str]]] = {}
    for column in columns:
        prefix, _, last = column.rpartition("_")
        field = split_field(column, lists) if last not in _NO_ANSWER else None
        if field is not None:
            forms.setdefault(prefix, {})[column] = field
    return forms


def _answered(
    row: SourceRow, forms: Mapping[str, Mapping[str, tuple[str, str]]]
) -> Iterator[dict[str, object]]:
    for prefix, fields in forms.items():
        answers = {code: row.cells[name] for name, (_, code) in fields.items() if row.cells[name]}
        if not answers:
            continue
        on = row.cells.get(f"{prefix}_date") or row.cells.get(f"{prefix}_timestamp", "")
        version = row.cells.get(f"{prefix}_version", "")
        instrument = next(iter(fields.values()))[0]
        yield {
            "answered_on": on,
            "instrument": instrument,
            "instrument_version": version,
            **answers,
        }

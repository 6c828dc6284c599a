"""The data dictionary, made from the models that the data must fit: HTML, CSV and JSON Schema."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from io import StringIO
from typing import Any, Final

from pydantic.fields import FieldInfo

from gateway.contract.clinical import ClinicalRow, PromRow, ToxicityRow
from gateway.contract.facts import FACTS
from gateway.contract.model import WireModel
from gateway.contract.recruitment import RecruitmentGroup
from harmonizer.data.instruments import load_instruments
from harmonizer.domain.clinical.table_columns import (
    LONG_COLUMNS,
    PATIENT,
    STATUSES,
    SUMMED,
    WIDE_PATTERNS,
    Meaning,
)
from harmonizer.domain.clinical.tables import CLINICAL, WHOLE
from harmonizer.domain.proms import Direction, Instrument, Scale

MODELS: Final[Mapping[str, type[WireModel]]] = {
    "clinical": ClinicalRow,
    "toxicity": ToxicityRow,
    "prom": PromRow,
    **{kind.value: model for kind, model in FACTS.items()},
    "recruitment": RecruitmentGroup,
}
STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #999;"
    "padding:.3rem .6rem;text-align:left;vertical-align:top}code{white-space:nowrap}"
)


TYPES: Final = {str: "string", int: "integer", float: "number"}
TABLES: Final[Mapping[str, tuple[str, Mapping[str, Meaning]]]] = {
    "long": ("The joined table with one row per value.", LONG_COLUMNS),
    "wide": (
        "The joined table with one row per patient. What stands in braces depends on what occurs "
        "in the archive.",
        {
            **PATIENT,
            **{
                name: Meaning(str, field.description or "")
                for name, field in ClinicalRow.model_fields.items()
                if name in CLINICAL
            },
            **SUMMED,
            **STATUSES,
            **WIDE_PATTERNS,
        },
    ),
}
"""What goes out: `kasari table` and `GET /api/v1/tables`."""
SCORES: Final = (
    "The scores of each questionnaire: what stands for {instrument} and {score} in the names of "
    "the joined tables."
)
HOW: Final[Mapping[Direction, tuple[str, str]]] = {
    Direction.FUNCTION: ("0 to 100", "turned so that more is better functioning"),
    Direction.SYMPTOM: ("0 to 100", "more is more of what the items ask about"),
    Direction.MEAN: ("0 to 100", "mean of points"),
    Direction.DIGITS: ("", "the answers side by side"),
}


@dataclass(frozen=True)
class Entry:
    """One variable of one table."""

    table: str
    variable: str
    type: str
    required: bool
    values: str
    description: str


def entries() -> Iterator[Entry]:
    """Yield every variable, in the order of the models."""
    for table, model in MODELS.items():
        properties = model.model_json_schema()["properties"]
        for name, field in model.model_fields.items():
            yield _entry(table, name, field, properties[name])
    for table, (_, columns) in TABLES.items():
        for name, said in columns.items():
            whole = name in WHOLE
            kind = TYPES[int if whole else said.kind]
            yield Entry(table, name, kind, name in PATIENT, values="", description=said.text)
    for instrument in load_instruments().values():
        yield from _scores(instrument)


def _scores(instrument: Instrument) -> Iterator[Entry]:
    for scale in instrument.scales:
        values, how = HOW[scale.direction]
        said = f"{_called(instrument, scale.code)}: {how}; of {_items(scale)}"
        doubt = "" if scale.confirmed else "; one public source only"
        yield Entry("score", f"{instrument.id}.{scale.code}", "number", False, values, said + doubt)
    for summary in instrument.summaries:
        turned = f" and of {' '.join(summary.turned)} turned round" if summary.turned else ""
        called = _called(instrument, summary.code)
        said = f"{called}: mean of {' '.join(summary.scales)}{turned}"
        yield Entry("score", f"{instrument.id}.{summary.code}", "number", False, "0 to 100", said)


def _called(instrument: Instrument, code: str) -> str:
    return f"{instrument.name}, {instrument.names.get(code, code.lower())}"


def _items(scale: Scale) -> str:
    several = f", at least {scale.least_answered} answered" if len(scale.items) > 1 else ""
    return " ".join(scale.items) + several


def _entry(table: str, name: str, field: FieldInfo, schema: Mapping[str, Any]) -> Entry:
    said = _said(schema)
    return Entry(
        table=table,
        variable=name,
        type=str(said.get("format") or said.get("type", "")),
        required=field.is_required(),
        values=_values(said),
        description=field.description or "",
    )


def _said(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a schema says beside "or null"."""
    choices = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return choices[0] if choices else schema


def _values(said: Mapping[str, Any]) -> str:
    if "pattern" in said:
        return str(said["pattern"])
    if "enum" in said or "const" in said:
        return ", ".join(map(str, said.get("enum", [said.get("const")])))
    low, high = said.get("minimum"), said.get("maximum")
    if low is not None or high is not None:
        return f"{low} to {high}"
    return f"at most {said['maxLength']} characters" if "maxLength" in said else ""


def as_csv() -> str:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("table", "variable", "type", "required", "values", "description"))
    for e in entries():
        required = "yes" if e.required else "no"
        writer.writerow((e.table, e.variable, e.type, required, e.values, e.description))
    return out.getvalue()


def as_schema() -> str:
    """Return one JSON Schema with a definition per table."""
    definitions = {table: model.model_json_schema() for table, model in MODELS.items()}
    rows = [{"$ref": f"#/$defs/{table}"} for table in definitions]
    definitions["long"] = {
        "title": "Long table",
        "description": TABLES["long"][0],
        "type": "object",
        "properties": {
            name: {"type": [TYPES[said.kind], "null"], "description": said.text}
            for name, said in LONG_COLUMNS.items()
        },
    }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "KaSARi clinical rows",
        "$defs": definitions,
        "oneOf": rows,
    }
    return json.dumps(schema, indent=1) + "\n"


def as_html() -> str:
    parts = [
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">',
        f"<title>KaSARi data dictionary</title>\n<style>{STYLE}</style>",
        "<h1>Data dictionary</h1>",
        "<p>Made from the models that every row must fit; do not edit. All dates are shifted by "
        "one offset per patient, so days between them are true.</p>",
    ]
    about = {table: model.__doc__ or "" for table, model in MODELS.items()}
    about |= {table: text for table, (text, _) in TABLES.items()} | {"score": SCORES}
    for table, text in about.items():
        parts.append(f'<h2 id="{table}">{table}</h2>\n<p>{escape(text)}</p>')
        parts.append(
            "<table><thead><tr><th>Variable<th>Type<th>Required<th>Values<th>Meaning</thead><tbody>"
        )
        parts += [_html(entry) for entry in entries() if entry.table == table]
        parts.append("</tbody></table>")
    return "\n".join([*parts, "</html>", ""])


def _html(entry: Entry) -> str:
    required = "yes" if entry.required else ""
    values = f"<code>{escape(entry.values)}</code>" if entry.values else ""
    cells = (f"<code>{entry.variable}</code>", entry.type, required, values)
    return "<tr>" + "".join(f"<td>{c}" for c in (*cells, escape(entry.description)))


def files() -> dict[str, str]:
    """Return the dictionary's files by name."""
    return {
        "dictionary.html": as_html(),
        "dictionary.csv": as_csv(),
        "dictionary.schema.json": as_schema(),
    }

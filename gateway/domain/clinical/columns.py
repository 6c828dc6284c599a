"""Which columns each kind of file has: the one place that names them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from gateway.contract.clinical import STAGE_PATTERN, NotAnswered, RowKind
from gateway.contract.facts import FACTS, ICD10, FactRow
from gateway.contract.variables import variables
from gateway.domain.clinical.modelled import parser
from gateway.domain.tabular import cells
from gateway.domain.tabular.cells import Parser

SITES = {
    "breast": "breast",
    "rinta": "breast",
    "bröst": "breast",
    "prostate": "prostate",
    "eturauhanen": "prostate",
    "prostata": "prostate",
    "lung": "lung",
    "keuhko": "lung",
    "lunga": "lung",
    "head-neck": "head-neck",
    "head and neck": "head-neck",
    "head_neck": "head-neck",
    "headneck": "head-neck",
    "h&n": "head-neck",
    "pää ja kaula": "head-neck",
    "other": "other",
    "muu": "other",
}
SIDES = {
    "l": "L",
    "left": "L",
    "vasen": "L",
    "vänster": "L",
    "sin": "L",
    "r": "R",
    "right": "R",
    "oikea": "R",
    "höger": "R",
    "dx": "R",
    "b": "B",
    "both": "B",
    "bilateral": "B",
    "molemmat": "B",
    "n": "N",
    "none": "N",
    "midline": "N",
    "u": "N",
}
SEXES = {
    "f": "F",
    "female": "F",
    "nainen": "F",
    "kvinna": "F",
    "m": "M",
    "male": "M",
    "mies": "M",
    "man": "M",
    "o": "O",
    "other": "O",
    "muu": "O",
}
SMOKING = {word: word for word in ("never", "former", "current", "unknown")}
REASONS = {word: word for word in get_args(NotAnswered)}
ATTRIBUTIONS = {w: w for w in ("unrelated", "unlikely", "possible", "probable", "definite")}


@dataclass(frozen=True)
class Column:
    """One column. `identifying` ones are used at the centre and never leave it."""

    name: str
    parse: Parser
    required: bool = False
    identifying: bool = False


PATIENT = Column("patient_id", cells.to_text, required=True, identifying=True)


def _of_fact(model: type[FactRow]) -> tuple[Column, ...]:
    own = (Column(v.name, parser(v), v.is_required) for v in variables(model))
    return (PATIENT, *own, Column("birth_date", cells.to_date, identifying=True))


COLUMNS: Mapping[RowKind, tuple[Column, ...]] = {
    RowKind.CLINICAL: (
        PATIENT,
        Column("recorded_on", cells.to_date, required=True),
        Column("birth_date", cells.to_date, identifying=True),
        Column(
            "diagnosis_icd10",
            cells.matching(ICD10, "an ICD-10 code", "C50.4"),
        ),
        Column("laterality", cells.one_of(SIDES)),
        Column("site", cells.one_of(SITES)),
        Column("stage", cells.matching(STAGE_PATTERN, "a stage", "IIA or T1N0M0")),
        Column("sex", cells.one_of(SEXES)),
        Column("smoking", cells.one_of(SMOKING)),
        Column("performance_status", cells.to_whole(0, 4)),
        Column("chemotherapy", cells.to_bool),
        Column("rt_start", cells.to_date),
        Column("rt_end", cells.to_date),
    ),
    RowKind.TOXICITY: (
        PATIENT,
        Column("assessed_on", cells.to_date, required=True),
        Column("ctcae_version", cells.to_text, required=True),
        Column("term", cells.to_text, required=True),
        Column("meddra_code", cells.to_whole(10_000_000, 99_999_999)),
        Column("grade", cells.to_whole(0, 5), required=True),
        Column("attribution", cells.one_of(ATTRIBUTIONS)),
    ),
    RowKind.PROM: (
        PATIENT,
        Column("answered_on", cells.to_date, required=True),
        Column("instrument", cells.to_text, required=True),
        Column("instrument_version", cells.to_version),
        Column("not_answered", cells.one_of(REASONS)),
    ),
    **{kind: _of_fact(model) for kind, model in FACTS.items()},
}

DATE_COLUMN: Mapping[RowKind, str] = {
    RowKind.CLINICAL: "recorded_on",
    RowKind.TOXICITY: "assessed_on",
    RowKind.PROM: "answered_on",
    **dict.fromkeys(FACTS, "happened_on"),
}

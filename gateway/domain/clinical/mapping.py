"""Another file's columns under our names: guessed from names and contents, or said by a person."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import Final

from gateway.contract.clinical import RowKind
from gateway.domain.clinical.columns import COLUMNS, DATE_COLUMN, Column
from gateway.domain.clinical.sources.itemcodes import item_code
from gateway.domain.tabular.cells import given
from gateway.domain.tabular.problems import CellError, TableError
from gateway.domain.tabular.table import SourceRow, SourceTable

ALIASES: Final[Mapping[str, str]] = {
    "patient_id": "patient id patientid hetu henkilötunnus henkilotunnus potilas potilastunnus "
    "potilasnumero mrn personnummer subject record_id",
    "recorded_on": "date pvm päivä kirjauspäivä recorded record_date datum visit_date",
    "assessed_on": "date pvm päivä arviointipäivä assessed assessment_date graded_at datum visit",
    "answered_on": "date pvm päivä vastauspäivä answered completed completed_at authored datum",
    "birth_date": "birthdate dob syntymäaika syntymapaiva födelsedatum born",
    "diagnosis_icd10": "icd icd10 icd-10 diagnosis diagnoosi dg diagnos",
    "laterality": "side puoli sida",
    "site": "treatment_site hoitokohde alue lokal organ",
    "stage": "levinneisyys stadium uicc",
    "sex": "gender sukupuoli kön",
    "smoking": "smoker tupakointi rökning",
    "performance_status": "ecog who ps suorituskyky who_ps",
    "chemotherapy": "chemo solunsalpaaja kemoterapia sytostaatti cytostatika",
    "rt_start": "start_date rt_alku sädehoito_alku first_fraction strålstart",
    "rt_end": "end_date rt_loppu sädehoito_loppu last_fraction",
    "ctcae_version": "version ctcae versio",
    "term": "ctcae_term toxicity adverse_event haitta haittavaikutus symptom biverkning",
    "meddra_code": "meddra code",
    "grade": "gradus aste grad ctcae_grade",
    "attribution": "relation causality syy-yhteys",
    "instrument": "questionnaire form lomake mittari formulär",
    "instrument_version": "questionnaire_version version",
}
SAMPLE: Final = 50
NAME_NEEDED, CONTENT_NEEDED = 0.75, 0.6


@dataclass(frozen=True)
class ColumnMapping:
    """Our column name to theirs; constants fill columns that a file lacks."""

    kind: RowKind
    columns: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[str, ...]:
        """Required columns that neither a column nor a constant fills."""
        have = {*self.columns, *self.constants}
        return tuple(c.name for c in COLUMNS[self.kind] if c.required and c.name not in have)

    def apply(self, table: SourceTable) -> SourceTable:
        """Return the table under our names. Items keep their codes; other columns stay behind.

        Raises
        ------
        TableError
            If the mapping names a column that the file does not have.
        """
        absent = [theirs for theirs in self.columns.values() if theirs not in table.columns]
        if absent:
            mend = "make the mapping again with `kasari clinical map`"
            raise TableError(f"the file has no column {', '.join(absent)}", mend, absent[0])
        names = (*self.columns, *self.constants)
        return SourceTable(names, tuple(self._row(row) for row in table.rows))

    def _row(self, row: SourceRow) -> SourceRow:
        if row.is_empty or row.beyond:
            return replace(row, cells={})
        cells = {ours: row.cells[theirs] for ours, theirs in self.columns.items()}
        return SourceRow(row.line, {**cells, **self.constants})


def guess(table: SourceTable) -> list[ColumnMapping]:
    """Return a mapping per kind of row, the likeliest first."""
    scored = [(_fit(mapping), mapping) for mapping in (_guess(kind, table) for kind in RowKind)]
    return [mapping for _, mapping in sorted(scored, key=lambda one: -one[0])]


def _fit(mapping: ColumnMapping) -> float:
    """Return how much of a kind's own columns is there; the date alone tells nothing."""
    shared = {"patient_id", DATE_COLUMN[mapping.kind]}
    own = [c for c in COLUMNS[mapping.kind] if c.name not in shared]
    found = sum(1 for c in own if c.name in mapping.columns)
    items = sum(1 for name in mapping.columns if re.fullmatch(r"q\d+[a-z]?", name))
    return found / len(own) - len(mapping.missing) + (1 if items >= 3 else 0)


def _guess(kind: RowKind, table: SourceTable) -> ColumnMapping:
    pairs = sorted(
        (
            (-_alike(column, theirs, table), place, column.name, theirs)
            for place, column in enumerate(COLUMNS[kind])
            for theirs in table.columns
        ),
    )
    columns: dict[str, str] = {}
    for likeness, _, ours, theirs in pairs:
        if likeness < 0 and ours not in columns and theirs not in columns.values():
            columns[ours] = theirs
    if kind is RowKind.PROM:
        columns |= _items(table.columns, set(columns.values()))
    ordered = sorted(columns, key=lambda name: _place(kind, name))
    return ColumnMapping(kind, {name: columns[name] for name in ordered})


def _items(columns: Sequence[str], taken: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in columns:
        code = item_code(name)
        if name not in taken and re.fullmatch(r"q\d+[a-e]?", code) and code not in found:
            found[code] = name
    return found


def _alike(column: Column, theirs: str, table: SourceTable) -> float:
    """Return 0 for no, up to 1: how alike the names are, if the contents can be read."""
    names = {column.name, *ALIASES.get(column.name, "").split()}
    likeness = max(SequenceMatcher(None, _bare(a), _bare(theirs)).ratio() for a in names)
    return likeness if likeness >= NAME_NEEDED and _readable(column, theirs, table) else 0.0


def _readable(column: Column, theirs: str, table: SourceTable) -> bool:
    cells = [t for row in table.rows[:SAMPLE] if (t := given(row.cells[theirs])) is not None]
    return not cells or sum(_reads(column, t) for t in cells) >= CONTENT_NEEDED * len(cells)


def _reads(column: Column, text: str) -> bool:
    try:
        column.parse(text)
    except CellError:
        return False
    return True


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9åäö]", "", name.casefold())


def _place(kind: RowKind, name: str) -> tuple[int, int, str]:
    """Our columns in their order, then the items by number."""
    places = {column.name: place for place, column in enumerate(COLUMNS[kind])}
    number = re.match(r"q(\d+)", name)
    return (places.get(name, len(places)), int(number[1]) if number else 0, name)

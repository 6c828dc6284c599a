"""The tables that a centre imports: consent, clinical rows, CTCAE grades, QLQ-C30 answers."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from kasari.phantom.answers import ITEMS
from kasari.phantom.case import Case
from kasari.phantom.followup import Followup
from kasari.phantom.outcomes import CTCAE_VERSION
from kasari.phantom.screening import SCREENING, asked_on, screened

CONSENT: Final = (
    *("patient_id", "family_name", "given_name", "birth_date"),
    *("status", "version", "scope", "date", "sex", "diagnosis"),
)
CLINICAL: Final = (
    *("patient_id", "recorded_on", "birth_date", "diagnosis_icd10", "laterality", "site", "stage"),
    *("sex", "smoking", "performance_status", "chemotherapy", "rt_start", "rt_end"),
)
TOXICITY: Final = (
    *("patient_id", "assessed_on", "ctcae_version", "term", "meddra_code", "grade", "attribution"),
)
PROM: Final = ("patient_id", "answered_on", "instrument", "instrument_version", *ITEMS)

Row = Sequence[object]


def write_tables(folder: Path, patients: Sequence[tuple[Case, Followup]]) -> None:
    """Write one centre's five files.

    The registry's rows hold everybody, those who declined too; a questionnaire is given only to
    those who consented.
    """
    folder.mkdir(parents=True, exist_ok=True)
    consenting = [(case, after) for case, after in patients if not case.declined]
    _write(folder / "consent.csv", CONSENT, (_consent(case) for case, _ in patients))
    _write(folder / "clinical.csv", CLINICAL, (_clinical(case) for case, _ in patients))
    grades = (row for case, after in patients for row in _grades(case, after))
    _write(folder / "ctcae.csv", TOXICITY, grades)
    answers = (row for case, after in consenting for row in _answers(case, after))
    _write(folder / "qlq-c30.csv", PROM, answers)
    _write(folder / "screening.csv", SCREENING, screened([case for case, _ in patients]))


def _write(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _consent(case: Case) -> Row:
    person = case.person
    status = "declined" if case.declined else "granted"
    names = (person.patient_id, person.family, person.given, person.birth_date)
    return (*names, status, "2.0", "research", asked_on(case), person.sex, case.site.icd10)


def _clinical(case: Case) -> Row:
    person, background, days = case.person, case.background, case.days
    return (
        *(person.patient_id, days.planned, person.birth_date),
        *(case.site.icd10, case.site.laterality, case.site.name, background.stage, person.sex),
        *(background.smoking, background.performance_status),
        *("yes" if background.chemotherapy else "no", days.first, days.last),
    )


def _grades(case: Case, after: Followup) -> Iterable[Row]:
    for found in after.assessments:
        end = found.endpoint
        yield (
            *(case.person.patient_id, found.day, CTCAE_VERSION, end.term, end.meddra_code),
            *(found.grade, found.attribution),
        )


def _answers(case: Case, after: Followup) -> Iterable[Row]:
    for form in after.forms:
        if form.items:
            items = (form.items.get(name, "") for name in ITEMS)
            yield (case.person.patient_id, form.day, "QLQ-C30", "3.0", *items)

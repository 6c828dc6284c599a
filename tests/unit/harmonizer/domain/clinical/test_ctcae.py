"""Grades that can and cannot be, and the way from v5.0 to v6.0."""

import csv
import re
from pathlib import Path

import pytest

from harmonizer.data.ctcae import load_ctcae
from harmonizer.domain.clinical import GradedEvent, summarise

CTCAE = load_ctcae()


@pytest.mark.parametrize(
    ("version", "term", "grade"),
    [
        ("5.0", "Dermatitis radiation", 5),
        ("5.0", "dermatitis  Radiation", 0),
        ("4.03", "Anal mucositis", 4),
        ("4.03", "Edema cerebral", 4),
        ("4.03", "Menopause", 3),
        ("6.0", "Hematochezia", 2),
    ],
)
def test_a_possible_grade_passes(version: str, term: str, grade: int) -> None:
    assert CTCAE.problem(version, term, None, grade) is None


@pytest.mark.parametrize(
    ("version", "term", "code", "grade", "words"),
    [
        ("5.0", "Fatigue", None, 4, "has no grade 4 in CTCAE v5.0; it has 1, 2, 3"),
        ("5.0", "Anal mucositis", None, 4, "no grade 4"),
        ("4.03", "Edema cerebral", None, 3, "it has 4"),
        ("5.0", "Hematochezia", None, 1, "no such term"),
        ("3.0", "Fatigue", None, 1, "not one of 4.03, 5.0, 6.0"),
        ("5.0", "Fatigue", 10033371, 1, "has the code 10016256"),
    ],
)
def test_an_impossible_grade_is_refused_with_the_reason(
    version: str, term: str, code: int | None, grade: int, words: str
) -> None:
    assert words in (CTCAE.problem(version, term, code, grade) or "")


def test_version_5_is_carried_to_6_as_the_official_mapping_says() -> None:
    bleeding = CTCAE.as_version_6("Rectal hemorrhage", None, 2)
    assert bleeding is not None
    assert (bleeding.code, bleeding.grade, bleeding.same_words) == (10060544, 2, False)
    heart = CTCAE.as_version_6("Ejection fraction decreased", None, 4)
    assert heart is not None
    assert (heart.code, heart.grade) == (10049694, 3)
    fatigue = CTCAE.as_version_6("Fatigue", None, 1)
    assert fatigue is not None
    assert fatigue.code == 10016256
    assert CTCAE.as_version_6("Fatigue", None, 4) is None


def test_every_grade_of_version_5_lands_on_a_possible_grade_of_version_6() -> None:
    new = CTCAE.versions["6.0"].by_code
    for term in CTCAE.versions["5.0"].by_code.values():
        for grade in term.grades:
            carried = CTCAE.as_version_6(term.term, None, grade)
            assert carried is None or carried.grade in new[carried.code].grades, term.term


def test_the_tables_agree_with_nci_s_workbooks(shared: Path) -> None:
    for version, name in (("5.0", "ctcae_v5.0_2017-11-27.csv"), ("6.0", "ctcae_v6.0.csv")):
        with (shared / "reference" / name).open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        known = CTCAE.versions[version].by_code
        assert len(rows) == len(known)
        for row in rows:
            term = known[int(row["meddra_code"])]
            assert term.term == row["term"]
            assert term.grades == {g for g in range(1, 6) if row[f"grade{g}"].strip(" -")}


def test_version_4_is_what_the_change_notes_of_version_5_say_it_was(shared: Path) -> None:
    """A grade that v5.0 added was not there, one that it deleted was; a new term was not."""
    known = CTCAE.versions["4.03"]
    assert len(known.by_code) == len(known.by_name) == 790
    path = shared / "reference/ctcae_v5.0_2017-11-27.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = {int(row["meddra_code"]): row for row in csv.DictReader(file)}
    new = {code for code, row in rows.items() if "Addition: Term" in row["change"]}
    assert not new & set(known.by_code)
    assert set(rows) - new == set(known.by_code) & set(rows)
    differs = {code for code in set(rows) - new if known.by_code[code].grades != before(rows[code])}
    assert differs == {10065761}, "Cecal infection: v5.0 calls its grade 2 a clarification"


def before(row: dict[str, str]) -> set[int]:
    had = {g for g in range(1, 6) if row[f"grade{g}"].strip(" -")}
    for kind, change in re.findall(r"(Addition|Deletion):? ((?:Grade )?[\d, ]+)", row["change"]):
        numbers = {int(digit) for digit in re.findall(r"\d", change)}
        had = had - numbers if kind == "Addition" else had | numbers
    return had


def test_summary_by_hand() -> None:
    graded = [(-7, 0), (0, 1), (21, 2), (60, 3), (90, 1), (91, 2), (400, 1)]
    events = [GradedEvent("Dermatitis radiation", "5.0", grade, day) for day, grade in graded]
    (summary,) = summarise(events)
    assert (summary.baseline, summary.worst) == (1, 3)
    assert (summary.worst_acute, summary.worst_late) == (3, 2)
    assert summary.days_to_grade_2 == 21
    assert summary.above_baseline == 2


def test_versions_are_never_mixed_and_gaps_stay_gaps() -> None:
    events = [GradedEvent("Fatigue", "5.0", 2, 100), GradedEvent("Fatigue", "4.03", 1, -3)]
    old, new = summarise(events)
    assert (old.version, old.baseline, old.worst) == ("4.03", 1, None)
    assert (new.baseline, new.worst_acute, new.worst_late, new.above_baseline) == (
        None,
        None,
        2,
        None,
    )

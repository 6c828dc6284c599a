"""Invented people, their names for organs, and their calendar."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from gateway.domain.identity import is_identity_code
from kasari.phantom.anatomy import SITES
from kasari.phantom.case import calendar
from kasari.phantom.drawing import DEVIATIONS, Wish, draw_cohort
from kasari.phantom.names import WRITTEN, name_structures
from kasari.phantom.people import identity_code

LAST_DAY = date(2025, 12, 31)


def cohort(patients: int, **wishes: int) -> list:
    wish = Wish(patients, 11, ("KUH", "Tyks"), True, wishes.get("declined"), 0)
    if "deviations" in wishes:
        wish = Wish(patients, 11, ("KUH", "Tyks"), True, 0, wishes["deviations"])
    return draw_cohort(Path("nowhere"), wish)


def test_a_code_known_by_hand() -> None:
    # 131052 308: the nine digits modulo 31 give T
    assert identity_code(date(1952, 10, 13), "-", 308) == "131052-308T"


def test_codes_are_valid_artificial_and_differ() -> None:
    people = [case.person for case in cohort(200)]
    assert len({person.patient_id for person in people}) == 200
    for person in people:
        assert is_identity_code(person.patient_id)
        number = int(person.patient_id[7:10])
        assert number >= 900  # the range that belongs to nobody
        assert (number % 2 == 1) == (person.sex == "M")


def test_nobody_repr_shows_who_it_is() -> None:
    person = cohort(1)[0].person
    assert person.patient_id not in repr(person)
    assert person.family not in repr(person)


def test_sexes_fit_the_sites() -> None:
    for case in cohort(40):
        if case.site.name in {"breast", "prostate"}:
            assert case.person.sex == {"breast": "F", "prostate": "M"}[case.site.name]


def test_days_follow_each_other_and_end_in_the_past() -> None:
    for case in cohort(60):
        days = case.days
        assert days.scanned < days.planned < days.first < days.last
        assert len(days.fractions) == case.site.fractions
        assert all(day.weekday() < 5 for day in days.fractions)
        assert days.last + timedelta(days=365 + 8) <= LAST_DAY
        assert case.background.age == case.person.age_on(days.scanned)


def test_a_calendar_by_hand() -> None:
    days = calendar(date(2023, 1, 5), 7, 4)
    assert days.fractions == tuple(date(2023, 1, d) for d in (12, 13, 16, 17))


def test_a_patient_does_not_depend_on_how_many_others_there_are() -> None:
    few, many = cohort(3, declined=0), cohort(20, declined=0)
    for one, other in zip(few, many[:3], strict=True):
        assert (one.person, one.site, one.naming) == (other.person, other.site, other.naming)


def test_one_in_twelve_declines_unless_told_otherwise() -> None:
    assert sum(case.declined for case in cohort(24)) == 2
    assert sum(case.declined for case in cohort(24, declined=0)) == 0
    assert sum(case.declined for case in cohort(3, declined=9)) == 3


def test_who_declines_is_not_drawn_evenly() -> None:
    cases = cohort(600, declined=150)
    ages = {
        flag: np.mean([case.background.age for case in cases if case.declined is flag])
        for flag in (True, False)
    }
    assert ages[True] > ages[False] + 1.0


def test_errors_are_planted_in_turn_and_in_nobody_by_default() -> None:
    assert not any(case.deviation for case in cohort(12))
    found = sorted(case.deviation for case in cohort(12, deviations=6) if case.deviation)
    assert found == sorted([*DEVIATIONS, *DEVIATIONS[:2]])


def test_every_structure_has_names_in_three_languages() -> None:
    keys = {
        organ.key
        for draw in SITES.values()
        for seed in range(10)
        for organ in draw(np.random.default_rng(seed)).organs
    }
    assert keys == set(WRITTEN)
    assert all(set(names) == {"fi", "sv", "en"} for names in WRITTEN.values())
    assert all(
        len(name) <= 64 for by in WRITTEN.values() for names in by.values() for name in names
    )


@pytest.mark.parametrize("centre", ["KUH", "Tyks", "Elsewhere"])
def test_names_of_one_set_differ(centre: str) -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        naming = name_structures(SITES["lung"](rng).organs, 60.0, centre, rng)
        assert len(set(naming.written.values())) == len(naming.written)


def test_centres_have_habits() -> None:
    swedish = {"Ryggmärg", "Hjärta", "Lungor"}
    used: dict[str, int] = {"KUH": 0, "Tyks": 0}
    for centre in used:
        for seed in range(40):
            rng = np.random.default_rng(seed)
            naming = name_structures(SITES["lung"](rng).organs, 60.0, centre, rng)
            used[centre] += bool(swedish & set(naming.written.values()))
    assert used["KUH"] == 0
    assert used["Tyks"] > 10


def test_some_names_are_mistyped_and_it_is_told() -> None:
    slips = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        naming = name_structures(SITES["lung"](rng).organs, 60.0, "KUH", rng)
        for slip in naming.slips:
            organ = slip.removeprefix("mistyped:")
            assert naming.written[organ] not in WRITTEN[organ]["fi"]
            slips += 1
    assert slips > 3


def test_a_prescription_in_a_target_s_name_is_in_its_standard_name() -> None:
    found = set()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        naming = name_structures(SITES["breast"](rng).organs, 40.05, "KUH", rng)
        found.add((naming.written["ptv"], naming.standard["ptv"]))
    assert ("PTV40.05", "PTV_4005") in found
    assert ("PTV", "PTV") in found

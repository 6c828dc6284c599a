"""EPIC-26 and EQ-5D-5L against a scorer that was written a second time, from the instruments' own
scoring instructions, and against numbers worked by hand. It shares nothing with the product.

EPIC-26 (University of Michigan): each answer is worth 0 to 100 in equal steps, rounded to whole
points (0, 33, 67, 100), 100 best; a domain is the mean of its items, and missing when less than
80 % of them are answered; overall urinary bother (q5) is in no domain. EQ-5D-5L: the five levels
side by side, missing with any; the scale of 0 to 100 as it is.
"""

from random import Random

import pytest

from harmonizer.data.instruments import load_instruments
from harmonizer.domain.proms import score

BEST_LAST, BEST_FIRST = True, False
EPIC_ITEMS = {  # item: (lowest answer, number of answers, whether the last answer is the best)
    "q1": (1, 5, BEST_LAST),  # leaking: more than once a day .. rarely or never
    "q2": (1, 4, BEST_LAST),  # control: none .. total
    "q3": (0, 4, BEST_FIRST),  # pads a day: none .. three or more
    **{f"q4{part}": (0, 5, BEST_FIRST) for part in "abcde"},  # problem: none .. big
    "q5": (1, 5, BEST_FIRST),
    **{f"q6{part}": (0, 5, BEST_FIRST) for part in "abcde"},
    "q7": (1, 5, BEST_FIRST),
    "q8a": (1, 5, BEST_LAST),  # ability: very poor .. very good
    "q8b": (1, 5, BEST_LAST),
    "q9": (1, 4, BEST_LAST),
    "q10": (1, 5, BEST_LAST),
    "q11": (1, 5, BEST_LAST),
    "q12": (1, 5, BEST_FIRST),
    **{f"q13{part}": (0, 5, BEST_FIRST) for part in "abcde"},
}
EPIC_DOMAINS = {
    "UI": ["q1", "q2", "q3", "q4a"],
    "UIO": ["q4b", "q4c", "q4d", "q4e"],
    "BOW": ["q6a", "q6b", "q6c", "q6d", "q6e", "q7"],
    "SEX": ["q8a", "q8b", "q9", "q10", "q11", "q12"],
    "HOR": ["q13a", "q13b", "q13c", "q13d", "q13e"],
}


def epic_points(item: str, answer: int) -> int:
    lowest, count, best_last = EPIC_ITEMS[item]
    step = answer - lowest if best_last else count - 1 - (answer - lowest)
    return round(100 * step / (count - 1))


def epic_domains(answers: dict[str, int]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for domain, items in EPIC_DOMAINS.items():
        points = [epic_points(item, answers[item]) for item in items if item in answers]
        enough = 10 * len(points) >= 8 * len(items)
        found[domain] = sum(points) / len(points) if enough else None
    return found


def some_answers(random: Random, ranges: dict[str, tuple[int, int]], gaps: float) -> dict[str, int]:
    return {
        item: random.randint(low, high)
        for item, (low, high) in ranges.items()
        if random.random() >= gaps
    }


def test_epic_26_has_the_items_of_the_second_scorer() -> None:
    items = load_instruments()["epic-26"].items
    ranges = {code: (low, low + count - 1) for code, (low, count, _) in EPIC_ITEMS.items()}
    assert {code: (one.lowest, one.highest) for code, one in items.items()} == ranges


def test_random_epic_26_answers_are_scored_alike() -> None:
    random, instrument = Random(26), load_instruments()["epic-26"]
    ranges = {code: (low, low + count - 1) for code, (low, count, _) in EPIC_ITEMS.items()}
    seen: dict[str, set[bool]] = {domain: set() for domain in EPIC_DOMAINS}
    for _ in range(1500):
        answers = some_answers(random, ranges, random.choice((0, 0.05, 0.2, 0.5, 1)))
        wanted, own = epic_domains(answers), score(instrument, answers)
        assert set(own) == set(wanted)
        for domain, value in wanted.items():
            seen[domain].add(value is None)
            assert own[domain] == (value if value is None else pytest.approx(value, abs=1e-9))
    assert all(both == {True, False} for both in seen.values())


EPIC_BY_HAND = {
    # leak about once a week 75, occasional dribbling 67, one pad 67, small problem 50: 259 / 4;
    # pain none 100, bleeding none 100, weak stream very small 75, often moderate 25: 300 / 4;
    # bowel 100 75 100 100 75 and overall very small 75: 525 / 6;
    # sexual 25 50 33 25 25 and overall moderate 25: 183 / 6; hormonal 75 100 50 25 100: 350 / 5
    "some of everything": (
        "4 3 1 2 0 0 1 3 3 0 1 0 0 1 2 2 3 2 2 2 4 1 0 2 3 0",
        {"UI": 64.75, "UIO": 75.0, "BOW": 87.5, "SEX": 30.5, "HOR": 70.0},
    ),
    "the best": (
        "5 4 0 0 0 0 0 0 1 0 0 0 0 0 1 5 5 4 5 5 1 0 0 0 0 0",
        dict.fromkeys(EPIC_DOMAINS, 100.0),
    ),
    # five of six are 83 %, four of five 80 %, three of four 75 %, four of six 67 %
    "gaps": (
        ". 4 0 0 0 0 0 . 1 . 0 0 0 0 1 . . 4 5 5 1 . 0 0 0 4",
        {"UI": None, "UIO": None, "BOW": 100.0, "SEX": None, "HOR": 75.0},
    ),
}


@pytest.mark.parametrize("case", EPIC_BY_HAND)
def test_epic_26_worked_by_hand(case: str) -> None:
    words, wanted = EPIC_BY_HAND[case]
    pairs = zip(EPIC_ITEMS, words.split(), strict=True)
    answers = {item: int(word) for item, word in pairs if word != "."}
    assert epic_domains(answers) == wanted
    assert score(load_instruments()["epic-26"], answers) == wanted


def test_random_eq_5d_5l_answers_are_scored_alike() -> None:
    random, instrument = Random(55), load_instruments()["eq-5d-5l"]
    levels = ("mo", "sc", "ua", "pd", "ad")
    ranges = {**dict.fromkeys(levels, (1, 5)), "vas": (0, 100)}
    assert {c: (i.lowest, i.highest) for c, i in instrument.items.items()} == ranges
    for _ in range(500):
        answers = some_answers(random, ranges, random.choice((0, 0, 0.1, 0.5, 1)))
        profile = "".join(str(answers[level]) for level in levels if level in answers)
        wanted = {
            "PROFILE": int(profile) if len(profile) == 5 else None,
            "VAS": answers.get("vas"),
        }
        assert score(instrument, answers) == wanted

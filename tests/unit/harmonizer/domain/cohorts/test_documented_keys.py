"""Every search that the guide shows is one that the archive understands."""

import re
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from harmonizer.app import load_words
from harmonizer.domain.cohorts import Level, parse_question
from harmonizer.domain.cohorts.parsing import OURS, STANDARD

GUIDE = (Path(__file__).parents[5] / "docs/querying.md").read_text("utf-8")
EXAMPLES = sorted(
    {
        *re.findall(r"`((?:ROIName|dvh|Laterality|BodyPartExamined|\w+)=[^`]+)`", GUIDE),
        *re.findall(r'--data-urlencode "([^"]+)"', GUIDE),
        *re.findall(r'"(dvh=[^"]+)" CentreName', GUIDE),
    }
)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_understood(example: str) -> None:
    key, _, value = example.partition("=")
    parse_question([(key, value)], Level.STUDY, load_words())


def test_the_examples_were_found() -> None:
    assert {example.partition("=")[0] for example in EXAMPLES} >= {"dvh", "toxicity", "prom"}


def test_every_key_is_in_the_guide() -> None:
    for key in {*OURS, *STANDARD[Level.INSTANCE]}:
        assert f"`{key}`" in GUIDE, key


def test_every_metric_that_is_named_is_kept() -> None:
    words = load_words()
    listed = GUIDE[GUIDE.index("Kept for every") : GUIDE.index("For organs also")]
    for name in re.findall(r"`([A-Z][^`]*\[[^`]+\]|HI)`", listed):
        assert words.metric("dvh", name) == name


def test_the_query_strings_of_the_guide_are_understood() -> None:
    found = re.findall(r"/studies\?([^\s\"`]+)", GUIDE)
    assert found
    for query in found:
        parse_question(parse_qsl(query), Level.STUDY, load_words())

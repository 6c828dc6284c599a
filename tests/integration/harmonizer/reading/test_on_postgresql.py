"""The same questions to PostgreSQL and SQLite have the same answers."""

from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import Engine

from harmonizer.adapters.cohorts import SqlCohorts
from harmonizer.adapters.database import open_engine, upgrade
from harmonizer.adapters.overview import SqlOverview
from harmonizer.app import load_words
from harmonizer.domain.cohorts import Level, parse_question
from harmonizer.domain.studies import CourseFilter
from tests.factories.archive_rows import fill
from tests.factories.postgresql import postgresql
from tests.integration.harmonizer.reading.conftest import EVERYTHING, GROWING, LEFT_KUH
from tests.integration.harmonizer.reading.test_searching import COHORTS


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Engine]]:
    sqlite = open_engine(f"sqlite:///{tmp_path_factory.mktemp('both')}/archive.db")
    with postgresql() as url:
        both = (sqlite, open_engine(url))
        for engine in both:
            upgrade(engine)
            fill(engine, *EVERYTHING)
        yield both
        for engine in both:
            engine.dispose()


@pytest.mark.parametrize("query", [query for query, _ in COHORTS])
@pytest.mark.parametrize("level", Level)
def test_questions(engines: tuple[Engine, Engine], query: str, level: Level) -> None:
    asked = [pair for pair in parse_qsl(query.lstrip("?")) if pair[0] != "PatientSex"]
    question = parse_question(asked, level, load_words())
    answers = [
        [list(SqlCohorts(engine).entries(question, offset, 3)) for offset in range(0, 30, 3)]
        for engine in engines
    ]
    assert answers[0] == answers[1]


def test_instances_of_a_study(engines: tuple[Engine, Engine]) -> None:
    for given in (LEFT_KUH, GROWING):
        one, other = (SqlCohorts(engine).keys(given.study, None, None) for engine in engines)
        assert one == other
        assert len(one) == 5 - len(given.not_yet)


def test_overviews(engines: tuple[Engine, Engine]) -> None:
    one, other = (SqlOverview(engine) for engine in engines)
    assert sorted(one.states()) == sorted(other.states())
    assert one.instances() == other.instances()
    everything = CourseFilter()
    assert list(one.courses(everything)) == list(other.courses(everything))
    assert one.count(everything) == other.count(everything) > 1
    assert one.course(LEFT_KUH.course_uid) == other.course(LEFT_KUH.course_uid)
    assert one.curves(LEFT_KUH.course_uid) == other.curves(LEFT_KUH.course_uid)
    assert list(one.incoming(10)) == list(other.incoming(10))
    assert list(one.troubles(10)) == list(other.troubles(10)) == []

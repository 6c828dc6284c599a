"""What PostgreSQL cannot hold, SQLite can: whoever gives it is told, and nothing breaks."""

from collections.abc import Callable
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, text

from gateway.adapters.database import open_engine as open_gateway
from gateway.config import Settings
from gateway.errors import RejectError
from harmonizer.adapters.database import open_engine as open_harmonizer
from harmonizer.errors import RefusedError
from tests.factories.postgresql import new_database, postgresql
from tests.integration.gateway.conftest import hospital_of, settings
from tests.integration.gateway.test_gateway_http import operator

__all__ = ["settings"]

QUESTIONS = [
    ("SELECT 1 WHERE 'a' = :given", "x\0y"),
    ("SELECT 1 WHERE 1 = CAST(:given AS integer)", 10**12),
]


@pytest.mark.parametrize(
    ("open_engine", "refusal"), [(open_gateway, RejectError), (open_harmonizer, RefusedError)]
)
def test_a_nul_or_a_number_too_large_is_the_caller_s_mistake(
    open_engine: Callable[[str], Engine], refusal: type[Exception]
) -> None:
    with postgresql() as server:
        engine = open_engine(new_database(server, "values"))
        for question, given in QUESTIONS:
            with engine.connect() as db, pytest.raises(refusal) as told:
                db.execute(text(question), {"given": given})
            assert str(given) not in str(told.value)
        with engine.connect() as db:
            assert db.scalar(text("SELECT 1")) == 1
        engine.dispose()


def test_a_request_with_such_a_value_is_answered(settings: Settings) -> None:
    with postgresql() as server:
        own = settings.model_copy(update={"database_url": new_database(server, "requests")})
        with contextmanager(hospital_of)(own) as hospital:
            for path in (
                "/api/v1/account/days/2026-03-02?sender=%00",
                f"/api/v1/courses/{10**12}",
            ):
                answer = operator(hospital, "GET", path)
                assert (answer.status_code, answer.json()["code"]) == (422, "cannot-be-kept")
            assert operator(hospital, "GET", "/api/v1/courses").json() == []

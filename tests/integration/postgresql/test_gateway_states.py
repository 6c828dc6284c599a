"""A gateway on PostgreSQL: what it writes with its enumerations is what the tables say."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from gateway.config import Settings
from tests.factories import site_objects as make
from tests.factories.postgresql import new_database, postgresql
from tests.integration.gateway.conftest import Hospital, hospital_of, settings

__all__ = ["settings"]

ROWS = b"patient_id,assessed_on,ctcae_version,term,grade\nID-1,2020-01-01,5.0,Fatigue,1\n"
WITHDRAWAL = b"patient_id,status,version,date\nID-1,withdrawn,2.1,2026-03-02\n"


@pytest.fixture
def hospital(settings: Settings) -> Iterator[Hospital]:
    with postgresql() as server:
        own = settings.model_copy(update={"database_url": new_database(server, "states")})
        with contextmanager(hospital_of)(own) as hospital:
            yield hospital


def said(hospital: Hospital, table: str, column: str = "state") -> set[str]:
    with hospital.service.engine.begin() as db:
        return set(db.scalars(text(f"SELECT {column} FROM {table}")))  # noqa: S608 - ours


def test_states_are_kept_by_their_names(hospital: Hospital) -> None:
    service = hospital.service
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    assert service.clinical.import_file("ctcae", ROWS, "operator").stored == 1
    assert said(hospital, "clinical_row") == {"waiting"}
    assert hospital.send()
    service.clinical_sending.send()
    kept = {name: said(hospital, name) for name in ("instance", "course", "submission")}
    assert kept == {"instance": {"present"}, "course": {"delivered"}, "submission": {"verified"}}
    hospital.site.objects.clear()
    service.intake.reconcile()
    assert said(hospital, "instance") == {"gone"}
    assert service.terms.find() == []
    service.consents.import_sheet(WITHDRAWAL, "operator", commit=True)
    service.withdrawal.step()
    assert said(hospital, "erased_day", "why") == {"withdrawn"}
    assert [line["deleted"] for line in service.ledger.days()] == [7]

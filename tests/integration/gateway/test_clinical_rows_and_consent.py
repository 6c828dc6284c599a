"""Clinical rows wait for the archive; whoever's consent has ended meanwhile, theirs stay here."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from gateway.adapters.tables.clinical import ClinicalWithdrawalRow
from gateway.config import Settings
from gateway.errors import RejectError, RetryError, StopError
from gateway.loops import Background
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital, hospital_of
from tests.integration.gateway.test_clinical_files import GOOD
from tests.integration.gateway.test_consent_policies import say
from tests.integration.gateway.test_gateway_http import call, operator, session


def bring(hospital: Hospital, data: bytes = GOOD) -> None:
    answer = operator(hospital, "POST", "/api/v1/clinical?kind=ctcae", content=data)
    assert answer.json()["stored"] == 1


def fail(hospital: Hospital, *errors: Exception) -> None:
    archive: Any = hospital.service.world.clinical
    archive.failures.extend(errors)


def sent(hospital: Hospital) -> int:
    archive: Any = hospital.service.world.clinical
    return sum(len(batch.toxicity) for batch in archive.batches)


def counts(hospital: Hospital) -> dict[str, int]:
    return hospital.service.clinical.counts()


@pytest.fixture(params=["never begun", "begun"])
def waiting(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Hospital]:
    """A row waits; in the second case, in a batch that the archive was down for."""
    changed = settings.model_copy(update={"after_death": "stop", "on_withdrawal": "stop"})
    for hospital in hospital_of(changed):
        bring(hospital)
        if request.param == "begun":
            fail(hospital, RetryError("down"))
            with pytest.raises(RetryError):
                hospital.service.clinical_sending.send()
            assert counts(hospital)["sending"] == 1
        yield hospital


@pytest.mark.parametrize("status", ["stopped", "declined", "withdrawn", "deceased"])
def test_no_row_leaves_after_consent_has_ended(waiting: Hospital, status: str) -> None:
    say(waiting, f"ID-1,{status},2.1,2026-02-01")
    waiting.service.clinical_sending.send()
    assert sent(waiting) == 0
    assert counts(waiting) == {"withheld": 1, "held": 0}
    say(waiting, "ID-1,granted,2.2,2026-02-20")
    waiting.service.clinical_sending.send()
    assert sent(waiting) == 1
    assert counts(waiting) == {"sent": 1, "held": 0}


def test_a_death_under_a_lasting_consent_holds_nothing_back(hospital: Hospital) -> None:
    bring(hospital)
    say(hospital, "ID-1,deceased,,2026-02-01")
    hospital.service.clinical_sending.send()
    assert sent(hospital) == 1


def test_a_withdrawal_deletes_the_rows_while_the_archive_lets_nobody_in(hospital: Hospital) -> None:
    bring(hospital)
    hospital.service.departure.stop(StopError("not let in (401)"))
    say(hospital, "ID-1,withdrawn,2.1,2026-02-01")
    loops = Background(hospital.service)
    loops._erase()
    assert counts(hospital) == {"held": 0}


@pytest.mark.parametrize("loop", ["_send_clinical", "_recheck"])
def test_turned_away_anywhere_everything_stops_until_a_person_resumes(
    hospital: Hospital, loop: str
) -> None:
    bring(hospital)
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    loops = Background(hospital.service)
    fail(hospital, StopError("the archive does not let this centre in (401)"))
    hospital.archive.failures["holdings"] = [StopError("not let in (403)")]
    getattr(loops, loop)()
    hospital.archive.calls.clear()
    assert [a["code"] for a in hospital.service.alerts.open()] == ["sending-stopped"]
    asked = len(hospital.service.world.clinical.asked)  # type: ignore[attr-defined]
    loops._send_clinical()
    loops._recheck()
    assert not hospital.send()
    assert len(hospital.service.world.clinical.asked) == asked  # type: ignore[attr-defined]
    assert hospital.archive.calls == []
    hospital.service.sending.resume("operator")
    hospital.service.world.clinical.failures.clear()  # type: ignore[attr-defined]
    loops._send_clinical()
    assert sent(hospital) == 1
    assert hospital.send()


def test_the_console_sends_refused_rows_again(hospital: Hospital) -> None:
    bring(hospital)
    fail(hospital, RejectError("archive-422", "the archive refuses the clinical rows: invalid"))
    hospital.service.clinical_sending.send()
    assert counts(hospital) == {"refused": 1, "held": 0}
    cookies = session(hospital)
    assert "Send refused rows again" in call(hospital, "GET", "/clinical", cookies=cookies).text
    headers = {"Origin": "http://gateway"}
    answer = call(hospital, "POST", "/clinical/again", cookies=cookies, headers=headers)
    assert answer.status_code == 303
    hospital.service.clinical_sending.send()
    assert sent(hospital) == 1
    assert "Send refused" not in call(hospital, "GET", "/clinical", cookies=cookies).text
    assert operator(hospital, "POST", "/api/v1/clinical/again").json() == {"rows": 0}


def erase(hospital: Hospital) -> None:
    hospital.service.clinical.forget_withdrawn()
    hospital.turn()


def test_an_import_during_a_withdrawal_leaves_no_row(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = hospital.service
    add = service.clinical._store.add

    def add_late(*what: Any, **how: Any) -> Any:
        monkeypatch.undo()
        say(hospital, "ID-1,withdrawn,2.1,2026-02-01")  # another request, and the loops
        erase(hospital)
        return add(*what, **how)

    monkeypatch.setattr(service.clinical._store, "add", add_late)
    told = operator(hospital, "POST", "/api/v1/clinical?kind=ctcae", content=GOOD).json()
    assert (told["stored"], told["skipped"], told["skipped_lines"]) == (0, 1, [2])
    assert counts(hospital) == {"held": 0}


def test_a_row_that_two_writers_let_through_is_deleted_and_counted_all_the_same(
    hospital: Hospital,
) -> None:
    """On PostgreSQL an import may not see a deletion that is not written down yet."""
    say(hospital, "ID-1,withdrawn,2.1,2026-02-01")
    erase(hospital)
    with hospital.service.engine.begin() as db:
        table = ClinicalWithdrawalRow.__table__  # type: ignore[attr-defined]
        kept = db.execute(select(table)).mappings().one()
        db.execute(delete(table))
    say(hospital, "ID-1,granted,2.1,2026-02-02")
    bring(hospital)
    with hospital.service.engine.begin() as db:
        db.execute(insert(table).values(**kept))
    say(hospital, "ID-1,withdrawn,2.1,2026-02-03")
    assert counts(hospital)["waiting"] == 1
    erase(hospital)
    hospital.archive_erases()
    erase(hospital)
    assert counts(hospital) == {"held": 0}
    (receipt,) = hospital.service.recall.receipts()
    assert receipt["says"]["site"]["clinical_rows"] == 1


SAMPLE = "patient_id,happened_on,material,biobank\nID-1,2020-01-10,blood,{}\n"


def test_what_names_a_patient_is_neither_a_source_nor_a_biobank(hospital: Hospital) -> None:
    url = "/api/v1/clinical?kind=sample"
    for source in ("Virtanen Maija", "130452-308y", "a1304523", "a" * 21):
        answer = operator(
            hospital, "POST", f"{url}&source={source}", content=SAMPLE.format("BB-1").encode()
        )
        assert answer.status_code == 422
        assert source not in answer.text
    for source, biobank, column in (
        ("console", "Virtanen Maija", "biobank"),
        ("virtanen", "BB-1", "source"),
    ):
        answer = operator(
            hospital, "POST", f"{url}&source={source}", content=SAMPLE.format(biobank).encode()
        )
        (problem,) = answer.json()["problems"]
        assert (answer.status_code, problem["line"], problem["column"]) == (422, 2, column)
    assert counts(hospital).get("waiting", 0) == 0
    assert not [e for e in hospital.service.audit.entries(99) if "Maija" in e["detail"]]

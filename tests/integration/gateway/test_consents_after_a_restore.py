"""A restored gateway believes no consent of before, until a person says that the lists are in."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from gateway.adapters.restore_mark import FILE, RestoreMark
from gateway.collecting import takes_in
from gateway.config import Settings
from gateway.contract.clinical import ClinicalBatch
from gateway.contract.dimse import DimseStatus
from gateway.contract.site import ConsentSnapshot
from gateway.data.deid import load_profile
from gateway.domain.accounts import AccountRole
from gateway.errors import RetryError
from gateway.loops import Background
from gateway.services.withdrawal import WithdrawalService
from kasari.backups import keeping
from kasari.commands.gateway import backups
from kasari.errors import InputError
from plugins.site_admission import Admission, Refusal
from tests.factories import site_objects as make
from tests.factories.gateway_world import FakeClinicalArchive
from tests.integration.gateway.conftest import CONSENTS, Hospital
from tests.integration.gateway.test_gateway_http import call, operator, plugin, session

WITHDRAWN = CONSENTS.replace(b"granted", b"withdrawn").replace(b"2019-12-01", b"2024-01-01")


@pytest.fixture
def config(settings: Settings, tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yml"
    path.write_text(yaml.safe_dump(settings.model_dump(mode="json")), "utf-8")
    return path


@pytest.fixture
def restored(hospital: Hospital, config: Path, tmp_path: Path) -> Hospital:
    """Withdrawn since the backup: with it, the ledger says again that consent was granted."""
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    backups.backup(out=tmp_path / "kuh.tar", where=config)
    hospital.service.consents.import_sheet(WITHDRAWN, "operator", commit=True)
    hospital.service.close()
    backups.restore(tmp_path / "kuh.tar", where=config, replace=True)
    hospital.restart()
    assert hospital.service.consents.counts()["granted"] == 1
    return hospital


def alerts(hospital: Hospital) -> dict[str, str]:
    return {alert["code"]: alert["text"] for alert in hospital.service.alerts.open()}


def snapshot(hospital: Hospital) -> ConsentSnapshot:
    answer = plugin(hospital, "GET", "/internal/consent-snapshot")
    return ConsentSnapshot.model_validate_json(answer.content)


def is_waiting(hospital: Hospital) -> bool:
    hospital.settle()
    went = hospital.send()
    told = snapshot(hospital)
    assert went is (told.closed is None)
    return not went and (told.closed, told.admitted) == ("restored", {})


def test_nothing_is_taken_in_or_sent_and_a_person_is_told(restored: Hospital) -> None:
    assert is_waiting(restored)
    assert restored.archive.calls == []
    text = alerts(restored)["restored"]
    assert text.startswith("restored from a backup of 20")
    assert text.endswith("Import the consent lists of since, then resume sending")
    obstacle = restored.service.status.status()["departure"]["obstacle"]
    assert obstacle.startswith("restored from a backup of 20")
    assert obstacle.endswith(" UTC: import the consent lists of since, then resume sending")


def test_the_sender_hears_to_try_later(restored: Hospital) -> None:
    admission = Admission(profile := load_profile(), restored.service.naming._keys)
    admission.renew(
        snapshot(restored).model_copy(update={"policy_hash": profile.name_and_hash}),
    )
    refused = admission.decide(make.course(patient="ID-1")[0])
    assert refused == Refusal("restored", DimseStatus.OUT_OF_RESOURCES)


def test_no_restart_ends_it(restored: Hospital) -> None:
    for _ in range(2):
        Background(restored.service).forget_alerts()
        assert is_waiting(restored)
        restored.restart()
    assert "restored" in alerts(restored)


def test_whoever_withdrew_since_is_not_sent_when_a_person_resumes(restored: Hospital) -> None:
    assert is_waiting(restored)
    restored.service.consents.import_sheet(WITHDRAWN, "operator", commit=True)
    assert operator(restored, "POST", "/api/v1/sending/resume").status_code == 204
    restored.settle()
    assert not restored.send()
    assert restored.archive.calls == []
    assert snapshot(restored).closed is None
    assert alerts(restored) == {}
    assert not (restored.settings.data_folder / FILE).exists()


def test_what_is_consented_still_goes_after_the_act_which_is_audited(restored: Hospital) -> None:
    cookies = session(restored)
    assert "Resume sending" in call(restored, "GET", "/", cookies=cookies).text
    assert call(restored, "POST", "/sending/resume", cookies=cookies).status_code == 303
    restored.settle()
    assert restored.send()
    assert restored.states() == ["delivered"]
    (act,) = [e for e in restored.service.audit.entries() if e["action"] == "sending-resume"]
    assert (act["role"], act["detail"]) == ("operator", "after a restore")
    restored.restart()
    assert (snapshot(restored).closed, alerts(restored)) == (None, {})


def test_an_auditor_does_not_end_it(restored: Hospital) -> None:
    restored.service.accounts.add("otto", AccountRole.AUDITOR, "tarkastajan-salasana")
    cookies = session(restored, "otto", "tarkastajan-salasana")
    assert call(restored, "POST", "/sending/resume", cookies=cookies).status_code == 403
    assert is_waiting(restored)


def test_no_rows_leave_nothing_is_deleted_and_no_pacs_is_asked(
    restored: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinical = restored.service.world.clinical
    assert isinstance(clinical, FakeClinicalArchive)
    asked: list[str] = []
    monkeypatch.setattr(WithdrawalService, "step", lambda _self: asked.append("erase"))
    monkeypatch.setattr(WithdrawalService, "drop_unknown", lambda *_how: asked.append("drop"))
    monkeypatch.setattr(
        restored.service.clinical_sending, "send", lambda: asked.append("send") or 0
    )
    monkeypatch.setattr(restored.service.recheck, "step", lambda: asked.append("recheck"))
    loops = Background(restored.service)
    steps: list[Callable[[], object]] = [
        loops._erase,
        loops._drop_unknown,
        loops._send_clinical,
        loops._recheck,
    ]
    for step in steps:
        step()
    assert asked == []
    assert not takes_in(restored.service)
    batches: list[ClinicalBatch] = clinical.batches
    assert batches == []
    restored.service.sending.resume("operator")
    for step in steps:
        step()
    assert asked == ["erase", "drop", "send", "recheck"]


def test_a_crash_between_mark_and_database_leaves_the_mark(
    hospital: Hospital, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backups.backup(out=tmp_path / "kuh.tar", where=config)
    hospital.service.close()

    def crash(*_how: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(keeping.Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            backups.restore(tmp_path / "kuh.tar", where=config, replace=True)
    hospital.restart()
    assert is_waiting(hospital)


def test_a_backup_that_is_refused_leaves_no_mark(
    hospital: Hospital, config: Path, tmp_path: Path
) -> None:
    backups.backup(out=tmp_path / "kuh.tar", where=config)
    hospital.service.close()
    with pytest.raises(InputError, match="put aside"):
        backups.restore(tmp_path / "kuh.tar", where=config)
    hospital.restart()
    assert snapshot(hospital).closed is None


def test_a_mark_that_somebody_made_by_hand_counts(hospital: Hospital) -> None:
    """What was put back without our command, a dump of PostgreSQL for instance."""
    (hospital.settings.data_folder / FILE).touch()
    hospital.restart()
    assert is_waiting(hospital)
    assert alerts(hospital)["restored"].startswith("restored from a backup; nothing")


def test_a_mark_that_cannot_be_removed_stays_in_force(hospital: Hospital) -> None:
    mark = hospital.settings.data_folder / FILE
    mark.mkdir()
    hospital.restart()
    assert RestoreMark(mark.parent).made_at() == ""
    with pytest.raises(RetryError, match="resume sending again"):
        hospital.service.sending.resume("operator")
    assert is_waiting(hospital)
    shutil.rmtree(mark)
    hospital.service.sending.resume("operator")
    assert snapshot(hospital).closed is None

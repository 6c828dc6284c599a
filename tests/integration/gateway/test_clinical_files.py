"""Clinical files by the watched folder and by the console."""

import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.services.inbox import ALERT
from tests.integration.gateway.conftest import Hospital, hospital_of
from tests.integration.gateway.test_gateway_http import call, operator, session

GRADED = b"patient_id,assessed_on,ctcae_version,term,grade\nID-1,2020-02-14,5.0,Fatigue,%s\n"
GOOD, BAD = GRADED % b"2", GRADED % b"5"  # fatigue has no grade 5
LOG = b"step,count\neligible,40\nasked,30\nconsented,20\ndeclined,10\n"


def look(hospital: Hospital, times: int = 2) -> int:
    assert hospital.service.inbox is not None
    return sum(hospital.service.inbox.step() for _ in range(times))


def place(hospital: Hospital, word: str) -> Path:
    folder = hospital.settings.inbox_folder
    assert folder is not None
    return folder / word


def waiting(hospital: Hospital) -> int:
    return hospital.service.clinical.counts().get("waiting", 0)


def alerts(hospital: Hospital) -> list[str]:
    return [alert["code"] for alert in hospital.service.alerts.open()]


def test_a_file_that_has_come_to_rest_is_imported(hospital: Hospital) -> None:
    path = place(hospital, "ctcae") / "grades of Virtanen.csv"
    path.write_bytes(GOOD[:40])
    assert look(hospital, 1) == 0  # seen for the first time
    path.write_bytes(GOOD)
    assert look(hospital, 1) == 0  # it grows still
    assert look(hospital, 1) == 1
    assert waiting(hospital) == 1
    assert (path.parent / "done" / path.name).read_bytes() == GOOD
    assert not path.exists()
    assert look(hospital) == 0


def test_a_refused_file_lies_there_with_its_report_until_somebody_mends_it(
    hospital: Hospital,
) -> None:
    path = place(hospital, "ctcae") / "grades.csv"
    path.write_bytes(BAD)
    assert look(hospital) == 1
    refused = path.parent / "refused" / path.name
    report = json.loads(refused.with_name("grades.csv.report.json").read_text())
    (problem,) = report["problems"]
    assert (problem["line"], problem["column"]) == (2, "grade")
    assert "ID-1" not in json.dumps(report)
    assert waiting(hospital) == 0
    assert alerts(hospital) == [ALERT]
    refused.unlink()
    path.write_bytes(GOOD)
    assert look(hospital) == 1
    assert waiting(hospital) == 1
    assert alerts(hospital) == []


def test_what_was_put_away_is_deleted_when_its_days_are_over(hospital: Hospital) -> None:
    good, bad = place(hospital, "ctcae") / "good.csv", place(hospital, "ctcae") / "bad.csv"
    good.write_bytes(GOOD)
    bad.write_bytes(BAD)
    assert look(hospital) == 2
    imported, refused = good.parent / "done/good.csv", bad.parent / "refused/bad.csv"
    keep_s = hospital.settings.inbox_keep_days * 86_400
    for path in (imported, refused):  # long ago by itself; its report says when it was put away
        os.utime(path, (0, 0))
        put_away = hospital.clock.time.timestamp() - keep_s + 60
        os.utime(path.with_name(path.name + ".report.json"), (put_away, put_away))
    look(hospital)
    assert imported.exists()
    assert refused.exists()
    hospital.clock.forward(120)
    look(hospital)
    left = sorted(p.name for p in good.parent.rglob("*") if p.is_file())
    assert left == ["bad.csv.report.json"]  # somebody still has to read it
    assert alerts(hospital) == [ALERT]
    event = hospital.service.audit.entries(1)[0]
    assert (event["action"], event["detail"]) == ("inbox-delete", "2 files")


def test_a_centre_may_keep_no_file_at_all(settings: Settings) -> None:
    none = settings.model_copy(update={"inbox_keep_days": 0})
    with contextmanager(hospital_of)(none) as hospital:
        hospital.clock.time = datetime.now(UTC) + timedelta(minutes=1)
        path = place(hospital, "ctcae") / "good.csv"
        path.write_bytes(GOOD)
        assert look(hospital) == 1
        assert waiting(hospital) == 1
        assert [p for p in path.parent.rglob("*") if p.is_file()] == []


def test_every_kind_has_its_place(hospital: Hospital) -> None:
    (place(hospital, "screening") / "log.csv").write_bytes(LOG)
    (place(hospital, "kaiku") / "export.json").write_text('{"patients": []}')
    (place(hospital, "kaiku") / "export.part").write_text("not yet")
    assert look(hospital) == 2
    whole = hospital.service.recruitment.counts().groups[0]
    assert (whole.eligible, whole.declined) == (40, 10)
    assert operator(hospital, "GET", "/api/v1/recruitment").json()["groups"][0]["asked"] == 30


def send(hospital: Hospital, data: bytes, action: str, what: str = "ctcae") -> tuple[int, str]:
    answer = call(
        hospital,
        "POST",
        "/clinical",
        cookies=session(hospital),
        headers={"Origin": "http://gateway"},
        data={"what": what, "source": "console", "action": action},
        files={"file": ("grades.csv", data)},
    )
    return answer.status_code, answer.text


def test_the_console_checks_imports_and_refuses(hospital: Hospital) -> None:
    code, text = send(hospital, GOOD, "preview")
    assert (code, waiting(hospital)) == (200, 0)
    assert "Checked, nothing imported yet" in text
    code, text = send(hospital, BAD, "import")
    assert (code, waiting(hospital)) == (422, 0)
    assert "Fatigue has no grade 5" in text
    assert "ID-1" not in text
    both = GOOD + BAD.splitlines()[1].replace(b"02-14", b"02-15") + b"\n"
    assert send(hospital, both, "partial")[0] == 200
    assert waiting(hospital) == 1
    assert send(hospital, GOOD, "import")[0] == 200
    assert waiting(hospital) == 1
    assert send(hospital, GOOD, "import", "nonsense")[0] == 404


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_console_asks_who_it_is(hospital: Hospital, method: str) -> None:
    answer = call(hospital, method, "/clinical")
    assert answer.status_code in {303, 422}

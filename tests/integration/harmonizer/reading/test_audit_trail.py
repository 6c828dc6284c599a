"""The audit trail as its reader sees it: who read what; for admins, and itself recorded."""

import json
from pathlib import Path

from typer.testing import CliRunner

from kasari.commands.archive import app
from tests.integration.harmonizer.reading.conftest import LEFT_KUH, LEFT_TYKS, TOKENS, Archive


def read(archive: Archive, *courses: str) -> None:
    for uid in courses:
        assert archive.get(f"/api/v1/courses/{uid}").status_code == 200


def test_an_admin_finds_who_read_a_course(archive: Archive) -> None:
    read(archive, LEFT_KUH.course_uid, LEFT_TYKS.course_uid)
    path = f"/api/v1/audit?who=a-researcher&subject={LEFT_TYKS.course_uid}"
    found = archive.get(path, "admin").json()
    assert {event["caller"] for event in found} == {"a-researcher"}
    assert all(LEFT_TYKS.course_uid in event["subject"] for event in found)
    numbers = [event["sequence"] for event in found]
    assert numbers == sorted(numbers, reverse=True)
    (newest, *_) = archive.get("/api/v1/audit?limit=1", "admin").json()
    assert (newest["caller"], newest["action"]) == ("a-admin", "read-audit")
    older = archive.get(f"/api/v1/audit?before={newest['sequence']}&limit=3", "admin").json()
    assert [e["sequence"] for e in older] == [newest["sequence"] - n for n in (1, 2, 3)]


def test_a_part_of_a_subject_is_no_pattern(archive: Archive) -> None:
    read(archive, LEFT_KUH.course_uid)
    assert archive.get("/api/v1/audit?subject=%25&who=a-researcher", "admin").json() == []
    assert archive.get("/api/v1/audit?subject=2_25.&who=a-researcher", "admin").json() == []


def test_only_an_admin_sees_it(archive: Archive) -> None:
    for role in ("researcher", "curator"):
        assert archive.get("/api/v1/audit", role).status_code == 403
        assert archive.get("/audit", role).status_code == 403
        assert 'href="/audit"' not in archive.get("/quality", role).text
    assert 'href="/audit"' in archive.get("/quality", "admin").text


def test_the_page_shows_what_was_asked_for(archive: Archive) -> None:
    read(archive, LEFT_KUH.course_uid)
    shown = archive.get("/audit?who=a-researcher", "admin").text
    assert LEFT_KUH.course_uid in shown
    assert "<td>a-admin</td>" not in shown
    assert "No event is like that." in archive.get("/audit?who=nobody", "admin").text


def test_the_command_shows_the_same(address: str, archive: Archive, tmp_path: Path) -> None:
    read(archive, LEFT_KUH.course_uid)
    token = tmp_path / "token"
    token.write_text(TOKENS["admin"])
    door = ("--url", address, "--token-file", str(token))
    asked = ("audit", "--who", "a-researcher", "--subject", LEFT_KUH.course_uid)
    runner = CliRunner(env={"COLUMNS": "200"})
    shown = runner.invoke(app, [*asked, *door]).stdout
    assert LEFT_KUH.course_uid in shown
    found = json.loads(runner.invoke(app, [*asked, "--json", *door]).stdout)
    assert {event["caller"] for event in found} == {"a-researcher"}

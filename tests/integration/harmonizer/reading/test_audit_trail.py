"""The audit trail as its reader sees it: who read what; for admins, and itself recorded."""

import json
import re
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from harmonizer.api.studies import STATUS
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


def test_a_damaged_event_is_shown_as_it_stands(archive: Archive) -> None:
    read(archive, LEFT_KUH.course_uid)
    with archive.app.state.audit._engine.begin() as connection:
        connection.execute(text("update audit set at = 'garbage' where sequence = 1"))
    shown = archive.get("/audit?who=a-researcher", "admin")
    assert shown.status_code == 200
    assert LEFT_KUH.course_uid in shown.text
    assert '<td class="time">garbage</td>' in shown.text
    assert "garbage" in {one["at"] for one in archive.get("/api/v1/audit", "admin").json()}
    assert archive.app.state.audit.first_break() == 1


def listed(page: str) -> list[str]:
    """Return what was read, as the page's rows say."""
    return re.findall(r'<td class="subject">([^<]*)</td>', page)


def test_programs_that_ask_for_the_status_drown_nothing(archive: Archive) -> None:
    read(archive, LEFT_KUH.course_uid)
    for _ in range(60):
        assert archive.get("/api/v1/status").status_code == 200
    shown = archive.get("/audit", "admin").text
    assert LEFT_KUH.course_uid in listed(shown)
    assert STATUS not in listed(shown)
    everything = archive.get("/audit?status=true", "admin").text
    assert listed(everything)[:50].count(STATUS) > 40
    assert 'name="status" value="true" checked' in everything
    found = archive.get(f"/api/v1/audit?subject={STATUS}", "admin").json()
    assert len(found) >= 60  # the record is whole
    assert STATUS in listed(archive.get(f"/audit?subject={STATUS}", "admin").text)


@pytest.mark.parametrize(
    ("asked", "seen", "unseen"),
    [
        ("who=a-researcher", LEFT_TYKS.course_uid, STATUS),
        ("who=a-curator&status=true", STATUS, LEFT_TYKS.course_uid),
    ],
)
def test_older_pages_go_on_as_the_first_began(
    archive: Archive, asked: str, seen: str, unseen: str
) -> None:
    for _ in range(55):
        archive.get("/api/v1/status", "curator")
        archive.get("/api/v1/status")
        read(archive, LEFT_TYKS.course_uid)
    subjects: list[str] = []
    path = f"/audit?{asked}"
    while path:
        page = archive.get(path, "admin").text
        subjects += listed(page)
        older = re.search(r'href="(/audit[^"]*)" rel="next"', page)
        path = unescape(older[1]) if older else ""
    assert subjects.count(seen) >= 55
    assert unseen not in subjects


def test_only_the_question_itself_is_left_out(archive: Archive) -> None:
    """Else whoever gives something that name could hide what was done."""
    archive.app.state.audit.record("a-curator", "curator", "names.decide", STATUS)
    assert listed(archive.get("/audit", "admin").text).count(STATUS) == 1


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

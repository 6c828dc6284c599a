"""`kasari fhir COURSE`: by the end of its UID, to the screen or into a file."""

import json
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from kasari.__main__ import app, register
from kasari.commands import fhir
from kasari.doors import Door
from kasari.errors import InputError

register("fhir")
BUNDLE = {"resourceType": "Bundle", "entry": [{"resource": {"id": "ä"}}, {}]}
COURSES = [{"course_uid": uid} for uid in ("2.25.111222", "2.25.333222", "2.25.333444")]


@pytest.fixture(autouse=True)
def _archive(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v1/courses":
            return httpx.Response(200, json=COURSES)
        assert request.url.path == "/api/v1/courses/2.25.111222/fhir"
        return httpx.Response(200, json=BUNDLE)

    door = Door("http://archive", transport=httpx.MockTransport(answer))
    monkeypatch.setattr(fhir, "archive_door", lambda *_where: door)


@pytest.mark.parametrize("course", ["2.25.111222", "…11222", "1222"])
def test_the_bundle_of_the_only_course_that_ends_so(course: str, tmp_path: Path) -> None:
    call = CliRunner().invoke
    assert json.loads(call(app, ["fhir", course]).stdout) == BUNDLE
    out = tmp_path / "course.json"
    assert "2 resources" in call(app, ["fhir", course, "--out", str(out)]).stderr
    assert json.loads(out.read_text("utf-8")) == BUNDLE


@pytest.mark.parametrize(
    ("course", "text"), [("222", "2 courses end so"), ("9", "no course ends so")]
)
def test_an_end_that_tells_no_course(course: str, text: str) -> None:
    told = CliRunner().invoke(app, ["fhir", course]).exception
    assert isinstance(told, InputError)
    assert text in str(told)

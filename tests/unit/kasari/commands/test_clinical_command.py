"""`kasari clinical import --centre C FILE`: nothing else needs to be said of a plain file."""

from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from kasari.commands import clinical
from kasari.doors import Door
from kasari.errors import InputError

GRADED = "patient_id,assessed_on,ctcae_version,term,grade\nX,2020-02-14,5.0,Fatigue,2\n"


class Gateway:
    """Answers as a gateway does, and remembers what it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[dict[str, str]] = []
        self.problems: list[dict[str, object]] = []
        door = Door("http://g", transport=httpx.MockTransport(self._answer))
        monkeypatch.setattr(clinical, "gateway_door", lambda *_where: door)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(dict(request.url.params))
        said = {"rows": 1, "stored": 1, "problems": self.problems}
        return httpx.Response(200, json=said | {"skipped": 2, "skipped_lines": [4, 9]})


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    return Gateway(monkeypatch)


def run(*words: str) -> None:
    result = CliRunner().invoke(clinical.app, ["import", "--centre", "KUH", *words])
    if result.exception:
        raise result.exception


@pytest.mark.parametrize(
    ("name", "text", "form", "kind"),
    [
        ("ctcae.csv", GRADED, "csv", "ctcae"),
        ("bundle.json", '{"resourceType": "Bundle", "entry": []}', "fhir", None),
        ("kaiku.json", '{"patients": []}', "kaiku", None),
        ("redcap.csv", "record_id,qlqc30_q1\n1,2\n", "redcap", None),
    ],
)
def test_a_file_is_enough(
    gateway: Gateway, tmp_path: Path, name: str, text: str, form: str, kind: str | None
) -> None:
    path = tmp_path / name
    path.write_text(text)
    run(str(path))
    (asked,) = gateway.asked
    assert (asked["form"], asked.get("kind"), asked["source"]) == (form, kind, form)


def test_what_is_said_goes_before_what_is_guessed(gateway: Gateway, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(GRADED)
    run(str(path), "--kind", "prom", "--source", "ois", "--partial")
    (asked,) = gateway.asked
    assert (asked["kind"], asked["source"], asked["partial"]) == ("prom", "ois", "true")


def test_lines_of_patients_without_a_consent_are_told(gateway: Gateway, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(GRADED)
    result = CliRunner().invoke(clinical.app, ["import", "--centre", "KUH", str(path)])
    assert "unknown patient: lines 4, 9; correct the number" in result.stderr


def test_problems_end_in_an_error(gateway: Gateway, tmp_path: Path) -> None:
    gateway.problems = [{"line": 2, "column": "grade", "reason": "r", "mend": "m"}]
    path = tmp_path / "x.csv"
    path.write_text(GRADED)
    with pytest.raises(InputError, match="1 problems; nothing was imported"):
        run(str(path))

"""What a researcher takes out, with an address and a token file: no stack is on this machine."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kasari.__main__ import app, register
from kasari.errors import InputError
from tests.integration.harmonizer.reading.conftest import LEFT_KUH, TOKENS

for word in ("extract", "fhir", "recruitment", "table"):
    register(word)

WEIGHTS = ("recruitment", "weights", "--instrument", "qlq-c30", "--timepoint", "baseline")


def run(address: str, token: str, folder: Path, *words: str) -> str:
    file = folder / "token"
    file.write_text(token + "\n")
    result = CliRunner().invoke(app, [*words, "--url", address, "--token-file", str(file)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_tables_and_extract(address: str, tmp_path: Path) -> None:
    token = TOKENS["researcher"]
    for words in (("table",), ("table", "--form", "long"), ("extract",)):
        out = tmp_path / "out.csv"
        run(address, token, tmp_path, *words, "--out", str(out))
        header, *rows = list(csv.reader(out.open(encoding="utf-8")))
        assert all(len(row) == len(header) for row in rows), words
    with pytest.raises(InputError, match="patients who answered and who did not"):
        run(address, token, tmp_path, *WEIGHTS, "--out", str(tmp_path / "weights.csv"))
    parquet = tmp_path / "out.parquet"
    for word in ("table", "extract"):
        run(address, token, tmp_path, word, "--out", str(parquet))
        assert parquet.read_bytes()[:4] == b"PAR1"
    with pytest.raises(InputError, match="holds no such course"):
        run(address, token, tmp_path, "fhir", LEFT_KUH.course_uid[-8:])
    assert json.loads(run(address, token, tmp_path, "recruitment", "show", "--json")) == []
    assert {path.name for path in tmp_path.iterdir()} >= {"out.csv", "out.parquet"}
    assert not list(tmp_path.glob("*.part"))


def test_a_token_that_is_refused_writes_nothing(address: str, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    for words in (("table",), ("extract",), WEIGHTS):
        with pytest.raises(InputError, match="a token is needed"):
            run(address, "guessed-token-0000", tmp_path, *words, "--out", str(out))
    with pytest.raises(InputError, match="a token is needed"):
        run(address, "guessed-token-0000", tmp_path, "fhir", LEFT_KUH.course_uid)
    assert [path.name for path in tmp_path.iterdir()] == ["token"]

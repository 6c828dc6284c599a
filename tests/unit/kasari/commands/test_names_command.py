"""`kasari names`: tables in, tables out, one line where a file cannot be used."""

import csv
import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from typer.testing import CliRunner

from benchmarks.dose_files import object_of, structure_file, to_bytes
from harmonizer.domain.dose.structures import Contour, Roi
from harmonizer.errors import DataError
from kasari.commands.names import app
from kasari.errors import InputError


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=True)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_is_mapped_row_by_row(tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("raw_name,note\nvas keuhko,a\nRing PTV,b\n,c\n", "utf-8")
    assert "1 may be applied unseen" in run("map", "--in", source, "--out", out)
    lung, ring, empty = rows(out)
    assert (lung["tg263_name"], lung["auto"], lung["kind"]) == ("Lung_L", "true", "organ")
    assert lung["note"] == "a"
    assert (ring["tg263_name"], ring["status"], ring["kind"]) == ("", "helper", "helper")
    assert (empty["status"], empty["kind"]) == ("unmapped", "unknown")


@pytest.mark.parametrize(
    "data",
    [
        "raw_name;note\nSydän;x\n".encode("cp1252"),
        "\ufeffraw_name\tnote\nSydän\tx\n".encode(),
        "raw_name\tnote\r\nSydän\tx\r\n".encode("utf-16"),
        b'raw_name,note\r\n"Syd\xc3\xa4n",x\r\n',
    ],
)
def test_tables_of_other_programs_are_read(tmp_path: Path, data: bytes) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(data)
    run("map", "--in", source, "--out", out)
    assert rows(out)[0]["tg263_name"] == "Heart"


def test_columns_of_the_course_are_used(tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(
        "raw_name,laterality,interpreted_type\nipsi lung,R,ORGAN\nleft lung,,BOLUS\n", "utf-8"
    )
    run("map", "--in", source, "--out", out)
    assert [row["tg263_name"] for row in rows(out)] == ["Lung_R", ""]


def test_rows_of_one_structure_set_know_each_other(tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("raw_name,structure_set\nleft lung,a\nLunge li,a\nleft lung,b\n", "utf-8")
    run("map", "--in", source, "--out", out)
    assert [row["finding"] for row in rows(out)] == ["NAME-SHARED", "NAME-SHARED", ""]
    assert [row["auto"] for row in rows(out)] == ["false", "false", "true"]


def test_rules_and_json(tmp_path: Path) -> None:
    source, out, rules = tmp_path / "in.csv", tmp_path / "out.csv", tmp_path / "rules.yaml"
    source.write_text("raw_name\nOAR 7\n", "utf-8")
    rules.write_text(
        "version: 3\nrules:\n- {local_name: oar_7, tg263_name: Parotid_L, centre: KUH,"
        " author: A, reason: r, decided_on: 2026-01-01}\n",
        "utf-8",
    )
    told = json.loads(
        run("map", "--in", source, "--out", out, "--rules", rules, "--centre", "KUH", "--json")
    )
    assert (told["names"], told["applied"], told["statuses"]) == (1, 1, {"rule": 1})
    run("map", "--in", source, "--out", out, "--rules", rules)
    assert rows(out)[0]["status"] == "unmapped"


def test_rules_are_checked_and_previewed(tmp_path: Path) -> None:
    header = "local_name,tg263_name,author,reason,decided_on\n"
    good, bad, names = tmp_path / "good.csv", tmp_path / "bad.csv", tmp_path / "names.csv"
    good.write_text(f"{header}OAR 7,Parotid_L,A,r,2026-01-01\n", "utf-8")
    bad.write_text(
        f"{header}OAR 7,Parotis,A,r,2026-01-01\nx,-,A,r,2026-01-01\nX,-,A,r,2026-01-01\n"
    )
    names.write_text("raw_name,centre\noar_7,KUH\noar_7,KUH\nHeart,KUH\n", "utf-8")
    told = run("check", good, "--in", names)
    assert "2 x oar_7 at KUH: no name -> Parotid_L" in told
    assert "Heart" not in told
    found = json.loads(run("check", good, "--in", names, "--json"))
    assert [(c["local_name"], c["before"], c["after"]) for c in found["changes"]] == [
        ("oar_7", None, "Parotid_L")
    ]
    refused = run("check", bad, code=1)
    assert "no name of the standard" in refused
    assert "twice" in refused


def test_rules_that_contradict_are_refused(tmp_path: Path) -> None:
    rules = tmp_path / "rules.csv"
    rules.write_text(
        "local_name,tg263_name,author,reason,decided_on\nx,Heart,A,r,2026-01-01\nX,Liver,B,r,2026-01-01\n",
        "utf-8",
    )
    with pytest.raises(InputError, match="contradicts"):
        run("explain", "x", "--rules", rules)


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "cannot be read"), ("name\nx\n", "no column raw_name"), ("", "the file is empty")],
)
def test_a_file_that_cannot_be_used_is_one_line(
    tmp_path: Path, content: str | None, says: str
) -> None:
    source = tmp_path / "in.csv"
    if content is not None:
        source.write_text(content, "utf-8")
    with pytest.raises(InputError, match=says):
        run("map", "--in", source, "--out", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_explain_says_why() -> None:
    told = run("explain", "vas keuhko")
    assert "Lung_L" in told
    assert "'keuhko' = lung (fi)" in told
    assert json.loads(run("explain", "vas keuhko", "--json"))["auto"] is True
    assert "no standard name" in run("explain", "Structure1")


def test_missing_options_are_code_2(tmp_path: Path) -> None:
    run("map", "--out", tmp_path / "o.csv", code=2)


def test_a_structure_set_is_renamed(tmp_path: Path) -> None:
    corners = np.array([(0.0, 0.0, 0.0), (9.0, 0.0, 0.0), (9.0, 9.0, 0.0)])
    rois = [Roi(1, "vas keuhko", (Contour(corners),)), Roi(2, "Xyzzy 12", (Contour(corners),))]
    source, out = tmp_path / "rs.dcm", tmp_path / "rs263.dcm"
    source.write_bytes(structure_file(rois))
    assert "1 of 2 regions" in run("rename", "--in", source, "--out", out)
    names = [item.ROIName for item in pydicom.dcmread(out).StructureSetROISequence]
    assert names == ["Lung_L", "Xyzzy 12"]
    told = json.loads(run("rename", "--in", source, "--out", out, "--json"))
    assert [row["status"] for row in told["regions"]] == ["suggested", "unmapped"]


def test_what_is_no_structure_set_is_not_renamed(tmp_path: Path) -> None:
    source, out = tmp_path / "rs.dcm", tmp_path / "out.dcm"
    source.write_bytes(to_bytes(object_of("1.2.840.10008.5.1.4.1.1.2", "2.25.9", "CT")))
    with pytest.raises(DataError, match="RTSTRUCT"):
        run("rename", "--in", source, "--out", out)
    assert not out.exists()

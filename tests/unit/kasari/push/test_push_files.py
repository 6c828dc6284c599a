"""What is sent of a folder, what is named and left out, and what is remembered."""

from pathlib import Path

import pytest
from pydicom import config

from kasari.errors import InputError
from kasari.push import Ledger, find_files
from tests.factories.identified import ct_slice

ODD_LENGTH = "02000000554c0300010000"
"""File meta information whose group length, four bytes by its kind, has three."""


def test_every_file_is_either_sent_or_named(tmp_path: Path) -> None:
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/one").write_bytes(ct_slice(1))
    (tmp_path / "two.dcm").write_bytes(ct_slice(2))
    (tmp_path / "readme.txt").write_text("text", "utf-8")
    (tmp_path / "empty.dcm").write_bytes(b"")
    (tmp_path / "cut.dcm").write_bytes(ct_slice(3)[:-4])
    (tmp_path / "directory").write_bytes(ct_slice(4, SOPClassUID="1.2.840.10008.1.3.10"))
    (tmp_path / "length").write_bytes(bytes(128) + b"DICM" + bytes.fromhex(ODD_LENGTH))
    found = find_files(tmp_path)
    assert [file.path.name for file in found.files] == ["one", "two.dcm"]
    assert {path.name: why.split(":")[0] for path, why in found.skipped.items()} == {
        "readme.txt": "not DICOM",
        "empty.dcm": "not DICOM",
        "length": "not DICOM",
        "cut.dcm": "damaged",
        "directory": "a DICOMDIR, not an object",
    }


def test_a_file_knows_what_an_association_must_carry(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(ct_slice())
    (file,) = find_files(tmp_path).files
    assert file.context == ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1")
    assert file.size == len(ct_slice())


@pytest.mark.parametrize("name", ["absent", "file", "empty"])
def test_a_folder_that_cannot_be_pushed_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=name):
        find_files(tmp_path / name)


def test_the_ledger_remembers_over_starts(tmp_path: Path) -> None:
    path = tmp_path / "site/pushed"
    ledger = Ledger(path)
    ledger.add(b"a" * 32)
    ledger.add(b"a" * 32)
    ledger.add(b"b" * 32)
    assert path.stat().st_size == 64
    again = Ledger(path)
    assert b"a" * 32 in again
    assert b"c" * 32 not in again


def test_a_ledger_that_a_kill_cut_loses_the_last_line_only(tmp_path: Path) -> None:
    path = tmp_path / "pushed"
    path.write_bytes(b"a" * 32 + b"b" * 7)
    ledger = Ledger(path)
    ledger.add(b"c" * 32)
    again = Ledger(path)
    assert b"a" * 32 in again
    assert b"c" * 32 in again


def test_an_odd_value_is_neither_judged_nor_quoted(tmp_path: Path) -> None:
    """pydicom would warn and quote the value; here a warning is an error."""
    odd = ct_slice().replace(b"1.2.246.999.41.1.1", b"1.2.246.999.41.01x")
    (tmp_path / "odd.dcm").write_bytes(odd)
    assert len(find_files(tmp_path).files) == 1
    assert config.settings.reading_validation_mode == config.WARN

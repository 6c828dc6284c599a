"""Files that a person named: read with a plain word, written whole or not at all."""

from pathlib import Path

import pytest

from kasari.errors import InputError
from kasari.files import read_file, written_whole


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("before", "ascii")
    with written_whole(out) as part:
        part.write_text("after", "ascii")
        assert out.read_text("ascii") == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert out.read_text("ascii") == "after"


@pytest.mark.parametrize("reason", [OSError(28, "No space left on device"), KeyError("fault")])
def test_nothing_is_left_of_what_was_not_written_whole(tmp_path: Path, reason: Exception) -> None:
    out = tmp_path / "out.csv"
    out.write_text("before", "ascii")

    def half() -> None:
        with written_whole(out) as part:
            part.write_text("half", "ascii")
            raise reason

    with pytest.raises((InputError, KeyError)):
        half()
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert out.read_text("ascii") == "before"


def test_a_link_stays_one_as_that_of_standard_output(tmp_path: Path) -> None:
    out, link = tmp_path / "out.csv", tmp_path / "link"
    link.symlink_to(out)
    with written_whole(link) as part:
        part.write_text("written", "ascii")
    assert link.is_symlink()
    assert out.read_text("ascii") == "written"


def test_a_folder_is_told_as_what_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_file(tmp_path)
    refused = pytest.raises(InputError, match="cannot be written: Is a directory")
    with refused, written_whole(tmp_path) as part:
        part.write_text("x", "ascii")
    assert tmp_path.is_dir()

"""RTSTRUCT: the fast way and the plain way give the same; odd contours stop nothing."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.dose_files import structure_file
from harmonizer.adapters.dicomrt import read_structure_set
from harmonizer.adapters.dicomrt import structure_set as module
from harmonizer.adapters.dicomrt.contour_bytes import UnusualError, split_contours
from harmonizer.adapters.dicomrt.decimal_text import parse_numbers
from harmonizer.domain.dose import Contour, Roi, StructureSet
from harmonizer.errors import DataError


def roi(number: int, name: str, planes: int) -> Roi:
    ring = np.array([[0.0, 0, 0], [30.125, 0, 0], [30, 30, 0], [-0.5, 30, 0]])
    contours = tuple(Contour(ring + np.array([0, 0, 3.0 * i])) for i in range(planes))
    return Roi(number, name, contours, "ORGAN", "2.25.12")


def same(a: StructureSet, b: StructureSet) -> bool:
    names = [(r.number, r.name, r.interpreted_type, len(r.contours)) for r in a.rois]
    others = [(r.number, r.name, r.interpreted_type, len(r.contours)) for r in b.rois]
    points = zip(
        [c.points for r in a.rois for c in r.contours],
        [c.points for r in b.rois for c in r.contours],
        strict=True,
    )
    return names == others and all(np.array_equal(p, q) for p, q in points)


@pytest.mark.parametrize("explicit", [True, False])
@pytest.mark.parametrize("closed", [True, False])
def test_contours_come_back(explicit: bool, closed: bool) -> None:
    written = [roi(3, "Heart", 20), roi(5, "Empty", 0), roi(7, "Sydän", 2)]
    found = read_structure_set(structure_file(written, explicit, closed))
    assert same(found, StructureSet(tuple(written)))
    assert found.rois[0].slice_spacing_mm == 3.0


def plain(data: bytes, monkeypatch: pytest.MonkeyPatch) -> StructureSet:
    def unusual(_: bytes) -> None:
        raise UnusualError

    with monkeypatch.context() as patch:
        patch.setattr(module, "split_contours", unusual)
        return read_structure_set(data)


@pytest.mark.filterwarnings("ignore")  # some public files are odd on purpose; pydicom says so
def test_both_ways_agree_on_every_public_structure_set(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = 0
    for path in sorted((shared / "data").rglob("*.dcm")):
        data = path.read_bytes()
        try:
            fast = read_structure_set(data)
        except DataError:
            continue
        assert same(fast, plain(data, monkeypatch)), path.name
        seen += 1
    assert seen >= 5


def test_cut_bytes_raise_a_clear_error_or_read_what_is_there() -> None:
    data = structure_file([roi(3, "Heart", 20)])
    for end in range(150, len(data), 397):
        try:
            read_structure_set(data[:end])
        except DataError as error:
            assert error.code in {"NOT-DICOM", "WRONG-MODALITY"}  # noqa: PT017


def test_a_sequence_that_claims_to_be_longer_than_the_file_is_unusual() -> None:
    with pytest.raises(UnusualError):
        split_contours(structure_file([roi(3, "Heart", 20)])[:-4000])


NUMBERS = st.lists(st.floats(-9999, 9999).map(lambda v: f"{v:.6g}"), min_size=60, max_size=90)


@given(NUMBERS)
def test_many_numbers_are_what_python_reads(parts: list[str]) -> None:
    found = parse_numbers("\\".join(parts).encode())
    assert found.tolist() == [float(part) for part in parts]


@pytest.mark.parametrize("bad", [b"1\\x\\3", b"1\\\\3", b"1.2.3\\1", b"--1", b"1-2"])
def test_what_is_no_number_gives_none(bad: bytes) -> None:
    assert parse_numbers(bad).size == 0
    assert parse_numbers(b"1.5\\" * 80 + bad).size == 0

"""Identifiers planted into every text and every item of real objects, at every depth they have."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.config import disable_value_validation

from gateway.domain.deid import read_identity
from gateway.errors import RejectError
from tests.factories import engine, leaks
from tests.factories.leaks import traces

SETS = (
    "eclipse-breast-boost",
    "mirp-sts-003",
    "rtutils-mim",
    "varian-ion-plan",
    "oncentra-singles",
    "rtimage-epid",
    "pymedphys-orientations",
)
LARGEST = 3_000_000
PER_KIND = 4
TEXT = {"LO", "SH", "ST", "LT", "UT", "UC", "PN", "CS"}
KEPT = {"SpecificCharacterSet", "Modality", "PatientID", "BurnedInAnnotation"}


def real_files(shared: Path) -> Iterator[Path]:
    """A few files of each kind and set."""
    for name in SETS:
        seen: dict[str, int] = {}
        for path in sorted((shared / "data" / name).rglob("*")):
            if not path.is_file() or path.stat().st_size > LARGEST:
                continue
            try:
                kind = read_identity(path.read_bytes()).sop_class_uid
            except RejectError:
                continue
            seen[kind] = seen.get(kind, 0) + 1
            if kind in engine.PROFILE.objects and seen[kind] <= PER_KIND:
                yield path


def plant_everywhere(dataset: Dataset) -> int:
    """Every text becomes a name, and every item gets more; returns how many data sets it did."""
    count = 1
    for element in list(dataset):
        if element.VR == "SQ":
            count += sum(plant_everywhere(item) for item in element.value)
        elif element.VR in TEXT and element.keyword not in KEPT:
            element.value = f"{leaks.FAMILY} {leaks.GIVEN}"
    dataset.PatientComments = leaks.CODE
    dataset.InstitutionAddress = leaks.STREET
    dataset.add_new(0x32530010, "LO", leaks.STAFF)
    dataset.add_new(0x32531001, "OB", leaks.BLOB + b" " * (len(leaks.BLOB) % 2))
    return count


def test_nothing_that_was_planted_comes_out(shared: Path) -> None:
    files = list(real_files(shared))
    assert len(files) >= 20
    planted = 0
    for path in files:
        with disable_value_validation():
            dataset = dcmread(path)
            if dataset.file_meta.TransferSyntaxUID.is_compressed:
                continue  # pydicom does not write fragments of odd length as they were
            dataset.PatientID = leaks.CODE
            planted += plant_everywhere(dataset)
            buffer = BytesIO()
            dataset.save_as(buffer)
        written = engine.national_bytes(buffer.getvalue())
        assert traces(written) == [], path.name
    assert planted > 1000


def test_real_objects_pass_both_stages_and_the_checker(shared: Path) -> None:
    for path in real_files(shared):
        data = path.read_bytes()
        if not read_identity(data).patient_id:
            continue
        site = engine.site_bytes(data)
        assert engine.objections(data, site, stage="site") == [], path.name
        assert engine.objections(data, engine.national_bytes(data)) == [], path.name


@pytest.mark.parametrize("name", ["eclipse-breast-boost"])
def test_every_reference_of_a_real_course_still_resolves(shared: Path, name: str) -> None:
    before: dict[str, frozenset[str]] = {}
    after: dict[str, frozenset[str]] = {}
    for path in sorted((shared / "data" / name).rglob("*")):
        if not path.is_file() or b"DICM" not in path.read_bytes()[:132]:
            continue
        data = path.read_bytes()
        for found, dataset in ((before, dcmread(path)), (after, engine.after_both(data))):
            found[str(dataset.SOPInstanceUID)] = references(dataset)
    resolved = [sum(len(to & set(found)) for to in found.values()) for found in (before, after)]
    assert resolved[0] == resolved[1] == 101
    assert not set(before) & set(after)


def references(dataset: Dataset) -> frozenset[str]:
    found = (e.value for e in dataset.iterall() if e.keyword == "ReferencedSOPInstanceUID")
    return frozenset(map(str, found))

"""Depth of sequences from bytes alone, in every way that they can be written."""

from dataclasses import astuple
from io import BytesIO
from random import Random

import httpx
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from harmonizer.adapters.nesting import UnreadableError, outline
from harmonizer.adapters.orthanc import OrthancArchive
from harmonizer.domain.studies import InstanceKey
from harmonizer.errors import RefusedError

SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)


KEY = InstanceKey("FIPATIENT", "2.25.3", "2.25.2", "2.25.1")


def belongs(dataset: Dataset, **other: str) -> Dataset:
    dataset.PatientID, dataset.StudyInstanceUID = KEY.national_id, KEY.study_instance_uid
    dataset.SeriesInstanceUID, dataset.SOPInstanceUID = "2.25.2", "2.25.1"
    for keyword, value in other.items():
        setattr(dataset, keyword, value)
    return dataset


def nested(depth: int, undefined: bool = False) -> Dataset:
    """Sequences within each other, with an element before and after each."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, "2.25.1"
    dataset.SeriesDescription = "around"
    if depth:
        inner = nested(depth - 1, undefined)
        inner.is_undefined_length_sequence_item = undefined
        dataset.ReferencedSeriesSequence = [Dataset(), inner]
        dataset["ReferencedSeriesSequence"].is_undefined_length = undefined
    dataset.ContentLabel = "AFTER"
    return dataset


def written(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    out = BytesIO()
    dcmwrite(out, dataset, enforce_file_format=True)
    return out.getvalue()


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.name)
@pytest.mark.parametrize("undefined", [False, True], ids=["lengths", "delimiters"])
@pytest.mark.parametrize("depth", [0, 1, 2, 16, 45])
def test_the_depth_is_that_of_the_dataset(syntax: str, undefined: bool, depth: int) -> None:
    assert outline(written(nested(depth, undefined), syntax)).depth == depth


def test_pixels_are_passed_over_whatever_they_hold() -> None:
    looks_like_a_sequence = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" * 100
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        dataset = nested(1)
        dataset.add_new(0x7FE00010, "OW", looks_like_a_sequence)
        assert outline(written(dataset, syntax)).depth == 1
    dataset = nested(2)
    dataset.add_new(0x7FE00010, "OB", encapsulate([looks_like_a_sequence, b"\0\0"]))
    dataset["PixelData"].is_undefined_length = True
    assert outline(written(dataset, JPEGBaseline8Bit)).depth == 2


@pytest.mark.parametrize("length", ["defined", "undefined"])
def test_a_sequence_that_calls_itself_unknown_is_seen(length: str) -> None:
    """Its content is implicit VR (PS3.5 6.2.2): readers turn it into a sequence."""
    level = b""
    for _ in range(30):
        item = b"\xfe\xff\x00\xe0" + len(level).to_bytes(4, "little") + level
        level = b"\x09\x00\x10\x10" + len(item).to_bytes(4, "little") + item
    item = b"\xfe\xff\x00\xe0" + len(level).to_bytes(4, "little") + level
    size, end = len(item).to_bytes(4, "little"), b""
    if length == "undefined":
        size, end = b"\xff\xff\xff\xff", b"\xfe\xff\xdd\xe0\0\0\0\0"
    data = written(nested(0)) + b"\x11\x00\x10\x10UN\0\0" + size + item + end
    assert outline(data).depth == 31


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.name)
def test_whose_it_is_stands_outside_of_every_sequence(syntax: str) -> None:
    dataset = belongs(nested(0))
    inner = belongs(Dataset(), PatientID="FIOTHER", SOPInstanceUID="2.25.8")
    dataset.ReferencedStudySequence = [inner]
    assert outline(written(dataset, syntax)).identity == astuple(KEY)


def test_an_object_that_says_twice_whose_it_is_is_unreadable() -> None:
    other = b"\x10\x00\x20\x00LO\x08\x00FIOTHER "
    with pytest.raises(UnreadableError, match="twice"):
        outline(written(belongs(nested(0))) + other)


def test_a_sequence_in_the_file_meta_information_is_refused() -> None:
    """Its depth is not counted, and a reader calls itself for each level all the same."""
    data = written(nested(0))
    level = b""
    for _ in range(60):
        item = b"\xfe\xff\x00\xe0" + len(level).to_bytes(4, "little") + level
        level = b"\x02\x00\x00\x01SQ\0\0" + len(item).to_bytes(4, "little") + item
    at = data.index(b"\x08\x00\x16\x00")
    with pytest.raises(UnreadableError, match="meta"):
        outline(data[:at] + level + data[at:])


def test_what_is_cut_off_or_no_dicom_is_unreadable() -> None:
    data = written(nested(3, undefined=True))
    for bad in (b"", b"not DICOM" * 50, data[:-4], data[: len(data) // 2] + b"\xff" * 7):
        with pytest.raises(UnreadableError):
            outline(bad)


def test_damaged_bytes_end_in_a_depth_or_in_our_error() -> None:
    chance = Random(4)
    whole = written(nested(6, undefined=True)), written(nested(6))
    refused = 0
    for number in range(2000):
        data = bytearray(whole[number % 2])
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(132, len(data))] = chance.randrange(256)
        try:
            assert outline(bytes(data[: chance.randrange(132, len(data) + 1)])).depth >= 0
        except UnreadableError:
            refused += 1
    assert refused


def test_nothing_too_deep_reaches_the_store() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json={"Status": "Success"})

    with httpx.Client(base_url="http://o", transport=httpx.MockTransport(answer)) as client:
        store = OrthancArchive(client)
        store.put(KEY, written(belongs(nested(16))))
        assert asked == ["/instances"]
        for bad, code in (
            (written(belongs(nested(17))), "nested-too-deep"),
            (b"x" * 200, "unreadable"),
            (written(belongs(nested(0), PatientID="FIOTHER")), "other-object"),
            (written(belongs(nested(0), SOPInstanceUID="2.25.9")), "other-object"),
            (written(belongs(nested(0), StudyInstanceUID="2.25.9")), "other-object"),
            (written(belongs(nested(0), SeriesInstanceUID="2.25.9")), "other-object"),
        ):
            with pytest.raises(RefusedError) as refused:
                store.put(KEY, bad)
            assert refused.value.code == code
        assert asked == ["/instances"]

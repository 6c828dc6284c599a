"""The independent checker: a clean object passes, each planted leak or change is found."""

import base64
from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.sequence import Sequence

from gateway.domain.checker import (
    Elements,
    Expected,
    KnownIdentity,
    UnreadableError,
    check_object,
    check_unchanged,
    identity_in,
    instance_uids,
    read_elements,
    referenced_uids,
    unresolved,
)
from tests.factories import site_objects as make

KNOWN = KnownIdentity(("010101-123N", "Mäkelä", "Aho", "Liisa"), ("19520413",))
BOTH = "KaSARi site 0123\\KaSARi national 0123"


def national(data: bytes) -> Dataset:
    dataset = dcmread(BytesIO(data))
    dataset.PatientID = "FIAAA"
    dataset.DeidentificationMethod = BOTH.split("\\")
    return dataset


def allowed(dataset: Dataset) -> dict[str, frozenset[int]]:
    found = read_elements(make.as_bytes(dataset)).found
    return {dataset.SOPClassUID: frozenset(element.tag for element in found)}


def everything(elements: Elements) -> dict[str, frozenset[int]]:
    """An allow-list with all that stands in a file."""
    kind = (elements.first(0x00080016) or b"").rstrip(b"\0").decode()
    return {kind: frozenset(element.tag for element in elements.found)}


def problems(dataset: Dataset, also: tuple[str, ...] = ()) -> set[str]:
    """Check with an allow-list that knows everything in the object, so that only content counts."""
    tags = frozenset(tag_for_keyword(keyword) or 0 for keyword in also)
    lists = {sop: found | tags for sop, found in allowed(dataset).items()}
    expected = Expected("FIAAA", lists)
    written = read_elements(make.as_bytes(dataset))
    return {problem.code for problem in check_object(written, KNOWN, expected)}


@pytest.mark.parametrize("data", make.course(1), ids=["ct", "structures", "plan", "dose"])
def test_a_clean_object_passes(data: bytes) -> None:
    assert problems(national(data)) == set()


LEAKS = [
    "Mäkelä",
    "MÄKELÄ, L.",
    "makela",
    "Maekelae",
    "älekäm",
    "ptv aho",
    "LIISA",
    "010101-123N",
    "id 010101123n.",
    base64.b64encode(b"xx010101-123Nyy").decode(),
    "s. 13.4.1952",
    "13.4.52",
    "1952-04-13",
]


@pytest.mark.parametrize("text", LEAKS)
def test_the_patient_is_found_in_every_disguise(text: str) -> None:
    dataset = national(make.structures(100, [1]))
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.StructureSetROISequence[1].ROIDescription = text
    assert "identifier" in problems(dataset)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-16-le", "utf-16-be"])
def test_the_patient_is_found_in_unknown_bytes(encoding: str) -> None:
    dataset = national(make.plan(200, 100))
    raw = "xx Mäkelä xx".encode(encoding)
    dataset.add_new(0x300A00F8, "OB", raw + b"\0" * (len(raw) % 2))
    assert "identifier" in problems(dataset)


@pytest.mark.parametrize("text", ["Bahos", "LIISANKATU"[:3], "D95", "PTV_45Gy", "1952"])
def test_ordinary_words_are_no_identifiers(text: str) -> None:
    dataset = national(make.structures(100, [1]))
    dataset.StructureSetROISequence[1].ROIName = text
    assert problems(dataset) == set()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("hetu 131052-308T", "identity-code"),
        ("131052A308T", "identity-code"),
        ("a.b@hospital.fi", "mail"),
        ("t 040 123 4567", "phone"),
        ("+358 40 1234567", "phone"),
    ],
)
def test_patterns_of_anybody_are_found(text: str, code: str) -> None:
    dataset = national(make.plan(200, 100))
    dataset.RTPlanLabel = text
    assert code in problems(dataset)


def test_a_wrong_check_character_is_no_identity_code() -> None:
    dataset = national(make.plan(200, 100))
    dataset.RTPlanLabel = "131052-308A"
    assert problems(dataset) == set()


FAULTS: list[tuple[str, Callable[[Dataset], object]]] = [
    ("patient-id", lambda d: setattr(d, "PatientID", "PAAA")),
    ("mark", lambda d: setattr(d, "PatientIdentityRemoved", "NO")),
    ("mark", lambda d: setattr(d, "DeidentificationMethod", make.MARK)),
    ("private", lambda d: d.add_new(0x00091001, "LO", "x")),
    ("foreign-uid", lambda d: setattr(d, "StudyInstanceUID", "1.2.246.10.1")),
    ("sop-class", lambda d: setattr(d, "SOPClassUID", "1.2.840.10008.5.1.4.1.1.7")),
]


@pytest.mark.parametrize(("code", "fault"), FAULTS)
def test_a_planted_fault_is_found(code: str, fault: Callable[[Dataset], object]) -> None:
    dataset = national(make.plan(200, 100))
    lists = allowed(dataset)
    fault(dataset)
    written = read_elements(make.as_bytes(dataset))
    found = {p.code for p in check_object(written, KNOWN, Expected("FIAAA", lists))}
    assert code in found


def test_what_is_not_on_the_list_is_found_at_every_depth() -> None:
    dataset = national(make.plan(200, 100))
    lists = allowed(dataset)
    inner = Dataset()
    inner.OperatorsName = "x"
    dataset.BeamSequence[0].ControlPointSequence[0].add_new(0x300A0050, "SQ", Sequence([inner]))
    written = read_elements(make.as_bytes(dataset))
    found = check_object(written, KNOWN, Expected("FIAAA", lists))
    assert {problem.tag for problem in found} == {0x300A0050, 0x00081070}


def test_a_uid_of_the_site_is_found() -> None:
    data = make.plan(200, 100)
    site = instance_uids(read_elements(data))
    expected = Expected("FIAAA", allowed(national(data)), site)
    written = read_elements(make.as_bytes(national(data)))
    assert "site-uid" in {p.code for p in check_object(written, KNOWN, expected)}


def test_no_problem_quotes_a_value() -> None:
    dataset = national(make.plan(200, 100))
    dataset.RTPlanLabel = "Lii 131052-308T"
    written = read_elements(make.as_bytes(dataset))
    told = repr(check_object(written, KNOWN, Expected("FIAAA", allowed(dataset))))
    assert not any(word in told for word in ("Lii ", "131052"))
    assert "Liisa" not in repr(KNOWN)


CHANGES: list[tuple[bytes, Callable[[Dataset], object]]] = [
    (make.ct(1, 0.0), lambda d: setattr(d, "PixelData", b"\1" * 8)),
    (make.ct(1, 0.0), lambda d: setattr(d, "ImagePositionPatient", [0, 0, 0.1])),
    (make.dose(3, 2), lambda d: setattr(d, "DoseGridScaling", 0.0011)),
    (
        make.structures(1, [1]),
        lambda d: setattr(
            d.ROIContourSequence[0].ContourSequence[0], "ContourData", [0, 0, 0, 1, 0, 0, 0, 1, 1]
        ),
    ),
    (make.structures(1, [1]), lambda d: d.ROIContourSequence[0].ContourSequence.clear()),
    (
        make.plan(2, 1),
        lambda d: setattr(d.BeamSequence[0].ControlPointSequence[0], "NominalBeamEnergy", 10),
    ),
    (
        make.plan(2, 1),
        lambda d: setattr(d.FractionGroupSequence[0], "NumberOfFractionsPlanned", 16),
    ),
]


@pytest.mark.parametrize(("data", "change"), CHANGES)
def test_a_changed_dose_geometry_or_prescription_is_found(
    data: bytes, change: Callable[[Dataset], object]
) -> None:
    before = read_elements(data)
    assert check_unchanged(before, before, everything(before))[0] == []
    dataset = dcmread(BytesIO(data))
    change(dataset)
    assert check_unchanged(before, read_elements(make.as_bytes(dataset)), everything(before))[0]


def test_values_are_counted() -> None:
    before = read_elements(make.ct(1, 0.0))
    problems_, compared = check_unchanged(before, before, everything(before))
    assert (problems_, compared) == ([], 12)


def test_references_resolve_or_are_told() -> None:
    structures = read_elements(make.structures(100, [1, 2]))
    references = {make.uid(100): referenced_uids(structures), make.uid(1): frozenset[str]()}
    assert unresolved(references, ()) == [(make.uid(100), make.uid(2))]
    assert unresolved(references, {make.uid(2)}) == []


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_file_is_refused_or_read_never_more(data: st.DataObject) -> None:
    good = make.structures(100, [1, 2])
    at = data.draw(st.integers(132, len(good) - 1))
    damaged = (
        good[:at] + data.draw(st.binary(max_size=8)) + good[at + data.draw(st.integers(0, 8)) :]
    )
    try:
        elements = read_elements(damaged)
    except UnreadableError:
        return
    assert all(e.start + e.length <= len(elements.body) for e in elements.found)


def test_pydicom_and_this_reader_see_the_same() -> None:
    for data in make.course(1):
        dataset = dcmread(BytesIO(data))
        theirs = [int(element.tag) for element in dataset.iterall()]
        assert [element.tag for element in read_elements(data).found] == theirs


def test_a_name_that_is_anatomy_counts_only_beside_another() -> None:
    """A patient may be called Kaula, which is also the neck."""
    dataset = national(make.structures(100, [1]))
    dataset.StructureSetROISequence[1].ROIName = "Kaula"
    lists, written = allowed(dataset), read_elements(make.as_bytes(dataset))
    everyday = frozenset(("kaula", "rinta"))
    known = KnownIdentity(("Kaula", "Rinta", "Matti"), (), everyday)
    assert check_object(written, known, Expected("FIAAA", lists)) == []
    dataset.StructureSetROISequence[1].ROIName = "KAULA RINTA"
    both = read_elements(make.as_bytes(dataset))
    assert {p.code for p in check_object(both, known, Expected("FIAAA", lists))} == {"identifier"}


@pytest.mark.parametrize("character_set", ["ISO_IR 100", "ISO_IR 192"])
@pytest.mark.parametrize("text", ["Käsi Pää", "KÄSI/PÄÄ", "pääkäsi"])
def test_two_everyday_names_are_found_with_their_dots(text: str, character_set: str) -> None:
    original = dcmread(BytesIO(make.structures(100, [1])))
    original.SpecificCharacterSet = character_set
    original.PatientName = "Käsi^Pääty^Pää"
    known = identity_in(read_elements(make.as_bytes(original)), {"kasi", "paa"})
    assert known.everyday == {"käsi"}  # shorter names are too common to be sought
    known = KnownIdentity(("Käsi", "Pää"), (), frozenset(("käsi", "pää")))
    dataset = national(make.structures(100, [1]))
    dataset.SpecificCharacterSet = character_set
    dataset.StructureSetROISequence[1].ROIName = text
    written = read_elements(make.as_bytes(dataset))
    found = check_object(written, known, Expected("FIAAA", allowed(dataset)))
    assert {problem.code for problem in found} == {"identifier"}


def test_the_original_tells_whom_to_look_for() -> None:
    dataset = dcmread(BytesIO(make.plan(200, 100)))
    dataset.PatientName = "Mäkelä-Aho^Liisa"
    dataset.PatientID = "010101-123N"
    dataset.PatientBirthDate = "19520413"
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.ReferringPhysicianName = "Rinta^Jaakko^^Dr"
    known = identity_in(read_elements(make.as_bytes(dataset)), {"rinta", "kaula"})
    assert {"Mäkelä", "Liisa", "010101-123N", "Rinta", "Jaakko"} <= set(known.words)
    assert known.birth_dates == ("19520413",)
    assert known.everyday == {"rinta"}
    assert "Mäkelä" not in repr(known)


def test_sealed_terms_may_stand_at_the_site_only() -> None:
    dataset = dcmread(BytesIO(make.plan(200, 100)))
    lists = allowed(dataset)
    block = dataset.private_block(0x7001, "KASARI", create=True)
    block.add_new(0x01, "OB", b"[]")
    written = read_elements(make.as_bytes(dataset))
    at_site = Expected("PAAA", lists, stage="site")
    assert check_object(written, KNOWN, at_site) == []
    assert {p.code for p in check_object(written, KNOWN, Expected("PAAA", lists))} == {
        "private",
        "mark",
    }
    block[0x01].value = b"[ ]\0"
    dataset[0x70010010].value = "OTHER"
    foreign = read_elements(make.as_bytes(dataset))
    assert {p.code for p in check_object(foreign, KNOWN, at_site)} == {"private"}


def test_what_was_to_be_removed_is_not_missed() -> None:
    """An icon has pixels of its own, which go with it; those of the image may not."""
    dataset = dcmread(BytesIO(make.ct(1, 0.0)))
    plain = read_elements(make.as_bytes(dataset))
    icon = Dataset()
    icon.Rows, icon.BitsAllocated = 1, 8
    icon.add_new(0x7FE00010, "OB", b"ab")
    dataset.IconImageSequence = [icon]
    with_icon = read_elements(make.as_bytes(dataset))
    assert check_unchanged(with_icon, plain, everything(plain))[0] == []
    assert check_unchanged(with_icon, plain, everything(with_icon))[0]


BY_CHANCE = [
    lambda d: setattr(d.StructureSetROISequence[0], "ROIVolume", "12.471147"),
    lambda d: setattr(
        d.ROIContourSequence[0].ContourSequence[0], "ContourData", [0.471147, 1, 2, 3, 4, 5]
    ),
    lambda d: setattr(d, "StructureSetTime", "101112.471147"),
    lambda d: setattr(d, "FrameOfReferenceUID", "2.25.1234711471234567890123456789012345"),
]


@pytest.mark.parametrize("plant", BY_CHANCE)
def test_digits_that_stand_there_by_chance_are_nobody(plant: Callable[[Dataset], None]) -> None:
    dataset = national(make.structures(100, [1]))
    plant(dataset)
    written = read_elements(make.as_bytes(dataset))
    known = KnownIdentity(("471147",), ("19520413",))
    assert check_object(written, known, Expected("FIAAA", allowed(dataset))) == []


ON_PURPOSE = [
    lambda d: setattr(d.StructureSetROISequence[0], "ROIVolume", "471147"),
    lambda d: setattr(d.StructureSetROISequence[0], "ROINumber", 471147),
    lambda d: setattr(d, "StructureSetDate", "19520413"),
    lambda d: setattr(d, "StructureSetLabel", "ID471147"),
    lambda d: setattr(d, "FrameOfReferenceUID", "2.25.471147"),
    lambda d: setattr(d, "StructureSetLabel", "130452"),
]


@pytest.mark.parametrize("plant", ON_PURPOSE)
def test_a_number_that_is_the_identifier_is_found(plant: Callable[[Dataset], None]) -> None:
    dataset = national(make.structures(100, [1]))
    plant(dataset)
    written = read_elements(make.as_bytes(dataset))
    known = KnownIdentity(("471147",), ("19520413",))
    found = check_object(written, known, Expected("FIAAA", allowed(dataset)))
    assert {problem.code for problem in found} == {"identifier"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("dr Härkönen", True),
        ("HARKONEN", True),
        ("PTV_Härkönen_2", True),
        ("Härköset", False),
        ("PTV 45", False),
    ],
)
def test_staff_is_sought_word_by_word(text: str, found: bool) -> None:
    dataset = national(make.plan(200, 100))
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.RTPlanName = text
    known = KnownIdentity(staff=frozenset(("harkonen", "korhonen")))
    written = read_elements(make.as_bytes(dataset))
    expected = Expected("FIAAA", allowed(dataset))
    codes = {problem.code for problem in check_object(written, known, expected)}
    assert codes == ({"staff"} if found else set())


@pytest.mark.parametrize(("text", "found"), [("Aho", True), ("PTV_aho", True), ("Ahokas", False)])
def test_a_short_surname_is_found_as_a_word(text: str, found: bool) -> None:
    original = dcmread(BytesIO(make.structures(100, [1])))
    original.PatientName = "Aho^Luu"
    known = identity_in(read_elements(make.as_bytes(original)), {"luu"})
    assert {"Aho", "Luu"} & set(known.words) == {"Aho"}
    dataset = national(make.structures(100, [1]))
    dataset.StructureSetROISequence[1].ROIName = text
    written = read_elements(make.as_bytes(dataset))
    problems = check_object(written, known, Expected("FIAAA", allowed(dataset)))
    assert bool(problems) is found

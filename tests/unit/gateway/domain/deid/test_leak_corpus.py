"""The leak corpus: what was planted is removed, or the object is refused. At both stages."""

from collections.abc import Iterator

import pytest
from pydicom import Dataset
from pydicom.config import disable_value_validation
from pydicom.datadict import DicomDictionary, keyword_for_tag

from gateway.errors import RejectError
from tests.factories import engine, leaks, sent_objects
from tests.factories.leaks import LEAKS, Leak, traces
from tests.factories.streams import element, file_of, item, plan, sequence

REFUSED = {
    "50 encapsulated document": "sop-class",
    "52 screenshot": "sop-class",
    "52 text burned in": "burned-in",
    "53 text behind the pixels": "pixel-length",
}
"""Entries whose object must not be accepted at all; all others must pass, cleaned."""


@pytest.mark.parametrize("leak", LEAKS, ids=str)
def test_a_planted_identifier_is_gone(leak: Leak) -> None:
    data = leak.data()
    if str(leak) in REFUSED:
        with pytest.raises(RejectError) as refused:
            engine.site_bytes(data)
        assert refused.value.code == REFUSED[str(leak)]
        assert traces(str(refused.value).encode()) == []
        return
    site, national = engine.site_bytes(data), engine.national_bytes(data)
    assert traces(site) == []
    assert traces(national) == []
    assert engine.objections(data, site, leaks.FAMILY, leaks.GIVEN, stage="site") == []
    assert engine.objections(data, national, leaks.FAMILY, leaks.GIVEN) == []


def test_the_corpus_really_plants_something() -> None:
    """Where the trace is not a plain word, it is one of the disguises that `traces` cannot read."""
    plain = [leak for leak in LEAKS if traces(leak.data())]
    assert len(plain) == len(LEAKS)  # every object carries the patient anyway
    for leak in LEAKS:
        untouched = sent_objects.as_sent(leaks.KINDS[leak.kind]())
        assert leak.data() != untouched, leak


SEQUENCES = {
    "ct": "DerivationCodeSequence",
    "structures": "StructureSetROISequence",
    "plan": "BeamSequence",
    "dose": "DVHSequence",
    "record": "TreatmentSessionBeamSequence",
    "registration": "RegistrationSequence",
}


@pytest.mark.parametrize("kind", leaks.KINDS)
@pytest.mark.parametrize("depth", [0, 1, 2, 4, 8, 12])
def test_every_text_attribute_of_the_dictionary_at_once(kind: str, depth: int) -> None:
    dataset = sent_objects.sent(leaks.KINDS[kind]())
    target = leaks.descend(dataset, [SEQUENCES[kind]] * depth)
    with disable_value_validation():
        for tag in _text_tags():
            if tag not in dataset or depth:
                target.add_new(tag, DicomDictionary[tag][0], leaks.FAMILY)
        data = sent_objects.as_bytes(dataset)
    assert data.count(leaks.FAMILY.encode()) > 1000
    national = engine.national_bytes(data)
    assert traces(national) == []
    # a coded value among those that may not change was emptied: such an object is held
    assert {problem.code for problem in engine.objections(data, national)} <= {"invariant"}


def _text_tags() -> Iterator[int]:
    """Every attribute of PS3.6 that holds text of any length that the name fits into."""
    for tag, (vr, _, _, _, _) in sorted(DicomDictionary.items()):
        if vr in {"LO", "SH", "ST", "LT", "UT", "UC", "PN", "CS", "AE", "UR"} and _may_stand(tag):
            yield tag


def _may_stand(tag: int) -> bool:
    """Not in a command or header, and not among what makes the object what it is."""
    keep = {0x00080005, 0x00080016, 0x00080018, 0x00100010, 0x00100020, 0x00280301}
    return tag >> 16 > 6 and tag not in keep and bool(keyword_for_tag(tag))


TEXT = b"Virtanen"
VRS = sorted({v for vr, *_ in DicomDictionary.values() for v in vr.split(" or ")} - {"SQ", "NONE"})


@pytest.mark.parametrize("vr", VRS)
def test_a_name_in_every_attribute_of_every_representation(vr: str) -> None:
    """One attribute at a time, as raw bytes: refused, removed, or at the least objected to."""
    tags = [tag for tag, row in sorted(DicomDictionary.items()) if vr in row[0].split(" or ")]
    left = [keyword_for_tag(tag) for tag in tags if _may_stand(tag) and _gets_through(tag, vr)]
    assert left == []


def _gets_through(tag: int, vr: str) -> bool:
    planted = element(tag, vr.encode(), TEXT)
    data = file_of(plan(sequence(0x300A00B0, item(planted))))
    try:
        written = engine.national_bytes(data)
    except RejectError:
        return False
    return TEXT in written and not engine.objections(data, written)


def test_a_name_in_every_attribute_of_another_representation() -> None:
    """UN and OB are how unknown attributes come; the dictionary's own kind does not help there."""
    for vr in ("UN", "OB", "LT"):
        rules = [rule for rule in engine.PROFILE.rules if _may_stand(rule.tag)]
        left = [rule.keyword for rule in rules if _gets_through(rule.tag, vr)]
        assert left == []


def plants() -> Iterator[tuple[str, Dataset]]:
    """National objects into which something was put after the engine: only the checker is left."""
    for leak in LEAKS:
        if str(leak) in REFUSED or leak.number in {2, 12, 64, 65, 68, 69, 70}:
            continue
        dataset = engine.after_both(sent_objects.as_sent(leaks.KINDS[leak.kind]()))
        with disable_value_validation():
            leak.plant(dataset)
        yield str(leak), dataset


@pytest.mark.parametrize(
    ("name", "dataset"), list(plants()), ids=lambda v: v if isinstance(v, str) else ""
)
def test_the_checker_alone_objects_to_what_the_engine_would_have_missed(
    name: str, dataset: Dataset
) -> None:
    original = sent_objects.as_sent(make_original(dataset))
    with disable_value_validation():
        written = sent_objects.as_bytes(dataset)
    words = (leaks.STAFF, leaks.PLACE, leaks.STREET, leaks.FAMILY, leaks.GIVEN)
    assert engine.objections(original, written, *words), name


def make_original(dataset: Dataset) -> bytes:
    kinds = {"CT": "ct", "RTSTRUCT": "structures", "RTPLAN": "plan", "RTDOSE": "dose"}
    kinds |= {"RTRECORD": "record", "REG": "registration"}
    return leaks.KINDS[kinds[dataset.Modality]]()

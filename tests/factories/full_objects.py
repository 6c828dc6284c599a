"""Objects of every kind in the profile, with every attribute that a rule names, top and nested.

No sender would write them. They hold what real and generated objects lack, so that what the engine
does to each attribute can be compared with what the standard demands of it.
"""

from pydicom import Dataset
from pydicom.config import disable_value_validation
from pydicom.datadict import dictionary_VM
from pydicom.sequence import Sequence

from gateway.domain.deid import Action, Profile, Rule
from tests.factories import sent_objects

VALUES: dict[str, object] = {
    "AE": "TPS",
    "AS": "061Y",
    "AT": 0x300A00B0,
    "CS": "NORMAL",
    "DA": "20200106",
    "DS": "1.5",
    "DT": "20200106101112",
    "FD": 1.5,
    "FL": 1.5,
    "IS": "1",
    "LO": "Breast",
    "LT": "Breast",
    "OB": b"\0\0",
    "OD": bytes(8),
    "OF": bytes(4),
    "OL": bytes(4),
    "OV": bytes(8),
    "OW": b"\0\0",
    "PN": "Korhonen^Liisa",
    "SH": "Breast",
    "SL": 1,
    "SS": 1,
    "ST": "Breast",
    "TM": "101112",
    "UC": "Breast",
    "UI": "1.2.246.1.7",
    "UR": "http://a.b",
    "UL": 1,
    "US": 1,
    "UV": 1,
    "UT": "Breast",
}
IMAGE = {
    "BitsAllocated": 16,
    "BitsStored": 16,
    "HighBit": 15,
    "PixelRepresentation": 0,
    "SamplesPerPixel": 1,
    "Rows": 1,
    "Columns": 1,
    "NumberOfFrames": "1",
    "BurnedInAnnotation": "NO",
}
MODALITIES = {"ct": "CT", "mr": "MR", "pt": "PT", "reg": "REG", "dreg": "REG", "seg": "SEG"}
WRITTEN_BY_US = ("PatientIdentityRemoved", "DeidentificationMethod")


def full(profile: Profile, sop_class: str) -> bytes:
    """One object with everything."""
    rules = list((profile.rules_for(sop_class) or {}).values())
    dataset = Dataset()
    with disable_value_validation():
        _fill(dataset, rules, 1)
        for keyword, value in IMAGE.items():
            if keyword in dataset:
                setattr(dataset, keyword, value)
        kind = profile.objects[sop_class]
        dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, "1.2.246.1.8"
        dataset.Modality = MODALITIES.get(kind, "RTRECORD")
        dataset.SpecificCharacterSet = "ISO_IR 100"
        dataset.PatientName, dataset.PatientID = sent_objects.NAME, sent_objects.PATIENT_ID
        for keyword in WRITTEN_BY_US:
            delattr(dataset, keyword)
        return sent_objects.as_bytes(dataset)


def _fill(dataset: Dataset, rules: list[Rule], levels: int, group: int | None = None) -> None:
    for rule in rules:
        if group is not None and rule.tag >> 16 not in (0x0008, group):
            continue
        if rule.keyword == "SpecificCharacterSet":
            continue
        if rule.vr != "SQ":
            dataset.add_new(rule.tag, rule.vr, _value(rule))
        elif levels and rule.action is Action.SEQUENCE:
            item = Dataset()
            _fill(item, rules, levels - 1, rule.tag >> 16)
            dataset.add_new(rule.tag, "SQ", Sequence([item]))


def _value(rule: Rule) -> object:
    count = dictionary_VM(rule.tag)
    value = VALUES[rule.vr]
    several = count.isdigit() and int(count) > 1 and not isinstance(value, bytes)
    return [value] * int(count) if several else value

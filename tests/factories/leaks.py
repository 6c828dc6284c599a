"""A corpus of planted identifiers: where clinics, vendors and attackers put them.

Every entry changes one object as a sender would have it. What was planted is found again by
`traces`, which knows neither the engine nor the checker.
"""

import base64
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.config import disable_value_validation
from pydicom.sequence import Sequence
from pydicom.uid import (
    EncapsulatedPDFStorage,
    SecondaryCaptureImageStorage,
)

from tests.factories import sent_objects
from tests.factories import site_objects as make

FAMILY, GIVEN, STAFF, PLACE = "Virtanen", "Maija", "Korhonen", "Meilahden"
STREET, PHONE, DAY = "Oravapolku", "040 123 4567", "13.4.52"
CODE = sent_objects.PATIENT_ID
PLANTED = (FAMILY, GIVEN, "Mäkinen", "Makinen", "Maekinen", STAFF, PLACE, STREET, PHONE, DAY, CODE)
PLANTED_TOO = ("130452308Y", "130452", "13.4.1952", "1952-04-13", "19520413", "0401234567")

KINDS: dict[str, Callable[[], bytes]] = {
    "ct": lambda: make.ct(1, 0.0),
    "structures": lambda: make.structures(100, [1, 2]),
    "plan": lambda: make.plan(200, 100),
    "dose": lambda: make.dose(300, 200),
    "record": lambda: make.record(400, 200, 1),
    "registration": lambda: make.registration(500, [1], [make.FRAME, "2.25.901"]),
}


@dataclass(frozen=True)
class Leak:
    """One entry: the number in the list of bad inputs, what it is, and how it is planted."""

    number: int
    name: str
    kind: str
    plant: Callable[[Dataset], None]

    def __str__(self) -> str:
        return f"{self.number:02d} {self.name}"

    def data(self) -> bytes:
        with disable_value_validation():
            dataset = sent_objects.sent(KINDS[self.kind]())
            self.plant(dataset)
            return sent_objects.as_bytes(dataset)


def traces(written: bytes) -> list[str]:
    """What was planted and is still there: as it is, in other encodings, packed or reversed."""
    small = written.lower()
    found = []
    for word in (*PLANTED, *PLANTED_TOO):
        low = word.lower()
        for form in (low, low[::-1]):
            forms = [form.encode(code) for code in ("latin-1", "utf-8", "utf-16-le", "utf-16-be")]
            if any(each in small for each in forms):
                found.append(word)
        if len(word) >= 6:
            cased = (word, word.upper(), low)
            packed = [base64.b64encode(each.encode())[:-4].lower() for each in cased]
            if any(len(each) > 4 and each in small for each in packed):
                found.append(word)
    return found


def put(**values: object) -> Callable[[Dataset], None]:
    """Plant values at the top."""

    def plant(dataset: Dataset) -> None:
        for keyword, value in values.items():
            setattr(dataset, keyword, value)

    return plant


def put_in(path: str, **values: object) -> Callable[[Dataset], None]:
    """Plant values in the first items of nested sequences; missing sequences are made."""

    def plant(dataset: Dataset) -> None:
        put(**values)(descend(dataset, path.split(".")))

    return plant


def descend(dataset: Dataset, path: list[str]) -> Dataset:
    for keyword in path:
        if not dataset.get(keyword):
            setattr(dataset, keyword, Sequence([Dataset()]))
        dataset = getattr(dataset, keyword)[0]
    return dataset


def private(
    creator: str, value: bytes, vr: str = "OB", group: int = 0x3253
) -> Callable[[Dataset], None]:
    """Plant a private element under a creator of one's choice; without one if it is empty."""

    def plant(dataset: Dataset) -> None:
        if creator:
            dataset.add_new(group << 16 | 0x10, "LO", creator)
        dataset.add_new(group << 16 | 0x1001, vr, value if vr != "LO" else value.decode())

    return plant


def both(*plants: Callable[[Dataset], None]) -> Callable[[Dataset], None]:
    def plant(dataset: Dataset) -> None:
        for each in plants:
            each(dataset)

    return plant


def _code(meaning: str) -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "1234", "99X", meaning
    return Sequence([item])


def _person() -> Sequence:
    item = Dataset()
    item.PersonIdentificationCodeSequence = _code(STAFF)
    item.PersonAddress, item.PersonTelephoneNumbers = STREET, PHONE
    item.InstitutionName = PLACE
    return Sequence([item])


FULL_NAME = "Virtanen-Mäkinen^Maija^^rouva="
BLOB = f"<xml><name>{FAMILY} {GIVEN}</name></xml>".encode()
RTF = b"{\\rtf1 " + FAMILY.encode() + b"}"

DIRECT = [
    Leak(
        1, "name with five parts and three groups", "plan", put(PatientName=FULL_NAME + "Virtanen")
    ),
    Leak(
        2, "identity code in small letters with blanks", "plan", put(PatientID=f" {CODE.lower()}")
    ),
    Leak(3, "other patient ids", "plan", put(OtherPatientIDs=[CODE], IssuerOfPatientID=PLACE)),
    Leak(
        3,
        "other patient ids in a sequence",
        "plan",
        put_in("OtherPatientIDsSequence", PatientID=CODE),
    ),
    Leak(4, "birth names", "plan", put(PatientBirthName=FAMILY, PatientMotherBirthName=STAFF)),
    Leak(
        5,
        "address and phone",
        "plan",
        put(PatientAddress=f"{STREET} 7", PatientTelephoneNumbers=PHONE, RegionOfResidence=PLACE),
    ),
    Leak(
        6,
        "comments and history",
        "plan",
        put(PatientComments=FAMILY, AdditionalPatientHistory=GIVEN),
    ),
    Leak(
        7,
        "referring physician",
        "plan",
        put(ReferringPhysicianName=STAFF, ReferringPhysicianIdentificationSequence=_person()),
    ),
    Leak(8, "several operators", "plan", put(OperatorsName=[STAFF, FAMILY])),
    Leak(
        9,
        "physicians",
        "plan",
        put(
            PerformingPhysicianName=STAFF,
            PhysiciansOfRecord=STAFF,
            NameOfPhysiciansReadingStudy=STAFF,
        ),
    ),
    Leak(
        10,
        "institution",
        "plan",
        put(InstitutionName=PLACE, InstitutionAddress=STREET, InstitutionalDepartmentName=PLACE),
    ),
    Leak(11, "station of a nurse", "plan", put(StationName=STAFF)),
    Leak(
        12,
        "numbers that are the identity code",
        "plan",
        put(AccessionNumber=CODE, StudyID=CODE, AdmissionID=CODE),
    ),
    Leak(13, "study description", "plan", put(StudyDescription=f"{FAMILY} M 1952 rinta")),
    Leak(
        14,
        "series description and protocol",
        "ct",
        put(SeriesDescription=f"{GIVEN} thorax", ProtocolName=FAMILY),
    ),
    Leak(
        15,
        "request",
        "ct",
        both(
            put(RequestedProcedureDescription=FAMILY),
            put_in(
                "RequestAttributesSequence",
                RequestedProcedureID=CODE,
                ScheduledProcedureStepDescription=GIVEN,
            ),
        ),
    ),
    Leak(16, "serial numbers", "ct", put(DeviceSerialNumber=CODE, GantryID=STAFF)),
    Leak(17, "creator of the content", "registration", put(ContentCreatorName=STAFF)),
    Leak(
        18,
        "subject of another trial",
        "plan",
        put(ClinicalTrialSubjectID=CODE, ClinicalTrialSponsorName=PLACE),
    ),
    Leak(
        19,
        "characteristics",
        "plan",
        put(
            EthnicGroup=PLACE,
            Occupation=STAFF,
            MilitaryRank=STAFF,
            PatientReligiousPreference=PLACE,
        ),
    ),
]

RADIOTHERAPY = [
    Leak(
        21,
        "structure set",
        "structures",
        put(
            StructureSetLabel=FAMILY, StructureSetName=f"{FAMILY} 1", StructureSetDescription=GIVEN
        ),
    ),
    Leak(
        22,
        "target called after the patient",
        "structures",
        put_in("StructureSetROISequence", ROIName=f"PTV_{FAMILY}"),
    ),
    Leak(
        22,
        "target with a birth date",
        "structures",
        put_in("StructureSetROISequence", ROIName=f"GTV {GIVEN} {DAY}"),
    ),
    Leak(
        23,
        "phone number in a description",
        "structures",
        put_in("StructureSetROISequence", ROIDescription=f"call {PHONE}"),
    ),
    Leak(
        24,
        "observations",
        "structures",
        both(
            put_in("StructureSetROISequence", ROIGenerationDescription=STAFF),
            put_in(
                "RTROIObservationsSequence",
                ROIObservationLabel=GIVEN,
                ROIObservationDescription=FAMILY,
            ),
        ),
    ),
    Leak(
        25, "interpreter", "structures", put_in("RTROIObservationsSequence", ROIInterpreter=STAFF)
    ),
    Leak(
        25,
        "creator of a structure",
        "structures",
        put_in(
            "StructureSetROISequence",
            ROICreatorSequence=_person(),
            ROIInterpreterSequence=_person(),
        ),
    ),
    Leak(
        26,
        "plan",
        "plan",
        put(RTPlanLabel=GIVEN, RTPlanName=FAMILY, RTPlanDescription=f"{FAMILY}, {DAY}"),
    ),
    Leak(27, "beam", "plan", put_in("BeamSequence", BeamName=FAMILY, BeamDescription=GIVEN)),
    Leak(28, "machine", "plan", put_in("BeamSequence", TreatmentMachineName=PLACE)),
    Leak(
        29, "tolerance table", "plan", put_in("ToleranceTableSequence", ToleranceTableLabel=STAFF)
    ),
    Leak(
        30,
        "patient setup",
        "plan",
        both(
            put_in(
                "PatientSetupSequence",
                PatientAdditionalPosition=FAMILY,
                SetupTechniqueDescription=GIVEN,
            ),
            put_in(
                "PatientSetupSequence.FixationDeviceSequence",
                FixationDeviceLabel=FAMILY,
                FixationDeviceDescription=f"mask {FAMILY}",
            ),
        ),
    ),
    Leak(
        31,
        "prescription",
        "plan",
        both(
            put(PrescriptionDescription=FAMILY),
            put_in("DoseReferenceSequence", DoseReferenceDescription=FAMILY),
        ),
    ),
    Leak(32, "dose comment", "dose", put(DoseComment=f"{FAMILY} {CODE}")),
    Leak(
        33,
        "fractions",
        "plan",
        put_in("FractionGroupSequence", FractionGroupDescription=FAMILY, FractionPattern=GIVEN),
    ),
    Leak(34, "reviewer", "plan", put(ReviewerName=STAFF, ReviewDate="20200108")),
    Leak(
        35,
        "bolus and block",
        "plan",
        both(
            put_in("BeamSequence.ReferencedBolusSequence", BolusID=GIVEN, BolusDescription=FAMILY),
            put_in("BeamSequence.BlockSequence", BlockName=FAMILY, BlockTrayID=GIVEN),
        ),
    ),
    Leak(
        37,
        "treatment record",
        "record",
        both(
            put(TreatmentStatusComment=FAMILY, OperatorsName=STAFF),
            put_in(
                "TreatmentSessionBeamSequence.ControlPointDeliverySequence.OverrideSequence",
                OverrideReason=FAMILY,
                OperatorsName=STAFF,
            ),
        ),
    ),
    Leak(
        38,
        "brachytherapy",
        "plan",
        both(
            put_in(
                "ApplicationSetupSequence",
                ApplicationSetupName=FAMILY,
                ApplicationSetupManufacturer=PLACE,
            ),
            put_in("SourceSequence", SourceManufacturer=PLACE, SourceSerialNumber=CODE),
        ),
    ),
]


def nested(dataset: Dataset) -> None:
    path = ["BeamSequence", "ControlPointSequence", "ReferencedDoseReferenceSequence"] + [
        "BeamSequence"
    ] * 4
    put(PatientName=FAMILY, BeamName=GIVEN, PatientComments=CODE, BeamDescription=PHONE)(
        descend(dataset, path)
    )


def in_an_item(plant: Callable[[Dataset], None]) -> Callable[[Dataset], None]:
    return lambda dataset: plant(descend(dataset, ["BeamSequence", "ControlPointSequence"]))


def icon(dataset: Dataset) -> None:
    descend(dataset, ["IconImageSequence"]).add_new(0x7FE00010, "OB", FAMILY.encode())
    put_in("IconImageSequence", BitsAllocated=8)(dataset)


def old_values(dataset: Dataset) -> None:
    for keyword in (
        "OriginalAttributesSequence.ModifiedAttributesSequence",
        "ModifiedAttributesSequence",
    ):
        put_in(keyword, PatientName=FAMILY, PatientID=CODE)(dataset)
    put_in("OriginalAttributesSequence", ModifyingSystem=PLACE, SourceOfPreviousValues=STAFF)(
        dataset
    )


def overlays(dataset: Dataset) -> None:
    dataset.add_new(0x60003000, "OW", FAMILY.encode())
    dataset.add_new(0x60004000, "LT", FAMILY)
    dataset.add_new(0x60001500, "LO", GIVEN)


def a_report(dataset: Dataset) -> None:
    put_in("ContentSequence", PersonName=STAFF, TextValue=f"{FAMILY} {DAY}", ValueType="PNAME")(
        dataset
    )


def signatures(dataset: Dataset) -> None:
    put_in(
        "DigitalSignaturesSequence", Signature=FAMILY.encode(), CertificateOfSigner=STAFF.encode()
    )(dataset)
    put_in("EncryptedAttributesSequence", EncryptedContent=FAMILY.encode())(dataset)
    put_in("MACParametersSequence", MACAlgorithm="SHA256")(dataset)


PLACES = [
    Leak(39, "seven sequences deep", "plan", nested),
    Leak(
        40,
        "private element in an item",
        "plan",
        in_an_item(private("Varian Medical Systems VISION 3253", BLOB)),
    ),
    Leak(
        41,
        "private sequence in unknown form",
        "plan",
        private(
            "Varian Medical Systems VISION 3253",
            b"\xfe\xff\x00\xe0\x10\x00\x00\x00\x10\x00\x10\x00\x08\x00\x00\x00" + FAMILY.encode(),
            "UN",
        ),
    ),
    Leak(42, "private element without creator", "plan", private("", BLOB)),
    Leak(
        43,
        "creator of a safe block that is none",
        "plan",
        private("Philips PET Private Group", FAMILY.encode(), "LO", 0x7053),
    ),
    Leak(43, "our own creator, forged", "plan", private("KASARI", BLOB, "OB", 0x7001)),
    Leak(44, "creator that is the name", "plan", private(f"{FAMILY} {GIVEN}", b"x ")),
    Leak(
        45,
        "blob of a planning system, 3287",
        "plan",
        private("Varian Medical Systems VISION 3287", BLOB, "OB", 0x3287),
    ),
    Leak(
        45, "blob of a planning system, 0009", "plan", private("GEMS_IDEN_01", BLOB, "UN", 0x0009)
    ),
    Leak(45, "blob of a planning system, 7FE1", "ct", private("GEMS_PIXEL", BLOB, "OB", 0x7FE1)),
    Leak(46, "packed blob", "plan", private("X", zlib.compress(BLOB))),
    Leak(46, "base64 blob", "plan", private("X", base64.b64encode(BLOB))),
    Leak(46, "rich text in a comment", "dose", put(DoseComment=RTF.decode())),
    Leak(47, "overlays", "ct", overlays),
    Leak(48, "curves", "ct", lambda dataset: dataset.add_new(0x50003000, "OW", FAMILY.encode())),
    Leak(49, "icon image", "ct", icon),
    Leak(
        50,
        "encapsulated document",
        "plan",
        put(SOPClassUID=EncapsulatedPDFStorage, EncapsulatedDocument=BLOB + b" " * (len(BLOB) % 2)),
    ),
    Leak(51, "content of a report", "plan", a_report),
    Leak(52, "screenshot", "ct", put(SOPClassUID=SecondaryCaptureImageStorage)),
    Leak(52, "text burned in", "ct", put(BurnedInAnnotation="YES")),
    Leak(
        53,
        "text behind the pixels",
        "ct",
        lambda dataset: put(PixelData=dataset.PixelData + FAMILY.encode())(dataset),
    ),
    Leak(54, "signatures and encrypted attributes", "plan", signatures),
    Leak(55, "old values kept for the record", "plan", old_values),
    Leak(
        55,
        "padding behind the data set",
        "plan",
        lambda dataset: dataset.add_new(0xFFFCFFFC, "OB", FAMILY.encode()),
    ),
]

UIDS = [
    Leak(64, "instance UID with a birth date", "plan", put(SOPInstanceUID="1.2.246.19520413.1")),
    Leak(
        65, "instance UID with the identity code", "plan", put(SOPInstanceUID="1.2.246.130452.308")
    ),
    Leak(
        65,
        "UID that only begins like the standard's",
        "plan",
        put(FrameOfReferenceUID="1.2.840.10008.130452.308"),
    ),
    Leak(68, "UID with a blank behind", "plan", put(FrameOfReferenceUID="1.2.246.130452 ")),
    Leak(69, "UID of 64 characters", "plan", put(FrameOfReferenceUID="1.2.246.130452." + "1" * 49)),
    Leak(70, "birth date as a study date", "plan", put(StudyDate=sent_objects.BIRTH_DATE)),
    Leak(70, "birth date in a description", "plan", put(RTPlanDescription="19520413")),
    Leak(
        73,
        "date in a version",
        "plan",
        put(SoftwareVersions=["15.6", f"for {FAMILY}", "13.4.1952"]),
    ),
    Leak(
        74,
        "birth date in words",
        "plan",
        put(RTPlanName="synt. 13 huhtikuuta 1952", RTPlanDescription=DAY),
    ),
]

DISGUISES = [
    Leak(76, "capitals", "plan", put(RTPlanName="VIRTANEN MAIJA")),
    Leak(76, "without dots", "plan", put(RTPlanName="Makinen")),
    Leak(76, "as people write without dots", "plan", put(RTPlanName="Maekinen")),
    Leak(76, "over two attributes", "plan", put(RTPlanName="Virta", RTPlanDescription="nen Maija")),
    Leak(77, "base64", "plan", put(RTPlanDescription=base64.b64encode(BLOB).decode())),
    Leak(77, "hexadecimal", "plan", put(RTPlanDescription=FAMILY.encode().hex())),
    Leak(77, "backwards", "plan", put(RTPlanName=FAMILY[::-1])),
    Leak(
        78,
        "zero width space",
        "plan",
        put(SpecificCharacterSet="ISO_IR 192", RTPlanName="Virta\u200bnen Maija"),
    ),
    Leak(78, "blank after each letter", "plan", put(RTPlanName=" ".join(FAMILY))),
    Leak(
        80,
        "surname that the staff shares",
        "plan",
        put(OperatorsName=FAMILY, RTPlanName=f"{FAMILY}/{STAFF}"),
    ),
    Leak(
        90,
        "formula and markup",
        "plan",
        put(RTPlanName=f"=HYPERLINK({FAMILY})", RTPlanDescription=f"<b>{FAMILY}</b>"),
    ),
    Leak(90, "coded value", "plan", put(PlanIntent="VIRTANEN")),
    Leak(90, "code of a scheme", "ct", put(ProcedureCodeSequence=_code(f"for {FAMILY}"))),
]

LEAKS = [*DIRECT, *RADIOTHERAPY, *PLACES, *UIDS, *DISGUISES]

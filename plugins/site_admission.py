"""Decides on each object that the site Orthanc receives: store it de-identified, or refuse it.

Never imports `orthanc`, so that it can be tested without. Orthanc calls it one instance at a time
and stores the original if it fails: hence no network here and no exception out of `decide`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha1
from io import BytesIO
from typing import Final

from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from gateway.contract.dimse import DimseStatus
from gateway.contract.marks import METHOD_PREFIX, REFUSED_PATIENT_ID, SITE_STAGE
from gateway.contract.site import ConsentSnapshot
from gateway.domain.canary import CANARY_PATIENT_ID
from gateway.domain.deid import Profile, SiteStage, read_identity
from gateway.domain.deid.stream import open_part10, top_elements
from gateway.domain.identity import SiteKeys, lookup_hash, site_pseudonym
from gateway.errors import RejectError

OLDEST_SNAPSHOT_S: Final = 300.0
_LARGEST_CANARY: Final = 4096
LARGEST_STUB: Final = 2048
"""Bytes. A de-identified object may be smaller; it is told from a stub by its patient."""

DIFFERENT: Final = ("policy-differs", "keys-differ")
"""Of the reasons why nobody can be stored, those that no waiting ends."""

INSTANCE: Final = 0x00080018
PATIENT: Final = 0x00100020
STUDY: Final = 0x0020000D
SERIES: Final = 0x0020000E
_STUB_UID: Final = "2.25.100000000000000000000000000000000"
_STUB_PATIENT: Final = b"\x10\x00\x20\x00LO\x08\x00" + REFUSED_PATIENT_ID.ljust(8).encode("ascii")
_MARK: Final = b"\x12\x00\x63\x00LO"
_MARK_IMPLICIT: Final = b"\x12\x00\x63\x00"
_METHOD: Final = f"{METHOD_PREFIX} {SITE_STAGE} ".encode("ascii")


@dataclass(frozen=True)
class Admitted:
    """`data`: the de-identified DICOM file that may be stored."""

    data: bytes = field(repr=False)
    orthanc_id: str = ""
    """By which Orthanc will know it."""


@dataclass(frozen=True)
class Refusal:
    """Why not, as a stable code, and the DIMSE status that the sender hears."""

    reason: str
    dimse_status: int
    pseudonym: str = field(default="", repr=False, compare=False)
    """Whose it is, where it is somebody's who has consented."""


class Admission:
    """The rule of the door. `renew` comes from another thread than `decide`."""

    def __init__(
        self, profile: Profile, keys: SiteKeys, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._stage = SiteStage(profile, keys)
        self._policy = profile.name_and_hash
        self._keys = keys
        self._now = now
        self._consent: tuple[ConsentSnapshot, float] | None = None

    @property
    def snapshot(self) -> ConsentSnapshot | None:
        """The last one that the gateway gave, however old."""
        return None if self._consent is None else self._consent[0]

    @property
    def follows(self) -> dict[str, str]:
        """The policy and the keys, as the gateway must have them too."""
        return {"policy_hash": self._policy, "identities": self._keys.identities}

    def renew(self, snapshot: ConsentSnapshot) -> None:
        """Put who may be stored in force, from now on for at most `OLDEST_SNAPSHOT_S`."""
        self._consent = snapshot, self._now()

    def in_force(self) -> ConsentSnapshot | Refusal:
        """Who may be stored now, or why nobody at all can be."""
        consent = self._consent
        if consent is None:
            return Refusal("no-consent-snapshot", DimseStatus.OUT_OF_RESOURCES)
        snapshot, since = consent
        if not 0 <= self._now() - since <= OLDEST_SNAPSHOT_S:
            return Refusal("stale-consent-snapshot", DimseStatus.OUT_OF_RESOURCES)
        if snapshot.policy_hash != self._policy:
            return Refusal("policy-differs", DimseStatus.OUT_OF_RESOURCES)
        if snapshot.identities != self._keys.identities:
            return Refusal("keys-differ", DimseStatus.OUT_OF_RESOURCES)
        if snapshot.closed is not None:
            return Refusal(snapshot.closed, DimseStatus.OUT_OF_RESOURCES)
        return snapshot

    def decide(self, data: bytes) -> Admitted | Refusal:
        """Decide on one received file. Raises nothing, whatever the file holds."""
        try:
            return self._decide(data)
        except RejectError as error:
            return Refusal(error.code, error.dimse_status)
        except MemoryError:
            return Refusal("memory", DimseStatus.OUT_OF_RESOURCES)
        except BaseException:  # noqa: BLE001 - Orthanc would store the original
            return Refusal("failure", DimseStatus.PROCESSING_FAILURE)

    def _decide(self, data: bytes) -> Admitted | Refusal:
        consent = self.in_force()
        if isinstance(consent, Refusal):
            return consent
        patient_id = read_identity(data).patient_id
        patient = lookup_hash(self._keys, patient_id)
        pseudonym = consent.admitted.get(patient)
        if pseudonym is None and consent.hold_unknown and patient not in consent.refused:
            pseudonym = site_pseudonym(self._keys, patient_id)
        if pseudonym is None:
            return Refusal("no-consent", DimseStatus.NOT_AUTHORIZED)
        try:
            return self._deidentified(data, pseudonym)
        except RejectError as error:
            return Refusal(error.code, error.dimse_status, pseudonym)

    def _deidentified(self, data: bytes, pseudonym: str) -> Admitted | Refusal:
        done = self._stage.deidentify(data, pseudonym).data
        if not carries_site_mark(done):
            return Refusal("failure", DimseStatus.PROCESSING_FAILURE, pseudonym)
        names = _names(done)
        if not names[STUDY] or not names[SERIES]:  # then Orthanc would log the ORIGINAL id
            return Refusal("no-study", DimseStatus.DATA_SET_DOES_NOT_MATCH_SOP_CLASS, pseudonym)
        return Admitted(done, _orthanc_id(names))


def _names(data: bytes) -> dict[int, bytes]:
    """Read what Orthanc makes its ids of."""
    source = open_part10(data)
    found = dict.fromkeys((PATIENT, STUDY, SERIES, INSTANCE), b"")
    for tag, _, start, length in top_elements(source, SERIES):
        if tag in found:
            found[tag] = source.body[start : start + length].strip(b" \0")
    return found


def _orthanc_id(names: dict[int, bytes]) -> str:
    """Orthanc's id of an instance: SHA-1 over patient, study, series and instance."""
    text = b"|".join(names[tag] for tag in (PATIENT, STUDY, SERIES, INSTANCE))
    digest = sha1(text, usedforsecurity=False).hexdigest()
    return "-".join(digest[at : at + 8] for at in range(0, 40, 8))


def is_canary(data: bytes) -> bool:
    """Tell whether the gateway tries the door: no sender caused that refusal."""
    return len(data) <= _LARGEST_CANARY and CANARY_PATIENT_ID.encode() in data


def refusal_stub(refusal: Refusal) -> bytes:
    """A tiny file that names nobody and by which the C-STORE filter knows what to answer."""
    dataset = Dataset()
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = f"{_STUB_UID}1"
    dataset.SeriesInstanceUID = f"{_STUB_UID}2"
    dataset.StudyInstanceUID = f"{_STUB_UID}3"
    dataset.PatientID = REFUSED_PATIENT_ID
    dataset.StudyDescription = refusal.reason
    dataset.StudyID = str(int(refusal.dimse_status))
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def read_stub(data: bytes) -> Refusal | None:
    """What `refusal_stub` wrote, or None when `data` is no stub."""
    if len(data) > LARGEST_STUB or _STUB_PATIENT not in data:
        return None
    dataset = dcmread(BytesIO(data))
    return Refusal(str(dataset.StudyDescription), int(dataset.StudyID))


def carries_site_mark(data: bytes) -> bool:
    """Whether the first stage has written this file; reads only its beginning."""
    at = data.find(_METHOD, 132)
    before = data[at - 8 : at]
    return at > 0 and (before[:6] == _MARK or before[:4] == _MARK_IMPLICIT)

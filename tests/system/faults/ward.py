"""A hospital and the archive with breakable connections, patients to send, and what must hold.

Each fault has a patient of its own, so that all of them can share one running stack.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID

from kasari.push import Destination, Ledger, Outcome, find_files, push
from kasari.stack import Centre, Stack
from kasari.stack.consents import import_consents
from kasari.stack.settings import PUSH_AET
from tests.factories.identifiers import UIDS, as_bytes, found_in, identifying_words
from tests.system.faults.proxy import ByteProxy, HttpProxy

LIMIT_S = 60.0
HEAD = "patient_id,family_name,given_name,birth_date,status,version,scope,date"
PATIENT_PREFIX = "FAULTWARD-"
ORIGINAL_ROOT = "1.2.246.987.654321."
STANDARD_UIDS = "1.2.840.10008."


def until(ask: Callable[[], Any], what: str, limit_s: float = LIMIT_S) -> Any:
    """Ask until the answer is true; services may be down meanwhile."""
    end = time.monotonic() + limit_s
    answer: Any = None
    while time.monotonic() < end:
        try:
            answer = ask()
        except httpx.HTTPError as error:
            answer = None
            what = f"{what} ({type(error).__name__})" if "(" not in what else what
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"not within {limit_s:.0f} s: {what}")


@dataclass(frozen=True)
class Patient:
    patient_id: str
    folder: Path
    original_uids: frozenset[str]


@dataclass
class Ward:
    """One stack, its proxies, and everything that was offered to it."""

    stack: Stack
    archive_link: HttpProxy
    sender_link: ByteProxy
    template: list[Path]
    folder: Path
    offered: set[str] = field(default_factory=set)
    patients: list[Patient] = field(default_factory=list)
    erased: set[str] = field(default_factory=set)
    """SOP Instance UIDs of patients who withdrew."""
    _checked: set[str] = field(default_factory=set)

    @property
    def site(self) -> Centre:
        return self.stack.centre("KUH")

    # --- patients and sending ----------------------------------------------------------------

    def admit(self) -> Patient:
        """Make a patient who consented: the template's objects under new names and UIDs."""
        number = len(self.patients) + 1
        patient_id = f"{PATIENT_PREFIX}{number:04d}"
        folder = self.folder / patient_id
        folder.mkdir()
        for path in self.template:
            renamed(dcmread(path), patient_id).save_as(folder / path.name)
        uids = frozenset(
            str(dcmread(path, stop_before_pixels=True).SOPInstanceUID) for path in folder.iterdir()
        )
        patient = Patient(patient_id, folder, uids)
        self.patients.append(patient)
        self.say_consent(patient, "granted", "2024-01-01")
        return patient

    def say_consent(self, patient: Patient, status: str, day: str) -> None:
        row = f"{patient.patient_id},Wardsson,Faultina,1950-01-01,{status},1,research,{day}"
        report = import_consents(self.site, f"{HEAD}\n{row}\n".encode())
        assert report["committed"], report

    def send(self, patient: Patient, *, folder: Path | None = None) -> Outcome:
        """C-STORE everything of a patient, or of another folder, as a planning system does."""
        to = Destination("127.0.0.1", self.sender_link.port, self.site.ae_title, PUSH_AET)
        files = find_files(folder or patient.folder).files
        ledger = Ledger(self.folder / f"ledger-{time.monotonic_ns()}")
        outcome = push(files, to, ledger, 1)
        self.offered |= patient.original_uids
        return outcome

    # --- asking --------------------------------------------------------------------------------

    def gateway(self, method: str, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.site.operator_token()}"}
        answer = httpx.request(method, self.site.gateway_url + path, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def archive(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.stack.reader_token()}"}
        answer = httpx.get(self.stack.archive_url + path, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def archive_store(self) -> httpx.Client:
        url, login = self.stack.archive_orthanc_url, self.stack.archive_login()
        return httpx.Client(base_url=url, auth=login, timeout=30)

    def kill(self, name: str) -> None:
        """kill -9, and wait until it is gone."""
        pid = self.stack.processes()[name]
        assert pid is not None, f"{name} does not run"
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def settled(self) -> bool:
        """Whether everything that the site took was delivered and verified."""
        account = self.gateway("GET", "/api/v1/account")
        return bool(account["delivered"] == account["received"] == len(self.offered - self.erased))

    def alerts(self) -> set[str]:
        return {alert["code"] for alert in self.gateway("GET", "/api/v1/status")["alerts"]}

    # --- what must hold ------------------------------------------------------------------------

    def check(self) -> None:
        """Check what must hold after every fault, once all has come to rest."""
        until(self.settled, "everything offered is delivered and verified")
        account = self.gateway("GET", "/api/v1/account")
        assert account["sums_up"], account
        delivered = len(self.offered - self.erased)
        status = self.archive("/api/v1/status")
        assert status["instances"] == delivered, "as many at the archive as were offered"
        assert status["store"]["lost"] == 0
        with self.archive_store() as store:
            ids = set(store.get("/instances").json()) - _made_there(store)
            assert len(ids) == delivered, "nothing twice, nothing strange in the store"
            self._check_objects(store, sorted(ids - self._checked))
        self._checked = ids

    def _check_objects(self, store: httpx.Client, ids: list[str]) -> None:
        """Every reference of the new objects resolves; no original identifier is in them."""
        needles = self._needles()
        here, referred = set(), set()
        for one in ids:
            data = store.get(f"/instances/{one}/file").content
            assert not found_in(data, needles)
            dataset = dcmread(BytesIO(data), stop_before_pixels=True)
            here |= {str(dataset.SOPInstanceUID), str(dataset.StudyInstanceUID)}
            referred |= set(references(dataset))
        assert referred <= here, f"{len(referred - here)} references lead nowhere"

    def _needles(self) -> dict[bytes, str]:
        """Few, so that many megabytes are searched fast: all original UIDs have one root."""
        words = identifying_words(self.patients[0].folder.iterdir())
        people = {word for name, found in words.items() if name not in UIDS for word in found}
        return as_bytes({*people, PATIENT_PREFIX, ORIGINAL_ROOT})

    def check_in_the_end(self) -> None:
        """Check that all is harmonized and that no file outside the vault names anybody."""
        until(lambda: self.archive("/api/v1/status")["work"]["waiting"] == 0, "harmonized", 180)
        status = self.archive("/api/v1/status")
        assert status["work"]["failed"] == 0
        assert set(status["courses"]["KUH"]) >= {"harmonized"}
        assert status["courses"]["KUH"]["failed"] == 0
        needles = self._needles()
        for path in self.patients[0].folder.iterdir():
            assert found_in(path.read_bytes(), needles), "the search would find an original"
        places = self.stack.folders()
        for name in ("archive", "harmonizer", "logs", "KUH/orthanc"):
            for path in places[name].rglob("*"):
                if path.is_file():
                    assert not found_in(path.read_bytes(), needles), f"{name}: {path.name}"


def _made_there(store: httpx.Client) -> set[str]:
    """Return the objects that no site sent: the archive made them of a course's results."""
    query = {"Level": "Instance", "Query": {"SeriesDescription": "*(derived)"}}
    answer = store.post("/tools/find", json=query)
    answer.raise_for_status()
    return set(answer.json())


def renamed(dataset: Dataset, patient_id: str) -> Dataset:
    """Give an object to another patient: name, id and every UID that is not of the standard."""
    dataset.PatientID, dataset.PatientName = patient_id, "Wardsson^Faultina"
    _rename_uids(dataset, patient_id)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def _rename_uids(dataset: Dataset, salt: str) -> None:
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                _rename_uids(item, salt)
        elif element.VR == "UI" and element.value:
            many = element.VM > 1
            values = [_renamed(uid, salt) for uid in (element.value if many else [element.value])]
            element.value = values if many else values[0]


def _renamed(uid: str, salt: str) -> UID:
    if uid.startswith(STANDARD_UIDS):
        return UID(uid)
    number = int.from_bytes(sha256(f"{salt}:{uid}".encode()).digest()[:14], "big")
    return UID(f"{ORIGINAL_ROOT}{number}")


def references(dataset: Dataset) -> Iterator[str]:
    """Yield every ReferencedSOPInstanceUID, at any depth."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from references(item)
        elif element.keyword == "ReferencedSOPInstanceUID" and element.value:
            yield str(element.value)

"""A hospital and the archive with breakable connections, patients to send, and what must hold.

Each fault has a patient of its own, so that all of them can share one running stack.
"""

import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID

from gateway.config import load_settings
from gateway.domain.accounts import AccountRole
from gateway.opening import open_accounts
from kasari.errors import StackError
from kasari.phantom import generate_cohort
from kasari.push import Destination, Ledger, Outcome, find_files, push
from kasari.stack import Centre, Stack, start_stack
from kasari.stack.consents import import_consents
from kasari.stack.settings import PUSH_AET
from tests.conftest import MOUNT
from tests.factories.archive_orthanc import archive_orthanc
from tests.factories.certificates import Authority
from tests.factories.identifiers import UIDS, as_bytes, found_below, found_in, identifying_words
from tests.system.faults.proxy import ByteProxy, HttpProxy

LIMIT_S = float(os.environ.get("KASARI_FAULT_LIMIT_S", "180"))
"""Long enough for a pause between attempts that grew, and for two rounds of scrubbing."""
LOOKS, MOST = 12, 6
"""Looks for signs of work within a limit; limits after which signs count no more."""
HEAD = "patient_id,family_name,given_name,birth_date,status,version,scope,date"
PREFIX = "FAULTWARD-"
COMMON_ROOT = "1.2.246.987."
FIRST = 100_000
"""Numbers of one length, and without a zero in front, as a UID's component must be."""
TEMPLATE_ID, TEMPLATE_ROOT = f"{PREFIX}{FIRST}", f"{COMMON_ROOT}{FIRST}."
SEED = 8
RECORDS = 3
"""Treatment records of the course; more would only take longer."""
STANDARD_UIDS = "1.2.840.10008."


SIGNS: list[Callable[[], Any]] = []
"""Of the ward that is open: what changes while work goes on, however slowly."""


def until(ask: Callable[[], Any], what: str, limit_s: float = LIMIT_S) -> Any:
    """Ask until the answer is true; services may be down meanwhile.

    The limit is for standing still: it begins anew whenever there are signs of work, which on a
    machine with much else to do may take its time.
    """
    began = last_look = time.monotonic()
    end, before, answer = began + limit_s, None, None
    while (now := time.monotonic()) < end:
        try:
            answer = ask()
        except httpx.HTTPError as error:
            answer = None
            what = f"{what} ({type(error).__name__})" if "(" not in what else what
        if answer:
            return answer
        if now - last_look > limit_s / LOOKS:
            seen, last_look = [sign() for sign in SIGNS], now
            if before is not None and seen != before:
                end = min(now + limit_s, began + MOST * limit_s)
            before = seen
        time.sleep(0.1)
    raise AssertionError(f"not after {time.monotonic() - began:.0f} s: {what}")


class Fate(StrEnum):
    """Where an instance that was offered must end: in exactly one of these."""

    DELIVERED = "delivered"
    HELD = "held"
    REFUSED_HERE = "refused_here"
    AT_THE_DOOR = "refused_at_the_door"
    WITHHELD = "withheld"
    SET_ASIDE = "set_aside"
    ERASED = "deleted_on_request"


@dataclass(frozen=True)
class Patient:
    patient_id: str
    folder: Path

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.iterdir())

    @property
    def uids(self) -> set[str]:
        return {sop_uid(path) for path in self.files}


@dataclass
class Crowd:
    """Patients with the same course, each under a name, an id and UIDs of its own.

    The objects are rewritten once so that all of them have one root and one id of fixed length;
    for each patient both are then exchanged as bytes, which costs nothing.
    """

    template: dict[str, bytes]
    admitted: int = 0

    @classmethod
    def generate(cls, folder: Path) -> "Crowd":
        generate_cohort(folder, 1, SEED, ("KUH",), small=True, declined=0)
        paths = sorted(folder.glob("KUH/dicom/*/*"))
        few = [path for path in paths if path.name.startswith("RT.")][:RECORDS]
        template = {}
        for path in paths:
            if path in few or not path.name.startswith("RT."):
                renamed(dcmread(path)).save_as(path)
                template[path.name] = path.read_bytes()
        return cls(template)

    def admit(self, folder: Path) -> Patient:
        """Write the next patient's objects below a folder."""
        self.admitted += 1
        number = FIRST + self.admitted
        own_root, own_id = f"{COMMON_ROOT}{number}.", f"{PREFIX}{number}"
        patient = Patient(own_id, folder / own_id)
        patient.folder.mkdir(parents=True)
        for name, data in self.template.items():
            own = data.replace(TEMPLATE_ROOT.encode(), own_root.encode())
            (patient.folder / name).write_bytes(own.replace(TEMPLATE_ID.encode(), own_id.encode()))
        return patient


@dataclass
class Ward:
    """One stack, its proxies, and everything that was offered to it."""

    archive_link: HttpProxy
    authority: Authority
    crowd: Crowd
    folder: Path
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of gateway and harmonizer, over those that the stack writes; see `restarted_with`."""
    patients: list[Patient] = field(default_factory=list)
    fates: dict[str, Fate] = field(default_factory=dict)
    """Original SOP Instance UID to where it must be."""
    deletions: int = 0
    """A deletion stays in the account when the same instance comes again."""
    stack: Stack = field(init=False)
    sender_link: ByteProxy = field(init=False)
    strange_ids: set[str] = field(default_factory=set)
    """Identifiers that were sent and do not begin as the others do."""
    volumes: dict[str, Path] = field(default_factory=dict)
    """Parts with a volume of their own, by name: only there can a disk be filled."""
    _links: dict[str, tuple[set[str], set[str]]] = field(default_factory=dict)
    """By the archive store's id: an object's own UIDs, and those that it refers to."""

    @property
    def site(self) -> Centre:
        return self.stack.centre("KUH")

    # --- patients and sending ----------------------------------------------------------------

    def admit(self, *, consent: bool = True) -> Patient:
        patient = self.crowd.admit(self.folder)
        self.patients.append(patient)
        if consent:
            self.say_consent(patient, "granted", "2024-01-01")
        return patient

    def say_consent(self, patient: Patient, status: str, day: str) -> None:
        report = import_consents(self.site, consent_list([patient], status, day))
        assert report["committed"], report

    def import_after_restore(self, *patients: Patient) -> None:
        """What an operator does with a restored gateway: the lists of since, then resume."""
        until(lambda: "restored" in self.alerts(), "the restored gateway waits for a person")
        until(lambda: self.admission()["reason"] == "restored", "and takes nothing in")
        for patient in patients:
            self.say_consent(patient, "granted", "2024-01-01")
        self.gateway("POST", "/api/v1/sending/resume")
        until(lambda: self.admission()["open"], "it takes in again")

    def send(self, patient: Patient, *, folder: Path | None = None, **how: Any) -> Outcome:
        """C-STORE everything of a patient, or of another folder, as a planning system does."""
        to = Destination("127.0.0.1", self.sender_link.port, self.site.ae_title, PUSH_AET)
        files = find_files(folder or patient.folder).files
        ledger = Ledger(self.folder / f"ledger-{time.monotonic_ns()}")
        outcome = push(files, to, ledger, 1, **how)
        refused = {path for paths in outcome.refused.values() for path in paths}
        for file in files:
            fate = Fate.AT_THE_DOOR if file.path in refused else Fate.DELIVERED
            self.fates.setdefault(sop_uid(file.path), fate)
        return outcome

    @contextmanager
    def sending(self, patient: Patient) -> Iterator[None]:
        """Send a patient beside what is done meanwhile; the site may be gone."""

        def send() -> None:
            with suppress(StackError):
                self.send(patient)

        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        yield
        until(lambda: not thread.is_alive(), "the sender is through")

    def expect(self, uids: set[str], fate: Fate) -> None:
        if fate is Fate.ERASED:
            self.deletions += sum(self.fates.get(uid) is not fate for uid in uids)
        self.fates |= dict.fromkeys(uids, fate)

    def count(self, fate: Fate) -> int:
        return Counter(self.fates.values())[fate]

    def erase(self, patient: Patient, day: str = "2025-02-01") -> None:
        """Withdraw a patient: what stays behind after a fault that a person has to judge."""
        self.say_consent(patient, "withdrawn", day)
        mine = patient.uids & {uid for uid in self.fates if self.fates[uid] != Fate.AT_THE_DOOR}
        self.expect(mine, Fate.ERASED)

    # --- asking --------------------------------------------------------------------------------

    def gateway(self, method: str, path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.site.operator_token()}"}
        url = self.site.gateway_url + path
        answer = httpx.request(method, url, headers=headers, timeout=30, **body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def as_steward(self, path: str, body: dict[str, str]) -> Any:
        """POST what only a data steward's own account may."""
        url = self.site.gateway_url + path
        return httpx.post(url, json=body, auth=self._steward, timeout=60).raise_for_status().json()

    @cached_property
    def _steward(self) -> tuple[str, str]:
        folder = self.stack.folders()["KUH/gateway"].parent
        with open_accounts(load_settings(folder / "gateway.yml")) as accounts:
            accounts.add("faultina", AccountRole.STEWARD, "the ward's own steward 7")
        return "faultina", "the ward's own steward 7"

    def archive(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.stack.reader_token()}"}
        answer = httpx.get(self.stack.archive_url + path, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def admission(self) -> Any:
        """What the site's plugin says of itself: whether it lets anybody in, and why not."""
        address = f"{self.site.orthanc_url}/kasari/admission"
        return httpx.get(address, auth=self.site.orthanc_login(), timeout=30).json()

    def archive_store(self) -> httpx.Client:
        url, login = archive_orthanc(self.stack)
        return httpx.Client(base_url=url, auth=login, timeout=30)

    def store_forgets(self, study_uids: list[str]) -> None:
        """Delete studies in the archive's store behind the harmonizer's back; it finds out."""
        with self.archive_store() as store:
            query = {"Level": "Instance", "Query": {"StudyInstanceUID": "\\".join(study_uids)}}
            found = set(store.post("/tools/find", json=query).json())
            sent = found - _made_there(store)
            for one in found:
                store.delete(f"/instances/{one}").raise_for_status()
        self.comes_again(len(sent))

    def comes_again(self, lost: int) -> None:
        """Wait until the archive misses so many; the gateway asks what is lost, and sends it."""
        self.kill("harmonizer")  # it looks at its start, and then only every few minutes
        self.stack.ensure_running()
        until(lambda: self.archive("/api/v1/status")["store"]["lost"] == lost, "the scan")
        assert self.gateway("POST", "/api/v1/archive/recheck")["sent_again"] > 0
        until(lambda: self.archive("/api/v1/status")["store"]["lost"] == 0, "all back")

    def kill(self, name: str, by: signal.Signals = signal.SIGKILL) -> None:
        """kill -9, and wait until it is gone."""
        pid = self.stack.processes()[name]
        assert pid is not None, f"{name} does not run"
        os.kill(pid, by)
        os.waitpid(pid, 0)

    def stop(self, *names: str, by: signal.Signals = signal.SIGTERM) -> None:
        """Let processes end in order."""
        for name in names:
            self.kill(name, by)

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """A process that is there and does nothing."""
        pid = self.stack.processes()[name]
        assert pid is not None, f"{name} does not run"
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):  # it may have been killed meanwhile
                os.kill(pid, signal.SIGCONT)

    @contextmanager
    def past_the_gate(self) -> Iterator[None]:
        """Let senders reach the site's Orthanc directly, while the gateway, their door, hangs."""
        door = self.sender_link.target
        self.sender_link.target = (door[0], self.stack.description()["ports"]["store-KUH"])
        try:
            yield
        finally:
            self.sender_link.target = door

    @contextmanager
    def full(self, name: str, left_bytes: int = 64 << 10) -> Iterator[None]:
        """Let a volume be all but full; then there is room again."""
        if name not in self.volumes:
            pytest.skip(f"needs root, {MOUNT} of limited size")
        place = self.volumes[name]
        room = os.statvfs(place)
        used = (room.f_blocks - room.f_bfree) * room.f_frsize
        _resize(place, used + left_bytes)
        try:
            yield
        finally:
            _resize(place, 4 << 30)

    @contextmanager
    def restarted_with(self, name: str, **values: Any) -> Iterator[None]:
        """Gateway or harmonizer with other settings for a while."""
        before = self.settings.get(name, {})
        self.settings[name] = before | {
            key: before.get(key, {}) | value if isinstance(value, dict) else value
            for key, value in values.items()
        }
        self.start_changed()
        try:
            yield
        finally:
            self.settings[name] = before
            self.start_changed()

    def start_changed(self) -> None:
        """Start anew what runs with other settings or keys than those of now."""
        self.stack = start_stack(self.stack.folder, tuple(self.stack.centres))

    def signs(self) -> list[Any]:
        """What changes while courses come, are sent and are harmonized; not mere attempts."""
        seen: list[Any] = [self.stack.processes()]
        with suppress(httpx.HTTPError):
            seen.append(self.gateway("GET", "/api/v1/account"))
        with suppress(httpx.HTTPError):
            told = self.archive("/api/v1/status")
            seen.append([told["instances"], told["courses"], told["work"], told["store"]["lost"]])
        return seen

    def settled(self) -> bool:
        """Whether every instance is where it must be, by the account and by the site's store."""
        account = self.gateway("GET", "/api/v1/account")
        if account[Fate.ERASED] != self.deletions or account["unseen_in_the_store"] != 0:
            return False
        return all(account[fate] == self.count(fate) for fate in COUNTED)

    def _apart(self) -> dict[str, Any]:
        """Tell what the account says, what was expected, and why courses wait."""
        told = self.gateway("GET", "/api/v1/courses")
        waiting = [(one["id"], one["state"], one["reasons"]) for one in told if one["reasons"]]
        expected = {fate.value: self.count(fate) for fate in COUNTED}
        account = self.gateway("GET", "/api/v1/account")
        return {"expected": expected, "account": account, "waiting": waiting}

    def at_the_archive(self) -> bool:
        found: int = self.archive("/api/v1/status")["instances"]
        return found == self.count(Fate.DELIVERED)

    def held(self, because: str = "") -> Any:
        """Wait for held courses with a reason like this, and return them, the latest first.

        While objects come in, a course may be held for what comes a moment later.
        """

        def ask() -> list[dict[str, Any]]:
            told = self.gateway("GET", "/api/v1/courses?state=held")
            return [c for c in told if any(because in str(reason) for reason in c["reasons"])]

        return until(ask, f"a course held for {because!r}")

    def alerts(self) -> set[str]:
        return {alert["code"] for alert in self.gateway("GET", "/api/v1/status")["alerts"]}

    # --- what must hold ------------------------------------------------------------------------

    def check(self) -> None:
        """Check what must hold after every fault, once all has come to rest.

        offered = delivered + held + refused + withheld + deleted, at both ends.
        """
        try:
            until(self.settled, "every instance is where it must be")
        except AssertionError as late:
            raise AssertionError(f"{late}: {self._apart()}") from None
        account = self.gateway("GET", "/api/v1/account")
        assert account["sums_up"], account
        inside = len(self.fates) - sum(self.count(fate) for fate in OUTSIDE)
        assert account["received"] == inside, "stored at the site: all that was taken, each once"
        delivered = self.count(Fate.DELIVERED)
        until(self.at_the_archive, "as many at the archive")
        assert self.archive("/api/v1/status")["store"]["lost"] == 0
        with self.archive_store() as store:
            made = _made_there(store)  # asked before and after: it may be replaced meanwhile
            ids = set(store.get("/instances").json()) - made - _made_there(store)
            assert len(ids) == delivered, "nothing twice, nothing strange in the store"
            self._check_objects(store, ids)

    def _check_objects(self, store: httpx.Client, ids: set[str]) -> None:
        """Every reference resolves; no original identifier is in an object. Reads new ones only."""
        needles = self._needles()
        self._links = {one: links for one, links in self._links.items() if one in ids}
        for one in sorted(ids - self._links.keys()):
            data = store.get(f"/instances/{one}/file").content
            assert not found_in(data, needles)
            dataset = dcmread(BytesIO(data), stop_before_pixels=True)
            own = {str(dataset.SOPInstanceUID), str(dataset.StudyInstanceUID)}
            self._links[one] = own, set(references(dataset))
        here = set().union(*(own for own, _ in self._links.values()))
        referred = set().union(*(targets for _, targets in self._links.values()))
        assert referred <= here, f"{len(referred - here)} references lead nowhere"

    def _needles(self) -> dict[bytes, str]:
        """Few, so that many megabytes are searched fast: all original UIDs have one root."""
        words = identifying_words(self.patients[0].files)
        people = {word for name, found in words.items() if name not in UIDS for word in found}
        return as_bytes({*people, *self.strange_ids, PREFIX, COMMON_ROOT})

    def check_harmonized(self) -> None:
        """Check that the archive has worked through everything, and nothing failed."""
        until(lambda: self.archive("/api/v1/status")["work"]["waiting"] == 0, "harmonized")
        status = self.archive("/api/v1/status")
        assert status["work"]["failed"] == 0
        courses = status["courses"]["KUH"]
        assert courses["harmonized"] > 0
        assert courses["failed"] == courses["stored"] == 0

    def check_in_the_end(self) -> None:
        """Check that all is harmonized, and that no file names anybody: the vault is encrypted."""
        self.check_harmonized()
        needles = self._needles()
        for path in self.patients[0].files:
            assert found_in(path.read_bytes(), needles), "the search would find an original"
        assert found_below(self.stack.folder, needles) == {}


COUNTED = tuple(fate for fate in Fate if fate not in {Fate.AT_THE_DOOR, Fate.ERASED})
"""What the account counts by instance; at the door it counts attempts, and every deletion."""
OUTSIDE = (Fate.AT_THE_DOOR, Fate.ERASED)
"""What is not, or not any more, among those that the gateway received."""


def _resize(place: Path, size: int) -> None:
    command = ["mount", "-o", f"remount,size={size}", str(place)]
    subprocess.run(command, check=True, capture_output=True)


def consent_list(patients: list[Patient], status: str, day: str) -> bytes:
    rows = [
        f"{patient.patient_id},Wardsson,Faultina,1950-01-01,{status},1,research,{day}"
        for patient in patients
    ]
    return "\n".join([HEAD, *rows, ""]).encode()


def sop_uid(path: Path) -> str:
    return str(
        dcmread(path, specific_tags=["SOPInstanceUID"], stop_before_pixels=True)[0x00080018].value
    )


def _made_there(store: httpx.Client) -> set[str]:
    """Return the objects that no site sent: the archive made them of a course's results."""
    query = {"Level": "Instance", "Query": {"SeriesDescription": "*(derived)"}}
    answer = store.post("/tools/find", json=query)
    answer.raise_for_status()
    return set(answer.json())


def renamed(dataset: Dataset) -> Dataset:
    """Give an object to the template's patient: name, id and every UID that is not a standard's."""
    dataset.PatientID, dataset.PatientName = TEMPLATE_ID, "Wardsson^Faultina"
    _rename_uids(dataset)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def _rename_uids(dataset: Dataset) -> None:
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                _rename_uids(item)
        elif element.VR == "UI" and element.value:
            many = element.VM > 1
            values = [_renamed(uid) for uid in (element.value if many else [element.value])]
            element.value = values if many else values[0]


def _renamed(uid: str) -> UID:
    if uid.startswith(STANDARD_UIDS):
        return UID(uid)
    number = int.from_bytes(sha256(uid.encode()).digest()[:14], "big")
    return UID(f"{TEMPLATE_ROOT}{number}")


def references(dataset: Dataset) -> Iterator[str]:
    """Yield every ReferencedSOPInstanceUID, at any depth."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from references(item)
        elif element.keyword == "ReferencedSOPInstanceUID" and element.value:
            yield str(element.value)

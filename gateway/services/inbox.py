"""The watched folder: what a hospital's system puts there is imported as if by hand."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from gateway.contract.records import WORDS
from gateway.domain.clinical import Arrival
from gateway.domain.clinical.sources import READERS
from gateway.ports import Alerts, Audit
from gateway.services.clinical import ClinicalService, ImportOptions
from gateway.services.recruitment import RecruitmentService

SCREENING: Final = "screening"
PLACES: Final = (*WORDS, *READERS, SCREENING)
"""Subfolders: kinds of our own files, other systems' exports, the screening log."""
MOST_BYTES: Final = 32 * 2**20
ROLE: Final = "inbox"
ALERT: Final = "inbox-refused"


class Inbox(Protocol):
    def arrivals(self) -> Sequence[Arrival]: ...

    def read(self, arrival: Arrival) -> bytes: ...

    def put_away(self, arrival: Arrival, taken: bool, report: Mapping[str, Any]) -> None: ...

    def refused(self) -> int: ...


class InboxService:
    def __init__(
        self,
        inbox: Inbox,
        clinical: ClinicalService,
        recruitment: RecruitmentService,
        audit: Audit,
        alerts: Alerts,
    ) -> None:
        self._inbox = inbox
        self._clinical = clinical
        self._recruitment = recruitment
        self._audit = audit
        self._alerts = alerts

    def step(self) -> int:
        """Import what has arrived: each file whole or not at all. Returns how many files."""
        arrivals = self._inbox.arrivals()
        for arrival in arrivals:
            taken, report = self._import(arrival)
            self._inbox.put_away(arrival, taken, report)
        refused = self._inbox.refused()
        if refused:
            text = f"{refused} files of the inbox were refused; their reports lie beside them"
            self._alerts.raise_alert(ALERT, text)
        else:
            self._alerts.clear(ALERT)
        return len(arrivals)

    def _import(self, arrival: Arrival) -> tuple[bool, Mapping[str, Any]]:
        if arrival.size_bytes > MOST_BYTES:
            text = "the file is larger than 32 MiB; `kasari clinical import` sends it in parts"
            return False, {"reason": text}
        data, word = self._inbox.read(arrival), arrival.word
        if word == SCREENING:
            log = self._recruitment.import_log(data, "log", ROLE)
            return not log.problems, log.as_json()
        options = ImportOptions(source=word)
        self._audit.record("clinical-import", ROLE, "-", word)
        if word in READERS:
            result = self._clinical.import_export(word, data, options=options)
        else:
            result = self._clinical.import_csv(WORDS[word], data, options=options)
        return not result.problems, result.as_json()

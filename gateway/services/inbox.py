"""The watched folder: what a hospital's system puts there is imported as if by hand."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from gateway.contract.records import WORDS
from gateway.domain.clinical import Arrival
from gateway.ports import Alerts, Audit, Clock
from gateway.services.clinical import FORMS, ClinicalService, ImportOptions
from gateway.services.recruitment import RecruitmentService

SCREENING: Final = "screening"
PLACES: Final = (*WORDS, *FORMS, SCREENING)
"""Subfolders: kinds of our own files, other systems' exports, the screening log."""
MOST_BYTES: Final = 32 * 2**20
ROLE: Final = "inbox"
ALERT: Final = "inbox-refused"


class Inbox(Protocol):
    def arrivals(self) -> Sequence[Arrival]: ...

    def read(self, arrival: Arrival) -> bytes: ...

    def put_away(self, arrival: Arrival, taken: bool, report: Mapping[str, Any]) -> None: ...

    def refused(self) -> int: ...

    def expired(self, before: datetime) -> int: ...

    def delete_expired(self, before: datetime) -> None: ...


class InboxService:
    def __init__(
        self,
        inbox: Inbox,
        clinical: ClinicalService,
        recruitment: RecruitmentService,
        audit: Audit,
        alerts: Alerts,
        clock: Clock,
        keep_days: int,
    ) -> None:
        self._inbox = inbox
        self._clinical = clinical
        self._recruitment = recruitment
        self._audit = audit
        self._alerts = alerts
        self._clock = clock
        self._keep = timedelta(days=keep_days)

    def step(self) -> int:
        """Import what has arrived: each file whole or not at all. Returns how many files."""
        arrivals = self._inbox.arrivals()
        for arrival in arrivals:
            taken, report = self._import(arrival)
            self._inbox.put_away(arrival, taken, report)
        refused = self._inbox.refused()
        if refused:
            text = f"{refused} files of the inbox were refused: read their reports, remove them"
            self._alerts.raise_alert(ALERT, text)
        else:
            self._alerts.clear(ALERT)
        self._delete_expired()
        return len(arrivals)

    def _delete_expired(self) -> None:
        """What was imported or refused names patients: it does not stay longer than it must."""
        before = self._clock.now() - self._keep
        expired = self._inbox.expired(before)
        if expired:
            self._audit.record("inbox-delete", ROLE, "-", f"{expired} files")
            self._inbox.delete_expired(before)

    def _import(self, arrival: Arrival) -> tuple[bool, Mapping[str, Any]]:
        if arrival.size_bytes > MOST_BYTES:
            text = "the file is larger than 32 MiB; `kasari clinical import` sends it in parts"
            return False, {"reason": text}
        data, word = self._inbox.read(arrival), arrival.word
        if word == SCREENING:
            log = self._recruitment.import_log(data, "log", ROLE)
            return not log.problems, log.as_json()
        result = self._clinical.import_file(word, data, ROLE, ImportOptions(source=word))
        return not result.problems, result.as_json()

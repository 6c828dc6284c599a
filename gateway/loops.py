"""The loops of a running gateway: each does one thing again and again, in a thread of its own."""

import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from time import monotonic

from gateway.background import Loop
from gateway.collecting import Schedule
from gateway.domain.submission import Patience
from gateway.errors import RetryError
from gateway.opening import port_certificates
from gateway.service import Service
from gateway.services.collection import FAILING as COLLECTION_FAILING
from gateway.services.reconsideration import Reconsideration
from gateway.services.withdrawal import ERASE
from gateway.standstill import told_of

CLINICAL_PAUSE_S = 2.0
INBOX_PAUSE_S = 5.0
WITHDRAWAL_PAUSE_S = 5.0
RECHECK_PAUSE_S = 30.0
RECHECK_EVERY_S = 3600.0
DISK_PAUSE_S = 2.0
DOOR_PAUSE_S = 0.5
COMMITMENT_PAUSE_S = 1.0
CERTIFICATE_PAUSE_S = 3600.0
SPOOL_PAUSE_S = 60.0
SEAL_PAUSE_S = 60.0
DROP_EVERY_S = 600.0
REVIEW_EVERY_S = 60.0
RECONCILE_EVERY_S = 24 * 3600.0
RECONSIDER_EVERY_S = 60.0
FAILING = "-failing"
"""Behind a loop's name: the code of its alert."""


class Background:
    """The service's loops, started and stopped together; one that fails raises an alert."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._reconcile_at = 0.0
        self._review_at = 0.0
        self._recheck_at = 0.0
        self.schedule: Schedule | None = None
        self._failing: dict[str, bool] = {}
        pause = service.settings.poll_seconds
        every = service.settings.canary_minutes * 60
        certificates = port_certificates(service.settings, service.clock, service.alerts)
        self.intake = self._loop("intake", self._take_in, pause)
        self.loops = [
            self.intake,
            self._loop("courses", service.course_service.step, pause),
            self._loop("consent", self._reconsideration().step, RECONSIDER_EVERY_S),
            self._loop("canary", partial(service.canary.step_if_due, every), min(every, 5.0)),
            self._loop("disk", service.disk.step, DISK_PAUSE_S),
            self._loop("clinical", self._send_clinical, CLINICAL_PAUSE_S, Patience()),
            self._loop("inbox", self._look_into_inbox, INBOX_PAUSE_S),
            self._loop("recheck", self._recheck, RECHECK_PAUSE_S),
            self._loop("withdrawal", self._erase, WITHDRAWAL_PAUSE_S),
            self._loop("audit", service.seals.seal_if_due, SEAL_PAUSE_S),
            self._loop("certificates", certificates.step, CERTIFICATE_PAUSE_S),
            self._loop("spool", service.preparer.tidy, SPOOL_PAUSE_S),
            *self._unknown_loops(),
            *self._door_loops(),
            self._loop("refusals", service.sending.review, REVIEW_EVERY_S),
            *self._sender_loops(pause),
        ]

    def _reconsideration(self) -> Reconsideration:
        service = self._service
        return Reconsideration(service.index, service.courses, service.consents.is_admitted)

    def _sender_loops(self, pause: float) -> list[Loop]:
        """A lease bears the host's name; an alert does not, as the next container has another."""
        send, host = self._service.sending.step, socket.gethostname()
        names = [f"sender-{number}" for number in range(self._service.settings.senders)]
        return [self._loop(name, partial(send, f"{host}-{name}"), pause) for name in names]

    def _unknown_loops(self) -> list[Loop]:
        if self._service.settings.unknown_patients != "hold":
            return []
        return [self._loop("unknown-patients", self._drop_unknown, DROP_EVERY_S)]

    def _door_loops(self) -> list[Loop]:
        door = self._service.door
        if door is None:
            return []
        return [
            self._loop("dicom-port", door.step, DOOR_PAUSE_S),
            self._loop("commitment", door.commitments.step, COMMITMENT_PAUSE_S),
        ]

    def start(self) -> None:
        self._service.outbox.release_leases()
        self.forget_alerts()
        for part in (self._service.door, self.schedule):
            if part is not None:
                part.start()
        self._service.disk.step()  # before the plugin asks for the first time
        for loop in self.loops:
            loop.start()

    def forget_alerts(self) -> None:
        """Take down what nothing of this process would: its last one may have had other parts."""
        self._service.departure.resume()
        own = {f"{loop.name}{FAILING}" for loop in self.loops}
        own |= {COLLECTION_FAILING} if self.schedule else set()
        for alert in self._service.alerts.open():
            if alert["code"].endswith(FAILING) and alert["code"] not in own:
                self._service.alerts.clear(alert["code"])

    def stop(self) -> None:
        for loop in self.loops:
            loop.ask_to_stop()
        for loop in self.loops:
            loop.stop()
        for part in (self.schedule, self._service.door):
            if part is not None:
                part.stop()

    def _loop(
        self,
        name: str,
        step: Callable[[], object],
        pause_s: float,
        patience: Patience | None = None,
    ) -> Loop:
        return Loop(name, step, pause_s, self._failed, self._succeeded, patience)

    def _take_in(self) -> int:
        now = monotonic()
        if now >= self._reconcile_at:
            self._service.intake.reconcile()  # reviews as well
            self._reconcile_at = monotonic() + RECONCILE_EVERY_S
            self._review_at = monotonic() + REVIEW_EVERY_S
        elif now >= self._review_at:
            self._service.intake.review()
            self._review_at = monotonic() + REVIEW_EVERY_S
        return self._service.intake.step()

    def _drop_unknown(self) -> None:
        if self._service.departure.restored:  # they may have consented since the backup
            return
        days = timedelta(days=self._service.settings.hold_days)
        self._service.withdrawal.drop_unknown(self._service.clock.now() - days)

    def _erase(self) -> None:
        service = self._service
        if service.departure.restored:  # consent may have come back since the backup
            return
        service.withdrawal.step()
        if service.settings.on_withdrawal == ERASE:
            service.clinical.forget_withdrawn()
        service.clinical.forget(service.erasures.recalled() | service.consents.merged())
        if service.recall.step():
            service.outbox.hurry()  # what was to wait for that

    def _send_clinical(self) -> None:
        certified = self._service.departure.certificate_is_good()
        if self._service.departure.barred or not certified:
            self._service.clinical_sending.take_back()  # needs no archive
            return
        with self._service.departure.heeding():
            self._service.clinical_sending.send()
            self._service.recruitment.tell()

    def _look_into_inbox(self) -> None:
        if self._service.inbox is not None:
            self._service.inbox.step()

    def _recheck(self) -> None:
        """Ask at the start and every hour; sooner again while the archive does not answer."""
        if self._service.departure.barred or monotonic() < self._recheck_at:
            return
        with self._service.departure.heeding(), suppress(RetryError):  # sending tells of that
            self._service.recheck.step()
            if self._recheck_at:  # not at the start: first import what a restored gateway missed
                self._service.told.step()
            self._recheck_at = monotonic() + RECHECK_EVERY_S

    def _failed(self, name: str, error: Exception) -> None:
        self._failing[name] = True
        self._service.alerts.raise_alert(f"{name}{FAILING}", told_of(name, error))

    def _succeeded(self, name: str) -> None:
        if self._failing.get(name, True):  # also after a start: an old alert may stand
            self._service.alerts.clear(f"{name}{FAILING}")
            self._failing[name] = False

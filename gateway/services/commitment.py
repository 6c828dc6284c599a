"""Storage commitment: a sender hears "committed" when the archive has read its objects back.

A request is kept until its answer was handed over, over restarts too.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

from gateway.domain.dicomnet import LONGEST_RETRY, Asked, Verdict, decide
from gateway.errors import RejectError, RetryError
from gateway.ports import Alerts, Answering, Audit, Clock, Commitments, OpenRequest
from gateway.services.senders import KnownSender

SETTLE: Final = timedelta(seconds=60)
"""After which an object that is not here is held never to have come."""
LOOK_AGAIN: Final = timedelta(seconds=2)
FIRST_RETRY: Final = timedelta(seconds=30)
UNANSWERED: Final = "commitment-unanswered"


class Sealing(Protocol):
    """The keyed functions that a request needs."""

    def uid(self, original: str) -> str: ...

    def seal(self, plain: bytes) -> bytes: ...

    def unseal(self, sealed: bytes) -> bytes: ...


class CommitmentService:
    """Takes requests and answers each once nothing of it is open any more."""

    def __init__(
        self,
        commitments: Commitments,
        answering: Answering,
        sender: Callable[[str], KnownSender | None],
        sealing: Sealing,
        limit: timedelta,
        alerts: Alerts,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._commitments = commitments
        self._answering = answering
        self._sender = sender
        self._sealing = sealing
        self._limit = limit
        self._alerts = alerts
        self._audit = audit
        self._clock = clock

    def take(self, aet: str, transaction: str, asked: list[Asked]) -> None:
        """Keep a request.

        Raises
        ------
        RejectError
            `no-port`: the sender's own port is not known, so that no answer could reach it.
        """
        sender = self._sender(aet)
        if sender is None or sender.port is None:
            raise RejectError("no-port", "the sender's own DICOM port is not in the list")
        plain = json.dumps([transaction, [[a.sop_class_uid, a.sop_instance_uid] for a in asked]])
        self._audit.record("commitment-request", f"sender:{aet}", "-", f"{len(asked)} instances")
        key, now = self._sealing.uid(transaction), self._clock.now()
        self._commitments.add(OpenRequest(key, aet, now, 0, self._sealing.seal(plain.encode())))

    def step(self) -> int:
        """Answer what can be answered. Returns how many requests were."""
        now = self._clock.now()
        return sum(self._look_at(request, now) for request in self._commitments.due(now))

    def _look_at(self, request: OpenRequest, now: datetime) -> bool:
        transaction, listed = json.loads(self._sealing.unseal(request.sealed))
        asked = [(Asked(*one), self._sealing.uid(one[1])) for one in listed]
        waited = now - request.requested_at
        kept = self._commitments.kept({uid for _, uid in asked})
        settled = not timedelta(0) <= waited < SETTLE  # the clock may have been set back
        verdict = decide(asked, kept, settled=settled, expired=waited >= self._limit)
        if verdict is None:
            pause = min(max(LOOK_AGAIN, waited / 20), timedelta(minutes=5))
            self._commitments.postpone(request.key, now + pause, request.attempts)
            return False
        return self._answer(request, transaction, verdict, now)

    def _answer(
        self, request: OpenRequest, transaction: str, verdict: Verdict, now: datetime
    ) -> bool:
        sender = self._sender(request.aet)
        try:
            if sender is None or sender.port is None:
                raise RetryError("the sender is not in the list any more")
            self._answering.answer(sender.host, sender.port, sender.aet, transaction, verdict)
        except RetryError as error:
            if now - request.requested_at > 2 * self._limit:
                self._close(request, "nobody took the answer")
                return False
            pause = min(FIRST_RETRY * 2**request.attempts, LONGEST_RETRY)
            self._commitments.postpone(request.key, now + pause, min(request.attempts + 1, 16))
            self._alerts.raise_alert(UNANSWERED, f"{request.aet}: {error}; tried again by itself")
            return False
        said = f"{len(verdict.committed)} committed, {len(verdict.failed)} not"
        self._close(request, said)
        self._alerts.clear(UNANSWERED)
        return True

    def _close(self, request: OpenRequest, said: str) -> None:
        self._audit.record("commitment-answer", "service", "-", f"{request.aet}: {said}")
        self._commitments.done(request.key)

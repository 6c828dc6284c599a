"""C-STORE of many files over several associations at once."""

import socket
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from threading import Lock
from typing import Any, Final

from pynetdicom import AE, _config, evt
from pynetdicom.association import Association

from gateway.contract.dimse import DimseStatus
from kasari.errors import StackError
from kasari.push.files import DicomFile, judging_no_value
from kasari.push.ledger import Ledger
from kasari.push.whole import to_send

MOST_CONTEXTS: Final = 128
ATTEMPTS: Final = 60
"""Associations tried one after the other without one success."""
LOST_ATTEMPTS: Final = 4
"""For a file with which the association is lost."""
LATER_ATTEMPTS: Final = 30
"""For a file that the site cannot take now, e.g. because its gateway service starts."""
PAUSE_S: Final = 1.0
TIMEOUT_S: Final = 60.0
LOOK_S: Final = 0.5
IDLE: Final = "Sta1"
"""PS3.8 table 9-10: no connection."""
NOT_NEGOTIATED: Final = DimseStatus.SOP_CLASS_NOT_SUPPORTED
"""Told of a file that no association would carry."""
_RETRYABLE: Final = range(DimseStatus.OUT_OF_RESOURCES, 0xA800)
Progress = Callable[[DicomFile], None]


@dataclass(frozen=True)
class Destination:
    """A storage SCP."""

    host: str
    port: int
    called_aet: str
    calling_aet: str


@dataclass
class Outcome:
    """What became of the files."""

    sent: int = 0
    sent_bytes: int = 0
    known: int = 0
    """Acknowledged at an earlier push."""
    refused: dict[int, list[Path]] = field(default_factory=dict)
    """DIMSE status to the files that got it."""
    seconds: float = 0.0

    def counts(self) -> dict[int, int]:
        return {status: len(paths) for status, paths in sorted(self.refused.items())}


class _Queue:
    """Files still to send. What an association lost goes back; each goes back so often only."""

    def __init__(self, files: list[DicomFile]) -> None:
        self._waiting = deque(files)
        self._lock = Lock()
        self._failures: Counter[Path] = Counter()

    def take(self, accept: set[tuple[str, str]]) -> DicomFile | None:
        with self._lock:
            for number, file in enumerate(self._waiting):
                if file.context in accept:
                    del self._waiting[number]
                    return file
        return None

    def give_back(self, file: DicomFile, attempts: int) -> bool:
        """Whether it may be tried again."""
        with self._lock:
            self._failures[file.path] += 1
            again = self._failures[file.path] < attempts
            if again:
                self._waiting.appendleft(file)
        return again

    def contexts(self) -> list[tuple[str, str]]:
        with self._lock:
            return list(dict.fromkeys(file.context for file in self._waiting))[:MOST_CONTEXTS]


class _Sender:
    """One thread's work: an association after the other until nothing is left."""

    def __init__(
        self, to: Destination, queue: _Queue, ledger: Ledger, tell: Callable[..., None]
    ) -> None:
        self._to = to
        self._queue = queue
        self._ledger = ledger
        self._tell = tell
        self._failures = 0

    def run(self) -> None:
        while contexts := self._queue.contexts():
            association = self._associate(contexts)
            if association is None:
                if self._queue.contexts():
                    self._wait()
                continue
            try:
                self._use(association, set(contexts))
            finally:
                _leave(association)

    def _wait(self) -> None:
        self._failures += 1
        if self._failures >= ATTEMPTS:
            raise StackError(
                f"{self._to.called_aet} at port {self._to.port} accepts no association: is the "
                "stack up (`kasari doctor`)?"
            )
        time.sleep(PAUSE_S)

    def _associate(self, contexts: list[tuple[str, str]]) -> Association | None:
        entity = AE(ae_title=self._to.calling_aet)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = TIMEOUT_S
        entity.maximum_pdu_size = 0
        for sop_class, transfer_syntax in contexts:
            entity.add_requested_context(sop_class, transfer_syntax)
        association = entity.associate(
            self._to.host,
            self._to.port,
            ae_title=self._to.called_aet,
            evt_handlers=[(evt.EVT_CONN_OPEN, _without_delay)],
        )
        if association.is_established:
            leave_answers(association)
            return association
        if association.rejected_contexts:  # it took us, and nothing of what we offered
            while file := self._queue.take(set(contexts)):
                self._tell(file, NOT_NEGOTIATED)
        return None

    def _use(self, association: Association, offered: set[tuple[str, str]]) -> None:
        accepted = {
            (str(context.abstract_syntax), str(syntax))
            for context in association.accepted_contexts
            for syntax in context.transfer_syntax
        }
        while file := self._queue.take(offered - accepted):
            self._tell(file, NOT_NEGOTIATED)
        while association.is_established and (file := self._queue.take(accepted)):
            if not self._send(association, file):
                return

    def _send(self, association: Association, file: DicomFile) -> bool:
        """Send one file; False when the association should be left."""
        try:
            answer = association.send_c_store(to_send(file))
            status = answer.Status if "Status" in answer else None
        except (OSError, RuntimeError, ValueError, AttributeError):
            status = None
        if status == DimseStatus.SUCCESS:
            self._ledger.add(file.digest)
            self._failures = 0
        elif status is None or status in _RETRYABLE:
            attempts = LOST_ATTEMPTS if status is None else LATER_ATTEMPTS
            if self._queue.give_back(file, attempts):
                time.sleep(PAUSE_S)
                return False
        self._tell(file, status if status is not None else _RETRYABLE.start)
        return True


def push(
    files: list[DicomFile],
    to: Destination,
    ledger: Ledger,
    associations: int = 2,
    progress: Progress = lambda _file: None,
) -> Outcome:
    """Send what the ledger does not know, each file in its own transfer syntax.

    A lost association and a status that says "later" are tried again.

    Raises
    ------
    StackError
        The site accepts no association.
    """
    _config.STORE_SEND_CHUNKED_DATASET = True  # the file's own bytes, read as they are sent
    outcome, lock, began = Outcome(), Lock(), time.perf_counter()
    new = [file for file in files if file.digest not in ledger]
    outcome.known = len(files) - len(new)

    def tell(file: DicomFile, status: int) -> None:
        with lock:
            if status == DimseStatus.SUCCESS:
                outcome.sent += 1
                outcome.sent_bytes += file.size
            else:
                outcome.refused.setdefault(status, []).append(file.path)
        progress(file)

    for file in files:
        if file.digest in ledger:
            progress(file)
    queue = _Queue(new)
    threads = max(1, min(associations, len(new)))
    with judging_no_value(), ThreadPoolExecutor(threads) as pool:
        senders = [_Sender(to, queue, ledger, tell) for _ in range(associations)]
        for done in [pool.submit(sender.run) for sender in senders]:
            done.result()
    outcome.seconds = time.perf_counter() - began
    return outcome


def leave_answers(association: Association) -> None:
    """Keep pynetdicom's own thread from taking an answer that `send_c_store` waits for.

    That thread asks for requests of the peer, without blocking; under load it does so although
    it counts as paused, and the sender would wait in vain for its time-out. A storage SCU is
    asked nothing, so that thread need not look.
    """
    answers = association.dimse.msg_queue

    def get_msg(block: bool = False) -> Any:
        deadline = time.monotonic() + TIMEOUT_S
        while block and time.monotonic() < deadline:
            try:
                return answers.get(timeout=LOOK_S)
            except Empty:
                if association.dul.state_machine.current_state == IDLE:
                    break  # the peer ended the association: no answer will come
        return None, None

    association.dimse.get_msg = get_msg  # type: ignore[method-assign]


def _without_delay(event: Any) -> None:
    """Small packets go at once; without it each file waits for a delayed acknowledgement."""
    connection = event.assoc.dul.socket.socket
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _leave(association: Association) -> None:
    if association.is_established:
        association.release()
    else:
        association.abort()

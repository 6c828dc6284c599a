"""The DICOM port that senders see: open only while the site Orthanc is proven to de-identify.

Each association is judged before a byte of it reaches Orthanc, which listens where nobody else
can call it; what is let through is passed on unread.
"""

import logging
import socket
import ssl
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import BoundedSemaphore, Lock, Thread
from time import monotonic
from typing import Final

from gateway.domain.dicomnet import (
    HEADER_BYTES,
    Refused,
    Request,
    length_of,
    read_request,
    rejection,
)

logger = logging.getLogger(__name__)

FIRST_WORD_S: Final = 15.0
"""How long a caller may take, in all, to say who it is."""
MOST_WAITING: Final = 32
"""Callers that have not said it yet; more are hung up on, so that threads do not run out."""
SILENT_S: Final = 600.0
CONNECT_S: Final = 10.0
CHUNK: Final = 1 << 18
MOST_ASSOCIATIONS: Final = 64
_BACKLOG: Final = 32
QUICK_S: Final = 0.0005
USUAL_S: Final = 0.005
"""How long a thread may compute while another waits (`sys.setswitchinterval`). While a sender
waits for the answer to each C-STORE, what de-identifies courses beside it makes way sooner; at
other times that only costs."""

Address = tuple[str, int]
Judge = Callable[[Request, str], Address | Refused]
"""Given who calls and from where: to whom it goes, or why it is refused."""


@dataclass(frozen=True)
class Listening:
    """Where the gate listens, and with which certificate if it does so by TLS."""

    address: Address
    tls: ssl.SSLContext | None = None


class DicomGate:
    """Listens while it is open. `open` and `close` may be called again and again."""

    def __init__(self, listening: Listening, judge: Judge) -> None:
        self._listening = listening
        self._judge = judge
        self._server: socket.socket | None = None
        self._lock = Lock()
        self._links: dict[socket.socket, str] = {}
        """What is open on either side, and who called: noted before it is judged, so that whoever
        is hung up on while it is let through hears it too."""
        self._room = BoundedSemaphore(MOST_ASSOCIATIONS)
        self._waiting = BoundedSemaphore(MOST_WAITING)

    @property
    def is_open(self) -> bool:
        return self._server is not None

    @property
    def port(self) -> int:
        """Where it listens; of use when the system chose."""
        server = self._server
        return int(server.getsockname()[1]) if server else self._listening.address[1]

    def open(self) -> None:
        """Listen. Raises `OSError` if the port is taken."""
        with self._lock:
            if self._server is not None:
                return
            server = socket.create_server(self._listening.address, backlog=_BACKLOG)
            self._server = server
            try:
                Thread(target=self._accept, args=(server,), name="gate", daemon=True).start()
            except (RuntimeError, MemoryError):
                self._server = None
                server.close()
                raise

    def close(self) -> None:
        """Listen no more, and end every association."""
        with self._lock:
            server, self._server = self._server, None
            links, self._links = self._links, {}
        _end(*links, *([server] if server else []))

    def hang_up(self, calling: str) -> None:
        """End every association of one AE title."""
        with self._lock:
            links = [link for link, theirs in self._links.items() if theirs == calling]
            for link in links:
                del self._links[link]
        _end(*links)

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                caller, address = server.accept()
            except OSError:
                return  # closed
            if not self._waiting.acquire(blocking=False):
                caller.close()
                continue
            serving = partial(self._serve, caller, address[0])
            try:
                Thread(target=serving, name="association", daemon=True).start()
            except (RuntimeError, MemoryError):  # no room for a thread: the next caller may find it
                self._waiting.release()
                caller.close()

    def _serve(self, plain: socket.socket, host: str) -> None:
        try:
            try:
                caller, first = self._first_word(plain)
            finally:
                self._waiting.release()
            with caller:
                self._serve_one(caller, first, host)
        except (OSError, ValueError, RuntimeError) as error:
            logger.info("association ended: %s", type(error).__name__)
        finally:
            plain.close()

    def _first_word(self, plain: socket.socket) -> tuple[socket.socket, bytes]:
        """Return the caller, behind TLS if that is wanted, and its whole request."""
        until = monotonic() + FIRST_WORD_S
        plain.settimeout(FIRST_WORD_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls = self._listening.tls
        caller = tls.wrap_socket(plain, server_side=True) if tls else plain
        try:
            header = _exactly(caller, HEADER_BYTES, until)
            length = length_of(header)
            if length is None:
                raise ValueError("this is not DICOM: it hears nothing")
            return caller, header + _exactly(caller, length, until)
        except BaseException:
            caller.close()
            raise

    def _serve_one(self, caller: socket.socket, first: bytes, host: str) -> None:
        request = read_request(first[HEADER_BYTES:])
        with self._lock:
            self._links[caller] = request.calling
        try:
            verdict = self._judge(request, host)
            if isinstance(verdict, Refused) or not self._room.acquire(blocking=False):
                why = verdict if isinstance(verdict, Refused) else Refused.TRY_LATER
                caller.sendall(rejection(why))
                return
            try:
                self._pass_on(caller, first, verdict)
            finally:
                self._room.release()
        finally:
            with self._lock:
                self._links.pop(caller, None)
                if not self._links:
                    sys.setswitchinterval(USUAL_S)

    def _pass_on(self, caller: socket.socket, first: bytes, to: Address) -> None:
        try:
            inner = socket.create_connection(to, CONNECT_S)
        except OSError:
            caller.sendall(rejection(Refused.TRY_LATER))
            return
        with inner:
            inner.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for one in (caller, inner):
                one.settimeout(SILENT_S)
            with self._lock:
                if caller not in self._links:
                    return  # hung up on meanwhile
                self._links[inner] = self._links[caller]
                sys.setswitchinterval(QUICK_S)
            try:
                inner.sendall(first)
                back = Thread(target=_pump, args=(inner, caller), daemon=True)
                back.start()
                _pump(caller, inner)
                back.join(SILENT_S)
            finally:
                with self._lock:
                    self._links.pop(inner, None)


def _end(*links: socket.socket) -> None:
    for one in links:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


def _exactly(source: socket.socket, count: int, until: float) -> bytes:
    found = b""
    while len(found) < count:
        left = until - monotonic()
        if left <= 0:
            raise TimeoutError
        source.settimeout(left)
        part = source.recv(count - len(found))
        if not part:
            raise ConnectionResetError
        found += part
    return found


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Pass on until one side ends; the other then hears it."""
    view = memoryview(bytearray(CHUNK))
    with suppress(OSError):
        while count := source.recv_into(view):
            target.sendall(view[:count])
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)

"""Proxies that break what goes through them: one that knows HTTP requests, one that only bytes."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

CHUNK = 65536
LIMIT_S = 300.0
"""Longer than gateway or archive wait: only a fault of its own may cut a request."""


@dataclass
class Fault:
    """What happens to the next `times` requests that begin with `match`."""

    match: bytes
    times: int = 1
    status: int | None = None
    """Answer this instead of asking."""
    cut_after: int | None = None
    """Pass so many bytes of the body on, then cut both sides."""
    lose_answer: bool = False
    """Pass the whole request on, and cut when the answer comes."""
    bytes_per_second: float | None = None
    flip_at: int | None = None
    """Change one bit of this byte of the body."""
    done: int = 0
    passed: int = 0
    """Bytes of bodies that went through with it."""


class _Listener:
    """Accepts on a port of its own and serves each connection in a thread."""

    def __init__(self, target: tuple[str, int], tls: ssl.SSLContext | None = None) -> None:
        self.target = target
        self.tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._closed = True
        self._socket.close()

    def serve(self, client: socket.socket) -> None:
        raise NotImplementedError

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(LIMIT_S)
        with suppress(OSError):
            if self.tls is not None:
                client = self.tls.wrap_socket(client, server_side=True)
            with client:
                self.serve(client)


class HttpProxy(_Listener):
    """One request for each connection, so that each may have its own fault."""

    def __init__(self, target: tuple[str, int], tls: ssl.SSLContext | None = None) -> None:
        super().__init__(target, tls)
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self.requests: list[bytes] = []
        """First lines, in the order in which they came."""

    @contextmanager
    def having(self, fault: Fault) -> Iterator[Fault]:
        with self._lock:
            self._faults.append(fault)
        try:
            yield fault
        finally:
            with self._lock:
                self._faults.remove(fault)

    @contextmanager
    def presenting(self, tls: ssl.SSLContext) -> Iterator[None]:
        """Show another certificate for a while."""
        good, self.tls = self.tls, tls
        try:
            yield
        finally:
            self.tls = good

    def seen(self, match: bytes) -> int:
        """How many requests came that begin so."""
        return sum(line.startswith(match) for line in self.requests)

    def serve(self, client: socket.socket) -> None:
        head, body = self._head(client)
        if not head:
            return
        first = head.split(b"\r\n", 1)[0]
        self.requests.append(first)
        length = _content_length(head) - len(body)
        fault = self._next(first)
        if fault and fault.status is not None:
            _drain(client, length)
            client.sendall(
                b"HTTP/1.1 %d x\r\nContent-Length: 2\r\nContent-Type: application/json\r\n"
                b"Connection: close\r\n\r\n{}" % fault.status
            )
            return
        with socket.create_connection(self.target, LIMIT_S) as server:
            line, rest = head.split(b"\r\n", 1)
            server.sendall(line + b"\r\nConnection: close\r\n" + _without_connection(rest) + body)
            if not _pass_on(client, server, length, fault):
                return
            while data := server.recv(CHUNK):
                if fault and fault.lose_answer:
                    return
                client.sendall(data)

    def _next(self, first: bytes) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if first.startswith(fault.match) and fault.done < fault.times:
                    fault.done += 1
                    return fault
        return None

    @staticmethod
    def _head(client: socket.socket) -> tuple[bytes, bytes]:
        data = b""
        while b"\r\n\r\n" not in data:
            more = client.recv(CHUNK)
            if not more:
                return b"", b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        return head + b"\r\n\r\n", body


class ByteProxy(_Listener):
    """Passes bytes on; cuts the next connections after so many of the client's."""

    def __init__(self, target: tuple[str, int]) -> None:
        super().__init__(target)
        self.cuts: list[int] = []

    def serve(self, client: socket.socket) -> None:
        left = self.cuts.pop(0) if self.cuts else None
        with socket.create_connection(self.target, LIMIT_S) as server:
            threading.Thread(target=self._back, args=(server, client), daemon=True).start()
            while data := client.recv(CHUNK):
                if left is not None:
                    data, left = data[:left], left - len(data[:left])
                if data:
                    server.sendall(data)
                if left == 0:
                    break
            for one in (server, client):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _back(server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(CHUNK):
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)


def _pass_on(
    client: socket.socket, server: socket.socket, length: int, fault: Fault | None
) -> bool:
    """Pass the rest of a body on. Returns whether the answer may follow."""
    allowed = fault.cut_after if fault and fault.cut_after is not None else None
    flip_at = fault.flip_at if fault else None
    while length > 0:
        size = min(CHUNK, length) if allowed is None else min(CHUNK, length, allowed)
        if size == 0:
            return False
        data = client.recv(size)
        if not data:
            return False
        if flip_at is not None:
            data, flip_at = _flipped(data, flip_at), flip_at - len(data)
        server.sendall(data)
        length -= len(data)
        if fault:
            fault.passed += len(data)
        allowed = None if allowed is None else allowed - len(data)
        if fault and fault.bytes_per_second:
            time.sleep(len(data) / fault.bytes_per_second)
    return True


def _flipped(data: bytes, at: int) -> bytes:
    if not 0 <= at < len(data):
        return data
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _drain(client: socket.socket, length: int) -> None:
    while length > 0:
        data = client.recv(min(CHUNK, length))
        if not data:
            return
        length -= len(data)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _without_connection(rest: bytes) -> bytes:
    lines = rest.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.lower().startswith(b"connection:"))

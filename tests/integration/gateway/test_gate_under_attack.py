"""Callers who do not say who they are: they hold no thread for long, and keep nobody else out."""

import logging
import socket
import threading
import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from pydicom import dcmread

from gateway.__main__ import main
from gateway.adapters import dicom_gate
from gateway.adapters.dicom_gate import DicomGate, Listening
from gateway.config import Settings
from gateway.domain.dicomnet import Refused

HOME = "127.0.0.1"
REJECTION = bytes((3, 0, 0, 0, 0, 4, 0, 1, 1, 3))


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[DicomGate]:
    monkeypatch.setattr(dicom_gate, "MOST_WAITING", 3)
    monkeypatch.setattr(dicom_gate, "FIRST_WORD_S", 1.0)
    gate = DicomGate(Listening((HOME, 0)), lambda _request, _host: Refused.CALLING_AE_UNKNOWN)
    gate.open()
    yield gate
    gate.close()


def connected(gate: DicomGate) -> socket.socket:
    return socket.create_connection((HOME, gate.port), 20)


def request() -> bytes:
    body = b"\0\1\0\0" + b"KASARI".ljust(16) + b"TPS".ljust(16) + bytes(32)
    return b"\1\0" + len(body).to_bytes(4, "big") + body


def hears(link: socket.socket) -> bytes:
    try:
        return link.recv(100)
    except ConnectionResetError:
        return b""


def test_the_port_outlives_a_moment_without_threads(
    gate: DicomGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(dicom_gate.Thread, "start", none_left)
        for _ in range(5):  # more than may wait at once
            with connected(gate) as caller:
                assert hears(caller) == b""
    with connected(gate) as good:
        good.sendall(request())
        assert hears(good) == REJECTION


def test_silent_callers_are_hung_up_on_and_others_are_served_again(gate: DicomGate) -> None:
    silent = [connected(gate) for _ in range(3)]
    with connected(gate) as one_more:
        assert hears(one_more) == b""  # no thread is left for it
    assert [hears(link) for link in silent] == [b"", b"", b""]  # their time was over
    with connected(gate) as good:
        good.sendall(request())
        assert hears(good) == REJECTION
    for link in silent:
        link.close()


def test_a_caller_that_dribbles_has_no_more_time_than_others(gate: DicomGate) -> None:
    ended = threading.Event()
    with connected(gate) as slow:

        def dribble() -> None:
            for byte in request():  # in all much longer than it may take
                if ended.wait(0.2):
                    return
                try:
                    slow.sendall(bytes([byte]))
                except OSError:
                    return

        thread = threading.Thread(target=dribble)
        thread.start()
        assert hears(slow) == b""
        ended.set()
        thread.join(20)


def test_the_service_lets_no_library_quote_a_value(
    settings: Settings,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a PACS answers a question: with the hospital's own UIDs, which need not be valid."""
    uid = b"1.2.246.01.SECRET-7"
    data = b"\x20\x00\x0d\x00" + len(uid + b"\0").to_bytes(4, "little") + uid + b"\0"

    def answered(*_arguments: object) -> int:
        dataset = dcmread(BytesIO(data), force=True)
        assert "SECRET" in str(dataset.StudyInstanceUID)
        logging.getLogger("pynetdicom.acse").error("from 1.2.246.01.SECRET-7")
        return 0

    monkeypatch.setattr("gateway.__main__.COMMANDS", {"identity": answered})
    config = tmp_path / "gateway.yml"
    config.write_text(yaml.safe_dump(settings.model_dump(mode="json")), "utf-8")
    loggers = [logging.getLogger(), *map(logging.getLogger, ("pydicom", "pynetdicom"))]
    before = [(logger, logger.level) for logger in loggers]
    spoken = logging.StreamHandler()
    loggers[0].addHandler(spoken)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            assert main(["identity", "--config", str(config)]) == 0
    finally:
        loggers[0].removeHandler(spoken)
        for logger, level in before:
            logger.setLevel(level)
    told = capfd.readouterr()
    assert "SECRET" not in told.out + told.err

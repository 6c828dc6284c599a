"""C-STORE against a small receiver: acknowledged, refused, put off, cut off."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pynetdicom import AE, evt
from pynetdicom.sop_class import CTImageStorage

from kasari.errors import StackError
from kasari.push import Destination, DicomFile, Ledger, find_files, push
from kasari.push import sending as pushing
from kasari.stack.ports import any_free
from tests.factories.identified import ct_slice

LITTLE = "1.2.840.10008.1.2.1"


class Receiver:
    """A storage SCP whose answers a test decides: `answers` are taken first, then Success."""

    def __init__(self) -> None:
        self.answers: list[int | Callable[[Any], int]] = []
        self.received: list[str] = []
        entity = AE(ae_title="SITE")
        entity.add_supported_context(CTImageStorage, LITTLE)
        self._server = entity.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, self._store)]
        )
        self.port = self._server.socket.getsockname()[1]

    def _store(self, event: Any) -> int:
        answer = self.answers.pop(0) if self.answers else 0
        status = answer(event) if callable(answer) else answer
        if status == 0:
            self.received.append(str(event.request.AffectedSOPInstanceUID))
        return status

    def close(self) -> None:
        self._server.shutdown()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "PAUSE_S", 0.01)
    monkeypatch.setattr(pushing, "ATTEMPTS", 3)


@pytest.fixture
def files(tmp_path: Path) -> list[DicomFile]:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(1, 9):
        (folder / f"{number}.dcm").write_bytes(ct_slice(number))
    return find_files(folder).files


def to(receiver: Receiver) -> Destination:
    return Destination("127.0.0.1", receiver.port, "SITE", "SENDER")


def test_everything_arrives_once_over_several_associations(
    receiver: Receiver, files: list[DicomFile], tmp_path: Path
) -> None:
    seen: list[DicomFile] = []
    outcome = push(files, to(receiver), Ledger(tmp_path / "l"), 3, seen.append)
    assert (outcome.sent, outcome.known, outcome.refused) == (8, 0, {})
    assert outcome.sent_bytes == sum(file.size for file in files)
    assert sorted(receiver.received) == sorted(set(receiver.received))
    assert len(receiver.received) == len(seen) == 8


def test_what_was_acknowledged_is_not_sent_again(
    receiver: Receiver, files: list[DicomFile], tmp_path: Path
) -> None:
    push(files[:5], to(receiver), Ledger(tmp_path / "l"))
    outcome = push(files, to(receiver), Ledger(tmp_path / "l"))
    assert (outcome.sent, outcome.known) == (3, 5)
    assert len(receiver.received) == 8


def test_refusals_are_told_by_status_and_not_remembered(
    receiver: Receiver, files: list[DicomFile], tmp_path: Path
) -> None:
    receiver.answers = [0x0124, 0xC000, 0x0124]
    outcome = push(files, to(receiver), Ledger(tmp_path / "l"), 1)
    assert outcome.counts() == {0x0124: 2, 0xC000: 1}
    again = push(files, to(receiver), Ledger(tmp_path / "l"), 1)
    assert (again.sent, again.known) == (3, 5)


def test_what_the_site_cannot_take_now_is_offered_again(
    receiver: Receiver, files: list[DicomFile], tmp_path: Path
) -> None:
    receiver.answers = [0xA700, 0xA700]
    outcome = push(files, to(receiver), Ledger(tmp_path / "l"), 1)
    assert (outcome.sent, outcome.refused) == (8, {})


def test_an_association_that_is_cut_costs_nothing(
    receiver: Receiver, files: list[DicomFile], tmp_path: Path
) -> None:
    def cut(event: Any) -> int:
        event.assoc.abort()
        return 0xC001

    receiver.answers = [0, cut]
    outcome = push(files, to(receiver), Ledger(tmp_path / "l"), 1)
    assert (outcome.sent, outcome.refused) == (8, {})


def test_a_kind_that_nobody_takes_is_told_and_the_rest_arrives(
    receiver: Receiver, files: list[DicomFile], tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "x.dcm").write_bytes(ct_slice(SOPClassUID="1.2.840.10008.5.1.4.1.1.4"))
    other = find_files(folder).files
    outcome = push([*files, *other], to(receiver), Ledger(tmp_path / "l"), 1)
    assert (outcome.sent, outcome.counts()) == (8, {0x0122: 1})
    alone = push(other, to(receiver), Ledger(tmp_path / "l"), 1)
    assert alone.counts() == {0x0122: 1}


def test_nobody_there_is_one_line(files: list[DicomFile], tmp_path: Path) -> None:
    nobody = Destination("127.0.0.1", any_free(()), "SITE", "SENDER")
    with pytest.raises(StackError, match="accepts no association"):
        push(files, nobody, Ledger(tmp_path / "l"))


def test_nothing_to_send_needs_no_association(tmp_path: Path) -> None:
    nobody = Destination("127.0.0.1", any_free(()), "SITE", "SENDER")
    assert push([], nobody, Ledger(tmp_path / "l")).sent == 0


def test_an_answer_waits_for_the_sender(receiver: Receiver) -> None:
    """pynetdicom's own thread asks without blocking; it must not get what a sender waits for."""
    entity = AE(ae_title="SENDER")
    entity.add_requested_context(CTImageStorage, LITTLE)
    association = entity.associate("127.0.0.1", receiver.port, ae_title="SITE")
    pushing.leave_answers(association)
    try:
        association.dimse.msg_queue.put((1, "answer"))
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            assert association.dimse.get_msg(block=False) == (None, None)
        assert association.dimse.get_msg(block=True) == (1, "answer")
    finally:
        association.release()

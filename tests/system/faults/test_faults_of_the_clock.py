"""Clocks that jump, and days that pass: the services' own clock is set by libfaketime."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kasari.stack import programs
from tests.system.faults.proxy import Fault
from tests.system.faults.test_faults_of_the_link import ANNOUNCE
from tests.system.faults.ward import Ward, until

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


pytestmark = pytest.mark.skipif(not LIBRARIES, reason="needs libfaketime: apt install libfaketime")


class Clock:
    """What gateway and harmonizer take for the time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.environment = {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, text: str) -> None:
        """`+1d`, `-1d`, or `@2028-02-29 12:00:00`."""
        part = self._file.with_suffix(".part")
        part.write_text(text + "\n")
        part.replace(self._file)


@contextmanager
def clock(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """Run both services by a clock of our own."""
    made = Clock(ward.folder / "clock")
    made.set("+0")
    write = programs._program

    def with_clock(layout, name, command, environment, files):  # type: ignore[no-untyped-def]
        if name in {"gateway-KUH", "harmonizer"}:
            environment = environment | made.environment
        return write(layout, name, command, environment, files)

    with monkeypatch.context() as patch:
        patch.setattr(programs, "_program", with_clock)
        ward.stack.ensure_running()
        yield made
    ward.stack.ensure_running()


@pytest.mark.slow
@pytest.mark.fault(20)
@pytest.mark.parametrize(
    "to", ["-1d", "+1d", "@2028-02-29 23:59:50", "@2027-10-31 00:59:50"], ids=lambda to: to[1:11]
)
def test_the_clock_jumps(ward: Ward, monkeypatch: pytest.MonkeyPatch, to: str) -> None:
    """The clock jumps a day back or on, over 29 February, out of summer time | no wait, no loss"""
    before, after = ward.admit(), ward.admit()
    with clock(ward, monkeypatch) as fake:
        with ward.archive_link.having(Fault(ANNOUNCE, 1000, status=503)) as fault:
            ward.send(before)
            until(lambda: fault.done > 0, "an attempt that waits for the next")
            fake.set(to)
            done = fault.done
            until(lambda: fault.done > done, "the next attempt")
        ward.send(after)
        ward.check()
        fake.set("+0")
        ward.send(ward.admit())
        ward.check()
        ward.check_harmonized()


@pytest.mark.slow
@pytest.mark.fault(7)
def test_the_archive_is_away_for_three_days(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """The archive is away for 72 hours | courses come on, an alert stands; all goes afterwards"""
    patients = [ward.admit() for _ in range(4)]
    with clock(ward, monkeypatch) as fake:
        with ward.archive_link.having(Fault(ANNOUNCE, 10_000, status=503)) as fault:
            for hours, patient in enumerate(patients):
                for step in range(6):
                    done = fault.done
                    fake.set(f"+{24 * hours + step}h")
                    if step == 0:
                        ward.send(patient)
                    until(lambda done=done: fault.done > done, "an attempt")
            until(lambda: "sending-fails" in ward.alerts(), "the alert")
            assert ward.gateway("GET", "/api/v1/account")["on_the_way"] >= 1
        fake.set("+80h")
        ward.check()
        until(lambda: "sending-fails" not in ward.alerts(), "no alert any more")

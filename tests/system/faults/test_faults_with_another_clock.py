"""Clocks that jump, and days that pass: `clock.c` sets the services' own wall clock.

They leave courses dated in the future, which other tests would take for the newest: by its name
this file comes after the others.
"""

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kasari.stack import programs
from tests.system.faults.proxy import Fault
from tests.system.faults.test_faults_of_the_link import ANNOUNCE
from tests.system.faults.ward import Ward, until

HOUR_S, DAY_S = 3600, 86_400

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler, `cc`")


class Clock:
    """What gateway and harmonizer take for the time of day."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._file.write_bytes(bytes(struct.calcsize("l")))
        library = folder / "clock.so"
        source = Path(__file__).with_name("clock.c")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
        self.environment = {"LD_PRELOAD": str(library), "KASARI_CLOCK": str(self._file)}

    def ahead(self, seconds: int) -> None:
        """Set it so far ahead of the true time, or behind."""
        file = os.open(self._file, os.O_WRONLY)
        os.pwrite(file, struct.pack("l", seconds), 0)
        os.close(file)


def seconds_to(moment: str) -> int:
    return int((datetime.fromisoformat(moment) - datetime.now(UTC)).total_seconds())


@contextmanager
def clock(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """Run both services by a clock of our own."""
    made = Clock(ward.folder)
    write = programs._program

    def with_clock(layout, name, command, environment, files):  # type: ignore[no-untyped-def]
        if name in {"gateway-KUH", "harmonizer"}:
            environment = environment | made.environment
        return write(layout, name, command, environment, files)

    with monkeypatch.context() as patch:
        patch.setattr(programs, "_program", with_clock)
        ward.start_changed()
        yield made
    ward.start_changed()


@pytest.mark.slow
@pytest.mark.fault(20)
@pytest.mark.parametrize(
    "to",
    [-DAY_S, DAY_S, "2028-02-29T23:59:50+02:00", "2027-10-31T03:59:50+03:00"],
    ids=["a day back", "a day on", "29 February ends", "summer time ends"],
)
def test_the_clock_jumps(ward: Ward, monkeypatch: pytest.MonkeyPatch, to: int | str) -> None:
    """The clock jumps a day back or on, over 29 February, out of summer time | no wait, no loss"""
    before, after = ward.admit(), ward.admit()
    with clock(ward, monkeypatch) as fake:
        with ward.archive_link.having(Fault(ANNOUNCE, 1000, status=503)) as fault:
            ward.send(before)
            until(lambda: fault.done > 0, "an attempt that waits for the next")
            fake.ahead(to if isinstance(to, int) else seconds_to(to))
            done = fault.done
            until(lambda: fault.done > done, "the next attempt")
        ward.send(after)
        ward.check()
        fake.ahead(0)
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
            for day, patient in enumerate(patients):
                for step in range(6):
                    done = fault.done
                    fake.ahead(day * DAY_S + step * HOUR_S)
                    if step == 0:
                        ward.send(patient)
                    until(lambda done=done: fault.done > done, "an attempt")
            until(lambda: "sending-fails" in ward.alerts(), "the alert")
            assert ward.gateway("GET", "/api/v1/account")["on_the_way"] >= 1
        fake.ahead(80 * HOUR_S)
        ward.check()
        until(lambda: "sending-fails" not in ward.alerts(), "no alert any more")

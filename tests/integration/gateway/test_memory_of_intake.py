"""However large the objects are that have come, intake holds only a few of them at once."""

from threading import Lock

import pytest

from gateway.services.read_ahead import MOST_BYTES
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital

LARGE = 12 * 2**20
PADDING = b"\xfc\xff\xfc\xffOB\0\0" + LARGE.to_bytes(4, "little") + bytes(LARGE)
"""Data Set Trailing Padding, by which an object gets as large as one likes."""


def test_large_doses_are_not_all_in_memory_at_once(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        hospital.site.store(make.dose(300 + number, 200, patient=hospital.pseudonym()))
    read, lock = hospital.site.read, Lock()
    in_hand = most = 0

    def large(orthanc_id: str) -> bytes | None:
        nonlocal in_hand, most
        data = read(orthanc_id)
        with lock:
            in_hand += LARGE
            most = max(most, in_hand)
        return data + PADDING if data else None

    def digested(stored: object, data: bytes) -> None:
        nonlocal in_hand
        with lock:
            in_hand -= LARGE

    monkeypatch.setattr(hospital.site, "read", large)
    monkeypatch.setattr(hospital.service.intake, "_on_indexed", digested)
    while hospital.service.intake.step():
        pass
    assert hospital.service.index.counts()["indexed"] == 40
    assert most <= MOST_BYTES + 4 * LARGE, f"{most / 2**20:.0f} MiB"

"""Loopback ports: those of the last start if they are free, else the usual ones, else any."""

import socket
import time
from collections.abc import Collection
from typing import Final

LOOPBACK: Final = "127.0.0.1"
SOON_S: Final = 1.0
POLL_S: Final = 0.02


def is_free(port: int) -> bool:
    """Whether nobody listens there now."""
    with socket.socket() as probe:
        # a server that has just stopped must not make its port look taken
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def is_free_soon(port: int) -> bool:
    """As `is_free`, but somebody who is just ending may take a moment."""
    end = time.monotonic() + SOON_S
    while not is_free(port):
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)
    return True


def any_free(taken: Collection[int]) -> int:
    """A port that the system hands out and that is not in `taken`."""
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port


def usual_ports(centres: tuple[str, ...]) -> dict[str, int]:
    """Where a person looks first."""
    usual = {"harmonizer": 8020, "orthanc-archive": 8043}
    for number, name in enumerate(centres):
        usual[f"gateway-{name}"] = 8110 + number
        usual[f"orthanc-{name}"] = 8142 + number
        usual[f"dicom-{name}"] = 4242 + number
        usual[f"store-{name}"] = 11142 + number
    return usual


def process_of(port: str) -> str:
    """The process that listens there: the gate is the gateway's, what is behind it Orthanc's."""
    kind, dash, centre = port.partition("-")
    return {"dicom": "gateway", "store": "orthanc"}.get(kind, kind) + dash + centre


def choose_ports(
    usual: dict[str, int], remembered: dict[str, int], in_use_by_us: Collection[str]
) -> dict[str, int]:
    """A port for every name in `usual`.

    Parameters
    ----------
    usual
        Name to the port that a person would expect.
    remembered
        Those of the last start.
    in_use_by_us
        Names whose process runs now: their remembered port is kept although it is taken.
    """
    chosen: dict[str, int] = {
        name: port for name, port in remembered.items() if name in usual and name in in_use_by_us
    }
    for name, expected in usual.items():
        if name in chosen:
            continue
        if name in remembered and is_free_soon(remembered[name]):
            chosen[name] = remembered[name]
            continue
        taken = set(chosen.values()) | set(remembered.values())
        good = expected not in taken and is_free(expected)
        chosen[name] = expected if good else any_free(taken)
    return chosen

"""A centre of a local stack, as its treatment planning system knows it."""

from pathlib import Path

from kasari.push.sending import Destination
from kasari.stack import Stack
from kasari.stack.ports import LOOPBACK
from kasari.stack.settings import PUSH_AET


def destination(stack: Stack, centre: str) -> Destination:
    """Return where a centre takes objects. Raises `InputError` when there is no such one."""
    place = stack.centre(centre)
    return Destination(LOOPBACK, place.dicom_port, place.ae_title, PUSH_AET)


def ledger_file(stack: Stack, centre: str) -> Path:
    """Return the file that says what a centre has acknowledged."""
    return stack.folders()[f"{centre}/gateway"].parent / "pushed.sha256"

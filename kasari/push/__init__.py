"""Sending a folder by C-STORE: several associations, and only what was not acknowledged yet."""

from kasari.push.files import DicomFile, Found, find_files
from kasari.push.ledger import Ledger
from kasari.push.local import destination, ledger_file
from kasari.push.sending import Destination, Outcome, push

__all__ = [
    "Destination",
    "DicomFile",
    "Found",
    "Ledger",
    "Outcome",
    "destination",
    "find_files",
    "ledger_file",
    "push",
]

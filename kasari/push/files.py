"""What is in a folder: DICOM files by what they are, and the names of all others."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydicom import config
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import ExplicitVRBigEndian, MediaStorageDirectoryStorage

from gateway.domain.checker import UnreadableError, read_elements
from kasari.errors import InputError

_META = ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID")


@dataclass(frozen=True)
class DicomFile:
    """One file to send."""

    path: Path
    sop_class: str
    transfer_syntax: str
    size: int
    """Bytes."""
    digest: bytes = field(repr=False)
    """SHA-256 of the whole file."""

    @property
    def context(self) -> tuple[str, str]:
        """What an association must have agreed on to send it."""
        return self.sop_class, self.transfer_syntax


@dataclass
class Found:
    """A folder's content, in the order of the paths."""

    files: list[DicomFile] = field(default_factory=list)
    skipped: dict[Path, str] = field(default_factory=dict)
    """What is not sent, and why: no DICOM, a DICOMDIR, or damaged."""


def find_files(folder: Path) -> Found:
    """Look at every file below a folder.

    Raises
    ------
    InputError
        There is no such folder, or nothing in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder")
    found = Found()
    with judging_no_value():
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            try:
                found.files.append(_look_at(path))
            except InputError as error:
                found.skipped[path] = str(error)
    if not found.files and not found.skipped:
        raise InputError(f"{folder} is empty")
    return found


@contextmanager
def judging_no_value() -> Iterator[None]:
    """Keep pydicom from warning of odd values: its text quotes them, and the site judges."""
    before = config.settings.reading_validation_mode
    config.settings.reading_validation_mode = config.IGNORE
    try:
        yield
    finally:
        config.settings.reading_validation_mode = before


def _look_at(path: Path) -> DicomFile:
    """Look at one file.

    Raises
    ------
    InputError
        Why it is no DICOM file that can be sent.
    """
    try:
        data = path.read_bytes()
        meta = read_file_meta_info(path)
        sop_class, _, transfer_syntax = (str(meta[keyword].value) for keyword in _META)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from error
    except (InvalidDicomError, BytesLengthException, KeyError, ValueError, EOFError):
        raise InputError("not DICOM") from None
    if sop_class == MediaStorageDirectoryStorage:
        raise InputError("a DICOMDIR, not an object")
    if not _is_whole(data, transfer_syntax):
        raise InputError("damaged: it cannot be read to its end")
    return DicomFile(path, sop_class, transfer_syntax, len(data), hashlib.sha256(data).digest())


def _is_whole(data: bytes, transfer_syntax: str) -> bool:
    """A site waits in vain for the rest of a file that was cut, and so would the sender."""
    if transfer_syntax == ExplicitVRBigEndian:
        return True
    try:
        read_elements(data)
    except UnreadableError:
        return False
    return True

"""What is in a folder: DICOM files by what they are, and the names of all others."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from pydicom.uid import MediaStorageDirectoryStorage

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
    skipped: list[Path] = field(default_factory=list)
    """Not DICOM, or a DICOMDIR, which is no object."""


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
    for path in _paths(folder):
        file = _read(path)
        if file is None:
            found.skipped.append(path)
        else:
            found.files.append(file)
    if not found.files and not found.skipped:
        raise InputError(f"{folder} is empty")
    return found


def _paths(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _read(path: Path) -> DicomFile | None:
    try:
        meta = dcmread(path, specific_tags=["SOPClassUID"], stop_before_pixels=True).file_meta
        sop_class, _, transfer_syntax = (str(meta[keyword].value) for keyword in _META)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        size = path.stat().st_size
    except (InvalidDicomError, OSError, KeyError, ValueError, EOFError):
        return None
    if sop_class == MediaStorageDirectoryStorage or not sop_class or not transfer_syntax:
        return None
    return DicomFile(path, sop_class, transfer_syntax, size, digest)

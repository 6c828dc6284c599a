"""What identifies a person in original objects, as bytes to search for."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

PEOPLE = (
    "PatientID",
    "PatientName",
    "OtherPatientIDs",
    "AccessionNumber",
    "InstitutionName",
    "InstitutionAddress",
    "ReferringPhysicianName",
    "OperatorsName",
    "PhysiciansOfRecord",
    "PerformingPhysicianName",
    "StationName",
    "DeviceSerialNumber",
    "ReviewerName",
)
UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
SHORTEST = 6
"""Shorter words occur by chance in many megabytes of pixels."""


def identifying_words(files: Iterable[Path]) -> dict[str, set[str]]:
    """Return keyword to values of every top-level identifier in some files."""
    found: dict[str, set[str]] = {}
    for path in files:
        dataset = dcmread(path, stop_before_pixels=True)
        for keyword, value in _values(dataset):
            found.setdefault(keyword, set()).add(value)
    return found


def _values(dataset: Dataset) -> Iterator[tuple[str, str]]:
    for keyword in (*PEOPLE, *UIDS):
        text = str(dataset.get(keyword, "") or "")
        for word in {text, *text.replace("\\", "^").split("^")}:
            if len(word) >= SHORTEST:
                yield keyword, word


def as_bytes(words: Iterable[str]) -> dict[bytes, str]:
    """Return each word in the encodings that a file may have it in."""
    out: dict[bytes, str] = {}
    for word in words:
        for encoding in ("utf-8", "latin-1", "utf-16-le"):
            out[word.encode(encoding, "replace")] = word
    return out


def found_in(data: bytes, needles: dict[bytes, str]) -> set[str]:
    """Return which words occur in some bytes."""
    return {word for needle, word in needles.items() if needle in data}


def found_below(folder: Path, needles: dict[bytes, str]) -> dict[str, set[str]]:
    """Return the files below a folder in which words occur, with the words."""
    hits = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with suppress(FileNotFoundError):  # what runs there deletes files too
                words = found_in(path.read_bytes(), needles)
                if words:
                    hits[str(path.relative_to(folder))] = words
    return hits

"""What is sent of a file: its own bytes, or its data set mended if no association would carry it.

Some systems write compressed pixel data with fragments of odd length. DIMSE forbids odd lengths
(PS3.8 annex D), and a receiver ends the association over one.
"""

from pathlib import Path
from typing import Final

from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate, generate_frames

from kasari.push.files import DicomFile

ODD: Final = 2


def to_send(file: DicomFile) -> Path | Dataset:
    """Return the path of a sound file, or the data set of one with odd lengths, made even."""
    if file.size % ODD == 0:
        return file.path
    dataset = dcmread(file.path)
    if "PixelData" in dataset and dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        count = int(dataset.get("NumberOfFrames") or 1)
        frames = list(generate_frames(dataset.PixelData, number_of_frames=count))
        dataset.PixelData = encapsulate(frames)
    return dataset

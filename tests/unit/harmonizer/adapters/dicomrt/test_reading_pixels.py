"""The pixels of a slice: rescaled; and, however they are damaged, one named problem."""

from contextlib import suppress
from io import BytesIO
from random import Random

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from harmonizer.adapters.dicomrt.pixels import read_picture
from harmonizer.errors import DataError


def slice_bytes() -> bytes:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
    dataset.Modality, dataset.Rows, dataset.Columns = "CT", 4, 6
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.RescaleSlope, dataset.RescaleIntercept = 2, -1024
    dataset.PixelData = np.arange(24, dtype="<u2").tobytes()
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def test_stored_values_are_rescaled() -> None:
    values = read_picture(slice_bytes()).values
    assert values.shape == (4, 6)
    assert values[0, 0] == -1024
    assert values[3, 5] == 23 * 2 - 1024


def test_a_size_of_a_wrong_length_is_told() -> None:
    rows = b"\x28\x00\x10\x00"
    data = slice_bytes().replace(rows + b"US", rows + b"UL")
    with pytest.raises(DataError, match="cannot be decoded"):
        read_picture(data)


@pytest.mark.filterwarnings("ignore")
def test_damaged_compressed_pixels_are_told_or_read() -> None:
    random, path = Random(3), get_testdata_file("MR_small_RLE.dcm")
    assert isinstance(path, str)
    with open(path, "rb") as file:  # noqa: PTH123 - a name is what pydicom gives
        whole = file.read()
    begins = whole.index(b"\xe0\x7f\x10\x00")
    assert read_picture(whole).values.ndim == 2
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(4):
            data[random.randrange(begins, len(data))] = random.randrange(256)
        with suppress(DataError):
            read_picture(bytes(data[: random.choice((len(data), begins + 40))]))

"""Real dose headers of eight patient positions: every voxel lies where the standard puts it.

Their pixels were emptied by the publisher; one voxel is lit here.
"""

from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest

from harmonizer.adapters.dicomrt import read_dose

POSITIONS = ("HFS", "HFP", "HFDL", "HFDR", "FFS", "FFP", "FFDL", "FFDR")


@pytest.fixture(scope="module")
def headers(shared: Path) -> dict[str, Path]:
    folder = shared / "data" / "pymedphys-orientations" / "dcmdose"
    return {path.name.split("Dose_")[1].split(".")[0]: path for path in folder.glob("RD.*Dose_*")}


@pytest.mark.parametrize("position", POSITIONS)
def test_a_lit_voxel_lies_where_the_header_says(headers: dict[str, Path], position: str) -> None:
    ds = pydicom.dcmread(headers[position], force=True)
    shape = (int(ds.NumberOfFrames), ds.Rows, ds.Columns)
    frame, row, column = shape[0] // 3, shape[1] // 4, shape[2] // 5
    stored = np.zeros(shape, np.uint32)
    stored[frame, row, column] = round(20 / float(ds.DoseGridScaling))
    ds.PixelData = stored.tobytes()
    ds["PixelData"].VR = "OW"
    if "TransferSyntaxUID" not in getattr(ds, "file_meta", {}):
        ds.file_meta = pydicom.dataset.FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    found = read_dose(buffer.getvalue())
    assert found.problems == ()
    assert found.grid is not None
    across, down = (np.array(ds.ImageOrientationPatient[a:b], float) for a, b in ((0, 3), (3, 6)))
    spacing, offsets = ds.PixelSpacing, [float(v) for v in ds.GridFrameOffsetVector]
    place = np.array(ds.ImagePositionPatient, float)
    place = place + column * float(spacing[1]) * across + row * float(spacing[0]) * down
    if offsets[0] == 0:  # PS3.3 C.8.8.3.2: relative offsets, along the normal
        place = place + offsets[frame] * np.cross(across, down)
    else:  # absolute ones are the z of each frame
        place[2] = offsets[frame]
    assert found.grid.dose_at(place[None]).tolist() == pytest.approx([20.0], abs=1e-3)
    assert (found.grid.stored > 0).sum() == 1


def test_all_eight_are_there(headers: dict[str, Path]) -> None:
    assert set(headers) == set(POSITIONS)

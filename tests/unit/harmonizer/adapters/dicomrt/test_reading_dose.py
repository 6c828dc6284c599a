"""RTDOSE in every shape that occurs: offsets, directions, encodings, and what cannot be used."""

from collections.abc import Callable

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence

from benchmarks.dose_files import dose_dataset, dose_file, to_bytes
from harmonizer.adapters.dicomrt import read_dose
from harmonizer.domain.dose import DoseGrid
from harmonizer.errors import DataError


def grid(kind: type = np.uint32) -> DoseGrid:
    """Return 4 x 3 x 2 voxels of 1 to 24 Gy."""
    stored = np.arange(1, 25, dtype=kind).reshape(4, 3, 2) * 1000
    axes = np.eye(3)
    place = np.array([10.0, 20.0, -30.0])
    return DoseGrid(stored, 1e-3, place, axes[0], axes[1], 3.0, 2.0, np.arange(4) * 2.5)


def changed(change: Callable[[FileDataset], None]) -> bytes:
    ds = dose_dataset(grid())
    change(ds)
    return to_bytes(ds)


@pytest.mark.parametrize("explicit", [True, False])
@pytest.mark.parametrize("kind", [np.uint16, np.uint32])
def test_dose_comes_back_where_it_was(explicit: bool, kind: type) -> None:
    found = read_dose(dose_file(grid(kind), explicit)).grid
    assert found is not None
    points = np.array(
        [[10.0, 20, -30], [12, 20, -30], [10, 23, -30], [10, 20, -27.5], [11, 21.5, -30]]
    )
    assert found.dose_at(points).tolist() == pytest.approx([1.0, 2.0, 3.0, 7.0, 2.5])
    assert np.isnan(found.dose_at(np.array([[8.9, 20.0, -30.0], [10, 20, -31.3]]))).all()
    assert found.dose_at(np.array([[9.1, 20.0, -31.2]])).tolist() == pytest.approx([1.0])


def test_absolute_offsets_are_the_same_as_relative_ones() -> None:
    def absolute(ds: FileDataset) -> None:
        ds.GridFrameOffsetVector = ["-30", "-27.5", "-25", "-22.5"]

    found = read_dose(changed(absolute))
    assert found.problems == ()
    assert found.grid is not None
    assert found.grid.offsets.tolist() == [0, 2.5, 5, 7.5]


def test_absolute_offsets_of_a_grid_that_looks_down() -> None:
    """Feet first: row x column points to the feet, absolute z still to the head."""

    def feet_first(ds: FileDataset) -> None:
        ds.ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]
        ds.GridFrameOffsetVector = ["-30", "-27.5", "-25", "-22.5"]

    found = read_dose(changed(feet_first)).grid
    assert found is not None
    assert found.dose_at(np.array([[10.0, 20, -27.5]])).tolist() == pytest.approx([7.0])


def test_odd_offsets_are_read_as_relative_and_said() -> None:
    def odd(ds: FileDataset) -> None:
        ds.GridFrameOffsetVector = ["5", "7.5", "10", "12.5"]

    found = read_dose(changed(odd))
    assert [code for code, _ in found.problems] == ["DOSE-OFFSETS"]
    assert found.grid is not None


def relative(ds: FileDataset) -> None:
    ds.DoseUnits = "RELATIVE"


def no_scaling(ds: FileDataset) -> None:
    del ds.DoseGridScaling


def negative_scaling(ds: FileDataset) -> None:
    ds.DoseGridScaling = "-0.001"


def no_place(ds: FileDataset) -> None:
    del ds.ImagePositionPatient


def skewed(ds: FileDataset) -> None:
    ds.ImageOrientationPatient = [1, 0, 0, 0.5, 0.8, 0]


def few_offsets(ds: FileDataset) -> None:
    ds.GridFrameOffsetVector = ["0", "2.5"]


def crossed_offsets(ds: FileDataset) -> None:
    ds.GridFrameOffsetVector = ["0", "5", "2.5", "7.5"]


def short_pixels(ds: FileDataset) -> None:
    ds.PixelData = ds.PixelData[:-8]


def no_pixels(ds: FileDataset) -> None:
    del ds.PixelData


def huge(ds: FileDataset) -> None:
    ds.Rows = ds.Columns = 60000


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (relative, "DOSE-UNITS"),
        (no_scaling, "DOSE-SCALING"),
        (negative_scaling, "DOSE-SCALING"),
        (no_place, "DOSE-GEOMETRY"),
        (skewed, "DOSE-GEOMETRY"),
        (few_offsets, "DOSE-OFFSETS"),
        (crossed_offsets, "DOSE-GEOMETRY"),
        (short_pixels, "DOSE-CUT"),
        (no_pixels, "DOSE-NO-PIXELS"),
        (huge, "DOSE-TOO-LARGE"),
    ],
)
def test_what_cannot_be_used_is_said_and_the_rest_is_read(
    change: Callable[[FileDataset], None], code: str
) -> None:
    found = read_dose(changed(change))
    assert found.grid is None
    assert found.problems[0][0] == code
    assert found.plan_uids == ("2.25.15",)


def test_bytes_that_are_no_dose_are_refused_without_quoting_them() -> None:
    with pytest.raises(DataError, match=r"cannot be read|expected an object") as caught:
        read_dose(b"Virtanen^Aino" * 50)
    assert "Virtanen" not in str(caught.value)


def stored(mean: float) -> Dataset:
    """Return a stored DVH: 10 cm3, all below 2 Gy, an even fall to 4 Gy; its mean is 3 Gy."""
    item, roi = Dataset(), Dataset()
    roi.ReferencedROINumber, roi.DVHROIContributionType = 5, "INCLUDED"
    item.DVHReferencedROISequence = Sequence([roi])
    item.DVHType, item.DoseUnits, item.DoseType = "CUMULATIVE", "GY", "PHYSICAL"
    item.DVHDoseScaling, item.DVHVolumeUnits, item.DVHNumberOfBins = "1", "CM3", 401
    volumes = np.interp(np.arange(401) * 0.01, [2, 4], [10, 0])
    item.DVHData = [f"{v:.5g}" for pair in volumes for v in (0.01, pair)]
    item.DVHMeanDose, item.DVHMaximumDose, item.DVHMinimumDose = mean, mean * 4 / 3, mean * 2 / 3
    return item


@pytest.mark.parametrize(("written", "noted"), [(3.0, False), (75.0, True)])
def test_stored_statistics_in_per_cent_are_reconciled(written: float, noted: bool) -> None:
    def add(ds: FileDataset) -> None:
        ds.DVHSequence = Sequence([stored(written)])

    (found,) = read_dose(changed(add)).dvhs
    assert found.roi_number == 5
    assert found.mean_gy == pytest.approx(3.0, abs=0.02)
    assert found.maximum_gy == pytest.approx(4.0, abs=0.02)
    assert found.factor == pytest.approx(0.04 if noted else 1.0, rel=0.01)
    assert found.same_factor

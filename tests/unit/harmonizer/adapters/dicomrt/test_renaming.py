"""A derived structure set: new names, codes and UIDs; the contours byte for byte as before."""

from io import BytesIO

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from benchmarks.dose_files import object_of, structure_file, to_bytes
from harmonizer.adapters.dicomrt.renaming import (
    StandardName,
    StructureSetRenamer,
    rename_regions,
    standard_names,
)
from harmonizer.data.tg263 import load_nomenclature
from harmonizer.domain.dose.structures import Contour, Roi
from harmonizer.domain.nomenclature import Mapper
from harmonizer.errors import DataError

LUNG = StandardName("Lung_L", snomed="44029006", fma="7310")


def region(number: int, name: str) -> Roi:
    points = np.array([(0.1, 0.25, 3.0), (10.5, 0.3, 3.0), (10.7, 11.123, 3.0)]) * number
    return Roi(number, name, (Contour(points),), "ORGAN")


SOURCE = structure_file([region(1, "Lunge li"), region(2, "Herz"), region(3, "Ring")])


def derived(**names: StandardName) -> Dataset:
    numbered = {int(key[1:]): value for key, value in names.items()}
    return pydicom.dcmread(BytesIO(rename_regions(SOURCE, numbered, "matcher 1, rules 4")))


def contours(dataset: Dataset) -> list[bytes]:
    return [
        contour.get_item("ContourData").value
        for item in dataset.ROIContourSequence
        for contour in item.ContourSequence
    ]


def test_named_regions_have_the_standard_name_and_keep_the_local_one() -> None:
    first, second, third = derived(r1=LUNG).StructureSetROISequence
    assert (first.ROIName, first.ROIDescription) == ("Lung_L", "Local name: Lunge li")
    assert second.ROIName == "Herz"
    assert "ROIDescription" not in third


def test_a_description_is_kept_below_the_local_name() -> None:
    ds = pydicom.dcmread(BytesIO(SOURCE))
    ds.StructureSetROISequence[0].ROIDescription = "drawn twice"
    out = pydicom.dcmread(BytesIO(rename_regions(to_bytes(ds), {1: LUNG}, "m")))
    assert out.StructureSetROISequence[0].ROIDescription == "Local name: Lunge li\ndrawn twice"


def test_the_contours_are_byte_identical() -> None:
    before = contours(pydicom.dcmread(BytesIO(SOURCE)))
    assert len(before) == 3
    assert contours(derived(r1=LUNG, r2=StandardName("Heart"))) == before


def test_one_code_says_what_it_is() -> None:
    observations = derived(r1=LUNG, r2=StandardName("Heart", fma="7088")).RTROIObservationsSequence
    codes = [
        (code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning)
        for item in observations
        for code in item.get("RTROIIdentificationCodeSequence", ())
    ]
    assert codes == [("44029006", "SCT", "Lung_L"), ("7088", "FMA", "Heart")]


def test_it_is_a_new_instance_in_a_new_series_that_points_at_its_source() -> None:
    source, out = pydicom.dcmread(BytesIO(SOURCE)), derived(r1=LUNG)
    assert out.SOPInstanceUID != source.SOPInstanceUID
    assert out.file_meta.MediaStorageSOPInstanceUID == out.SOPInstanceUID
    assert out.SeriesInstanceUID != source.SeriesInstanceUID
    assert out.StudyInstanceUID == source.StudyInstanceUID
    before = out.PredecessorStructureSetSequence[-1]
    assert before.ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert "rules 4" in out.StructureSetDescription


def test_the_same_names_make_the_same_object_and_others_another() -> None:
    assert rename_regions(SOURCE, {1: LUNG}, "m") == rename_regions(SOURCE, {1: LUNG}, "m")
    other = derived(r1=StandardName("Lung_R"))
    assert other.SOPInstanceUID != derived(r1=LUNG).SOPInstanceUID
    assert other.SeriesInstanceUID == derived(r1=LUNG).SeriesInstanceUID


def test_only_structure_sets() -> None:
    with pytest.raises(DataError, match="no structure set"):
        rename_regions(to_bytes(object_of("1.2.840.10008.5.1.4.1.1.2", "2.25.9", "CT")), {}, "m")


def test_codes_of_the_list_go_with_the_names() -> None:
    mapper = Mapper(load_nomenclature())
    found = standard_names({1: "Lung_L", 2: "Lens_PRV05_R", 3: "PTV_5000"}, mapper.structure_of)
    lens = mapper.structure_of("Lens_R")
    assert lens is not None
    assert found[1].snomed.isdigit()
    assert (found[2].name, found[2].snomed) == ("Lens_PRV05_R", lens.snomed)
    assert found[3] == StandardName("PTV_5000")


def test_a_set_with_other_regions_is_not_renamed() -> None:
    rename = StructureSetRenamer(Mapper(load_nomenclature()).structure_of)
    local = {1: "Lunge li", 2: "Herz", 3: "Ring"}
    assert rename(SOURCE, local, {1: "Lung_L"}, "m")
    assert rename(SOURCE, {**local, 2: "Leber"}, {1: "Lung_L"}, "m") is None

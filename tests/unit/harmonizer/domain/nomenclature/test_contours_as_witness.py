"""Contours as a second witness, on boxes whose place and volume are known."""

import numpy as np
import pytest

from harmonizer.domain.dose.structures import Contour, Roi
from harmonizer.domain.nomenclature import Context, Mapper, SetMapping, map_structure_set
from harmonizer.domain.nomenclature.places import place_of
from harmonizer.domain.quality.knowledge import VolumeRange

PLANE_MM = 5.0


def box(
    number: int,
    name: str,
    centre: tuple[float, float, float],
    size: float = 20.0,
    hole: float = 0.0,
    kind: str | None = None,
) -> Roi:
    """A cube of edge `size` mm around `centre`, with a square hole through it if asked for."""
    planes = np.arange(centre[2] - size / 2 + PLANE_MM / 2, centre[2] + size / 2, PLANE_MM)
    contours = []
    for z in planes:
        for edge in [size, *([hole] if hole else [])]:
            x, y, h = centre[0], centre[1], edge / 2
            corners = [(x - h, y - h, z), (x + h, y - h, z), (x + h, y + h, z), (x - h, y + h, z)]
            contours.append(Contour(np.array(corners)))
    return Roi(number, name, tuple(contours), kind)


CORD = box(90, "SpinalCord", (3.0, 60.0, 0.0))


def mapped(mapper: Mapper, *rois: Roi, **volumes: tuple[float, float]) -> SetMapping:
    limits = {
        name: VolumeRange(name, 0.0, low_cm3=low, high_cm3=high)
        for name, (low, high) in volumes.items()
    }
    return map_structure_set(mapper, rois, Context(), limits)


def codes(result: SetMapping) -> set[tuple[str, int]]:
    return {(finding.code, finding.number) for finding in result.findings}


def test_place_and_volume_of_a_box() -> None:
    place = place_of(box(1, "a", (10.0, -20.0, 30.0), size=40.0))
    assert place is not None
    assert (place.x, place.y, place.z) == pytest.approx((10.0, -20.0, 30.0))
    assert place.volume_cm3 == pytest.approx(64.0)  # 4 cm cubed


def test_a_hole_is_taken_away() -> None:
    place = place_of(box(1, "a", (0.0, 0.0, 0.0), size=40.0, hole=20.0))
    assert place is not None
    assert place.volume_cm3 == pytest.approx(64.0 - 16.0)


def test_no_closed_contour_no_place() -> None:
    line = Contour(np.zeros((5, 3)), "OPEN_PLANAR")
    assert place_of(Roi(1, "a", (line,))) is None
    assert place_of(Roi(1, "a")) is None


def test_a_lung_named_for_the_wrong_side_is_reported_and_not_applied(mapper: Mapper) -> None:
    result = mapped(mapper, CORD, box(1, "left lung", (-80.0, 0.0, 0.0)))
    assert codes(result) == {("NAME-SIDE", 1)}
    assert "named Lung_L, lies 83 mm to the right" in result.findings[0].text
    lung = result.mappings[1]
    assert lung.tg263_name == "Lung_L"
    assert lung.confidence < 0.6
    assert not lung.auto


@pytest.mark.parametrize(("name", "x"), [("left lung", 80.0), ("Kidney_R", -60.0)])
def test_the_right_side_is_left_alone(mapper: Mapper, name: str, x: float) -> None:
    result = mapped(mapper, CORD, box(1, name, (x, 0.0, 0.0)))
    assert not result.findings
    assert 1 in result.applied


def test_even_the_standard_name_is_contradicted(mapper: Mapper) -> None:
    result = mapped(mapper, CORD, box(1, "Kidney_R", (70.0, 0.0, 0.0)))
    assert codes(result) == {("NAME-SIDE", 1)}
    assert 1 not in result.applied


def test_the_patient_s_middle_counts_not_the_scanner_s(mapper: Mapper) -> None:
    body = box(5, "BODY", (-200.0, 0.0, 0.0), size=300.0)
    result = mapped(mapper, body, box(1, "Lung_L", (-130.0, 0.0, 0.0)))
    assert not result.findings


def test_a_margin_keeps_its_side(mapper: Mapper) -> None:
    result = mapped(mapper, CORD, box(1, "Lens_PRV05_L", (-40.0, 0.0, 0.0), size=10.0))
    assert codes(result) == {("NAME-SIDE", 1)}


def test_swapped_pairs_are_seen_without_a_middle(mapper: Mapper) -> None:
    result = mapped(mapper, box(1, "Eye_L", (-30.0, 0.0, 0.0)), box(2, "Eye_R", (30.0, 0.0, 0.0)))
    assert codes(result) == {("NAME-SIDE", 1), ("NAME-SIDE", 2)}


def test_a_mirrored_set_is_called_so(mapper: Mapper) -> None:
    lenses = [box(1, "Lens_L", (-30.0, 0.0, 9.0)), box(2, "Lens_R", (36.0, 0.0, 9.0))]
    result = mapped(mapper, CORD, *lenses, box(3, "Parotid_L", (-50.0, 0.0, 0.0)))
    assert ("NAME-ORIENTATION", 1) in codes(result)


def test_chambers_of_the_heart_are_not_judged_by_side(mapper: Mapper) -> None:
    result = mapped(mapper, CORD, box(1, "Ventricle_R", (30.0, 0.0, 0.0)))
    assert not result.findings


def test_the_contour_chooses_the_side_that_a_name_does_not_say(mapper: Mapper) -> None:
    left = mapped(mapper, CORD, box(1, "Breast", (90.0, -50.0, 0.0))).mappings[1]
    right = mapped(mapper, CORD, box(1, "Breast", (-90.0, -50.0, 0.0))).mappings[1]
    assert (left.tg263_name, right.tg263_name) == ("Breast_L", "Breast_R")
    assert "lies on the left" in left.reason
    assert not left.auto


def test_an_impossible_volume_is_reported(mapper: Mapper) -> None:
    heart = box(1, "Heart", (10.0, 0.0, 0.0), size=20.0)  # 8 cm3
    result = mapped(mapper, heart, Heart=(200.0, 1800.0))
    assert codes(result) == {("NAME-VOLUME", 1)}
    assert "8 cm³" in result.findings[0].text
    assert not result.applied
    assert not mapped(mapper, heart, Heart=(5.0, 20.0)).findings


def test_a_bladder_below_the_prostate_is_doubted(mapper: Mapper) -> None:
    bladder, prostate = box(1, "Blase", (0.0, 0.0, -40.0)), box(2, "Prostate", (0.0, 0.0, 0.0))
    result = mapped(mapper, bladder, prostate)
    assert codes(result) == {("NAME-PLACE", 1)}
    assert result.applied == {2: "Prostate"}
    above = mapped(mapper, box(1, "Blase", (0.0, 0.0, 40.0)), prostate)
    assert not above.findings


def test_a_rectum_in_front_of_the_bladder_is_doubted(mapper: Mapper) -> None:
    result = mapped(mapper, box(1, "Rektum", (0.0, -40.0, 0.0)), box(2, "Bladder", (0.0, 0.0, 0.0)))
    assert codes(result) == {("NAME-PLACE", 1)}


def test_two_witnesses_against_lower_more_than_one(mapper: Mapper) -> None:
    lung = box(1, "Lung_L", (-80.0, 0.0, 0.0))
    one = mapped(mapper, CORD, lung).mappings[1].confidence
    two = mapped(mapper, CORD, lung, Lung_L=(350.0, 4500.0)).mappings[1].confidence
    assert two < one

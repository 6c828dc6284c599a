"""Four treated sites: organs, targets and prescriptions of one invented patient.

Sizes and places are of the order that anatomy has, varied per patient; nobody was measured. Tubes
end halfway between slices that are 3 mm or 5 mm apart, so that their contours enclose their volume.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from kasari.phantom.shapes import Ellipsoid, Shape, Shell, Star, Tube, Union

Rng = np.random.Generator

WATER, FAT, MUSCLE, BONE, LUNG, AIR = 5.0, -95.0, 45.0, 420.0, -780.0, -1000.0
"""Hounsfield units."""

CHEST_MM, PELVIS_MM, NECK_MM = 142.5, 127.5, 127.5
"""Half of the scanned length."""

SKIN_MM: Final = 5.0
"""How deep the breast's gland lies under the skin."""

PTV_MARGIN_MM: Final = 6.0
GTV_MARGIN_MM: Final = 11.0


@dataclass(frozen=True)
class Organ:
    """A structure that is drawn. `standard` is its TG-263 name; None for a helper structure."""

    key: str
    standard: str | None
    shape: Shape
    hounsfield: float | None
    """None: drawn only, not in the image."""
    interpreted_type: str


@dataclass(frozen=True)
class Site:
    """One patient's anatomy and prescription."""

    name: str
    laterality: str
    icd10: str
    sex: str
    body: Star
    scenery: tuple[tuple[Shape, float], ...]
    """What is in the image and not drawn, with its Hounsfield value."""
    organs: tuple[Organ, ...]
    target: Ellipsoid
    dose_gy: float
    fractions: int
    technique: str
    """`VMAT` or `TANGENTS`."""
    bath: tuple[float, float] = (0.0, 1.0)
    """Low dose around the target of an arc plan: share of the prescription, and reach in mm."""

    def organ(self, key: str) -> Organ:
        return next(organ for organ in self.organs if organ.key == key)


def _bath(rng: Rng, share: float, reach_mm: float) -> tuple[float, float]:
    """Plans of one site differ in how well they spare."""
    return _vary(rng, share, 0.3), _vary(rng, reach_mm, 0.4)


def _vary(rng: Rng, value: float, share: float = 0.08) -> float:
    return float(value * (1.0 + rng.uniform(-share, share)))


def _ellipsoid(
    rng: Rng,
    centre: tuple[float, float, float],
    axes: tuple[float, float, float],
    shift_mm: float = 0.0,
    share: float = 0.08,
) -> Ellipsoid:
    a, b, c = (_vary(rng, axis, share) for axis in axes)
    x, y, z = (float(p + rng.uniform(-shift_mm, shift_mm)) for p in centre)
    return Ellipsoid((x, y, z), (a, b, c))


def _organ(key: str, standard: str | None, shape: Shape, hounsfield: float | None = 40.0) -> Organ:
    return Organ(key, standard, shape, hounsfield, "ORGAN")


def _torso(rng: Rng, size: tuple[float, float], half_length: float) -> Tube:
    across, deep = (_vary(rng, axis, 0.05) for axis in size)
    return Tube((0.0, 0.0), (across, deep), -half_length, half_length)


def _external(body: Star) -> Organ:
    return Organ("body", "External", body, None, "EXTERNAL")


def _targets(target: Ellipsoid, *, with_gtv: bool, with_ring: bool) -> list[Organ]:
    organs = []
    if with_gtv:
        organs.append(Organ("gtv", "GTV", target.grown(-GTV_MARGIN_MM), None, "GTV"))
    organs.append(Organ("ctv", "CTV", target.grown(-PTV_MARGIN_MM), None, "CTV"))
    organs.append(Organ("ptv", "PTV", target, None, "PTV"))
    if with_ring:
        shell = Shell(target.grown(18.0), target.grown(5.0))
        organs.append(Organ("ring", None, shell, None, "CONTROL"))
    return organs


@dataclass(frozen=True)
class _Chest:
    left: Star
    right: Star
    organs: tuple[Organ, ...]
    scenery: tuple[tuple[Shape, float], ...]


def _chest(rng: Rng) -> _Chest:
    heart = _ellipsoid(rng, (24.0, -46.0, -30.0), (43.0, 38.0, 47.0), 8.0)
    left = Star(_ellipsoid(rng, (74.0, 4.0, 10.0), (48.0, 67.0, 108.0)), bites=(heart,))
    right = Star(_ellipsoid(rng, (-74.0, 4.0, 10.0), (51.0, 68.0, 112.0)), bites=(heart,))
    organs = (
        _organ("lung_l", "Lung_L", left, LUNG),
        _organ("lung_r", "Lung_R", right, LUNG),
        _organ("lungs", "Lungs", Union((left, right)), None),
        _organ("heart", "Heart", heart, MUSCLE),
        _organ("cord", "SpinalCord", Tube((0.0, 76.0), (7.0, 6.0), -CHEST_MM, CHEST_MM), 35.0),
        _organ("esophagus", "Esophagus", Tube((4.0, 36.0), (9.0, 7.0), -112.5, 127.5), 30.0),
    )
    spine = Tube((0.0, 66.0), (19.0, 24.0), -CHEST_MM, CHEST_MM)
    return _Chest(left, right, organs, ((spine, BONE),))


def breast(rng: Rng) -> Site:
    chest = _chest(rng)
    side = 1.0 if rng.random() < 0.5 else -1.0
    letter, other = ("L", "R") if side > 0 else ("R", "L")
    gland = _ellipsoid(rng, (side * 88.0, -110.0, -5.0), (60.0, 40.0, 66.0))
    x, y, z = gland.centre
    spared = Ellipsoid((-x, y, z), gland.axes)
    bulges = (gland.grown(SKIN_MM), spared.grown(SKIN_MM))
    body = Star(_torso(rng, (176.0, 116.0), CHEST_MM), bulges)
    target = gland.grown(-5.0)
    organs = (
        _external(body),
        *chest.organs,
        _organ(f"breast_{letter.lower()}", f"Breast_{letter}", gland, FAT + 40.0),
        _organ(f"breast_{other.lower()}", f"Breast_{other}", spared, FAT + 40.0),
        *_targets(target, with_gtv=False, with_ring=False),
    )
    icd10 = f"C50.{rng.integers(1, 6)}"
    return Site(
        "breast", letter, icd10, "F", body, chest.scenery, organs, target, 40.05, 15, "TANGENTS"
    )


def prostate(rng: Rng) -> Site:
    body = Star(_torso(rng, (180.0, 118.0), PELVIS_MM))
    target = _ellipsoid(rng, (0.0, 5.0, 0.0), (31.0, 28.0, 31.0), 2.0, share=0.12)
    bladder = _ellipsoid(rng, (0.0, -22.0, 46.0), (42.0, 36.0, 32.0), 4.0)
    rectum = Tube((0.0, _vary(rng, 43.0, 0.12)), (_vary(rng, 17.0), _vary(rng, 17.0)), -37.5, 67.5)
    femur_axes = (24.0, 24.0, 24.0)
    organs = (
        _external(body),
        _organ("bladder", "Bladder", bladder, WATER),
        _organ("rectum", "Rectum", rectum, 20.0),
        _organ("bulb", "PenileBulb", _ellipsoid(rng, (0, 12.0, -42.0), (9.0, 9.0, 9.0)), MUSCLE),
        _organ("femur_l", "Femur_Head_L", _ellipsoid(rng, (95.0, 0.0, 5.0), femur_axes), BONE),
        _organ("femur_r", "Femur_Head_R", _ellipsoid(rng, (-95.0, 0.0, 5.0), femur_axes), BONE),
        _organ("bowel", "Bag_Bowel", Tube((0.0, -30.0), (70.0, 40.0), 82.5, 112.5), WATER),
        *_targets(target, with_gtv=False, with_ring=True),
    )
    sacrum = _ellipsoid(rng, (0.0, 88.0, 40.0), (34.0, 15.0, 60.0))
    scenery = ((sacrum, BONE),)
    bath = _bath(rng, 0.35, 55.0)
    return Site("prostate", "N", "C61", "M", body, scenery, organs, target, 60.0, 20, "VMAT", bath)


def lung(rng: Rng) -> Site:
    chest = _chest(rng)
    body = Star(_torso(rng, (176.0, 116.0), CHEST_MM))
    side = 1.0 if rng.random() < 0.5 else -1.0
    home = (chest.left if side > 0 else chest.right).base
    assert isinstance(home, Ellipsoid)  # noqa: S101 - tells the type checker
    x, y, z = home.centre
    inwards, up = float(rng.uniform(0.0, 44.0)), float(rng.uniform(-15.0, 45.0))
    centre = (x - side * inwards, y + 12.0, z + up)
    target = _ellipsoid(rng, centre, (31.0, 31.0, 35.0), 6.0, share=0.22)
    trachea = Tube((0.0, 14.0), (9.0, 9.0), 67.5, CHEST_MM)
    organs = (
        _external(body),
        *chest.organs,
        _organ("trachea", "Trachea", trachea, AIR),
        *_targets(target, with_gtv=True, with_ring=True),
    )
    tumour = target.grown(-GTV_MARGIN_MM)
    sex = "F" if rng.random() < 0.45 else "M"
    icd10 = f"C34.{rng.integers(1, 4)}"
    scenery = (*chest.scenery, (tumour, MUSCLE))
    letter = "L" if side > 0 else "R"
    bath = _bath(rng, 0.5, 75.0)
    return Site("lung", letter, icd10, sex, body, scenery, organs, target, 60.0, 30, "VMAT", bath)


def head_neck(rng: Rng) -> Site:
    body = Star(_torso(rng, (82.0, 98.0), NECK_MM))
    side = 1.0 if rng.random() < 0.5 else -1.0
    target = _ellipsoid(rng, (side * 18.0, -16.0, 0.0), (30.0, 30.0, 50.0), 7.0, share=0.2)
    parotid = (12.0, 18.0, 24.0)
    mandible = _ellipsoid(rng, (0.0, -70.0, 18.0), (44.0, 11.0, 14.0))
    organs = (
        _external(body),
        _organ("parotid_l", "Parotid_L", _ellipsoid(rng, (58.0, 10.0, 32.0), parotid, 3.0), -10.0),
        _organ("parotid_r", "Parotid_R", _ellipsoid(rng, (-58.0, 10.0, 32.0), parotid, 3.0), -10.0),
        _organ("mandible", "Bone_Mandible", mandible, 600.0),
        _organ("larynx", "Larynx", _ellipsoid(rng, (0, -52.0, -55.0), (18.0, 17.0, 22.0)), 30.0),
        _organ("cord", "SpinalCord", Tube((0.0, 48.0), (6.5, 6.0), -112.5, 67.5), 35.0),
        _organ("stem", "Brainstem", _ellipsoid(rng, (0, 38.0, 84.0), (14.0, 13.0, 22.0)), 35.0),
        _organ("thyroid", "Glnd_Thyroid", _ellipsoid(rng, (0, -44.0, -92.0), (26, 9, 16)), 90.0),
        *_targets(target, with_gtv=True, with_ring=True),
    )
    spine = Tube((0.0, 42.0), (18.0, 20.0), -NECK_MM, 60.0)
    sex = "F" if rng.random() < 0.3 else "M"
    letter = "L" if side > 0 else "R"
    scenery: tuple[tuple[Shape, float], ...] = ((spine, BONE),)
    bath = _bath(rng, 0.55, 80.0)
    return Site(
        "head-neck", letter, "C10.9", sex, body, scenery, organs, target, 66.0, 33, "VMAT", bath
    )


SITES: Final[dict[str, Callable[[Rng], Site]]] = {
    "breast": breast,
    "prostate": prostate,
    "lung": lung,
    "head-neck": head_neck,
}

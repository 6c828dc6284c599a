"""How clinics write structure names: three languages, habits per centre, and planted slips."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kasari.phantom.anatomy import Organ

WRITTEN: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "body": {
        "fi": ("BODY", "Keho"),
        "sv": ("BODY", "Kropp"),
        "en": ("External", "BODY"),
    },
    "lung_l": {
        "fi": ("Keuhko vas", "vas keuhko", "Keuhko_vasen"),
        "sv": ("Lunga vä", "Vänster lunga"),
        "en": ("Lung_L", "Lt Lung", "left lung"),
    },
    "lung_r": {
        "fi": ("Keuhko oik", "oik keuhko", "Keuhko_oikea"),
        "sv": ("Lunga hö", "Höger lunga"),
        "en": ("Lung_R", "Rt Lung", "right lung"),
    },
    "lungs": {"fi": ("Keuhkot", "keuhkot"), "sv": ("Lungor",), "en": ("Lungs", "Both lungs")},
    "heart": {"fi": ("Sydän", "sydan", "SYDÄN"), "sv": ("Hjärta",), "en": ("Heart", "HEART")},
    "cord": {
        "fi": ("Selkäydin", "selkaydin"),
        "sv": ("Ryggmärg", "Medulla"),
        "en": ("SpinalCord", "Spinal Cord", "cord"),
    },
    "esophagus": {
        "fi": ("Ruokatorvi", "ruokatorvi"),
        "sv": ("Matstrupe", "Esofagus"),
        "en": ("Esophagus", "Oesophagus"),
    },
    "trachea": {"fi": ("Henkitorvi",), "sv": ("Luftstrupe",), "en": ("Trachea",)},
    "breast_l": {
        "fi": ("Rinta vas", "vasen rinta"),
        "sv": ("Bröst vä", "Vänster bröst"),
        "en": ("Breast_L", "Lt breast"),
    },
    "breast_r": {
        "fi": ("Rinta oik", "oikea rinta"),
        "sv": ("Bröst hö", "Höger bröst"),
        "en": ("Breast_R", "Rt breast"),
    },
    "bladder": {
        "fi": ("Virtsarakko", "Rakko", "rakko"),
        "sv": ("Urinblåsa", "Blåsa"),
        "en": ("Bladder", "BLADDER"),
    },
    "rectum": {
        "fi": ("Peräsuoli", "Rektum"),
        "sv": ("Ändtarm", "Rektum"),
        "en": ("Rectum", "rectum"),
    },
    "bulb": {
        "fi": ("Penisbulbi",),
        "sv": ("Bulbus penis", "Penisbulb"),
        "en": ("PenileBulb", "Penile bulb"),
    },
    "femur_l": {
        "fi": ("Reisiluun pää vas", "Caput femoris sin"),
        "sv": ("Lårbenshuvud vä", "Caput vä"),
        "en": ("Femur_Head_L", "Lt Femoral Head"),
    },
    "femur_r": {
        "fi": ("Reisiluun pää oik", "Caput femoris dx"),
        "sv": ("Lårbenshuvud hö", "Caput hö"),
        "en": ("Femur_Head_R", "Rt Femoral Head"),
    },
    "bowel": {"fi": ("Suolisto",), "sv": ("Tarmar",), "en": ("Bag_Bowel", "BowelBag")},
    "parotid_l": {
        "fi": ("Parotis vas", "Korvasylkirauhanen vas"),
        "sv": ("Parotis vä", "Öronspottkörtel vä"),
        "en": ("Parotid_L", "Lt Parotid"),
    },
    "parotid_r": {
        "fi": ("Parotis oik", "Korvasylkirauhanen oik"),
        "sv": ("Parotis hö", "Öronspottkörtel hö"),
        "en": ("Parotid_R", "Rt Parotid"),
    },
    "mandible": {"fi": ("Alaleuka",), "sv": ("Underkäke", "Mandibel"), "en": ("Mandible",)},
    "larynx": {"fi": ("Kurkunpää", "Larynx"), "sv": ("Struphuvud",), "en": ("Larynx",)},
    "stem": {"fi": ("Aivorunko",), "sv": ("Hjärnstam",), "en": ("Brainstem", "Brain Stem")},
    "thyroid": {"fi": ("Kilpirauhanen",), "sv": ("Sköldkörtel",), "en": ("Thyroid",)},
    "gtv": {"fi": ("GTV", "gtv prim"), "sv": ("GTV", "GTVp"), "en": ("GTV", "GTVp")},
    "ctv": {"fi": ("CTV", "ctv prim"), "sv": ("CTV", "CTVp"), "en": ("CTV", "CTVp")},
    "ptv": {"fi": ("PTV", "ptv prim"), "sv": ("PTV", "PTVp"), "en": ("PTV", "PTVp")},
    "ring": {"fi": ("apu ring",), "sv": ("z_ring",), "en": ("zRing", "opt ring")},
}

MEANT: Final = {
    **dict.fromkeys(("BODY", "Keho", "Kropp"), "Body"),
    **dict.fromkeys(("Suolisto", "Tarmar"), "Bowel"),
    **dict.fromkeys(("gtv prim", "GTVp"), "GTVp"),
    **dict.fromkeys(("ctv prim", "CTVp"), "CTVp"),
    **dict.fromkeys(("ptv prim", "PTVp"), "PTVp"),
}
"""TG-263 names of words that say something else than the organ's usual name."""

HABITS: Final[dict[str, tuple[tuple[str, float], ...]]] = {
    "KUH": (("fi", 0.85), ("en", 0.15)),
    "Tyks": (("fi", 0.45), ("sv", 0.45), ("en", 0.10)),
}
DOSE_IN_TARGET_SHARE: Final = {"KUH": 0.4}
"""How often a centre writes the prescription into the names of targets."""

OTHER_CENTRES: Final = (("fi", 0.4), ("sv", 0.1), ("en", 0.5))
MISTYPED_SHARE: Final = 0.02


@dataclass(frozen=True)
class Naming:
    """Written and standard names by organ key, and the slips that were planted."""

    written: dict[str, str]
    standard: dict[str, str | None]
    slips: tuple[str, ...]


def name_structures(
    organs: Sequence[Organ], dose_gy: float, centre: str, rng: np.random.Generator
) -> Naming:
    """Names as this centre would write them for one patient; unique within the set."""
    with_dose = rng.random() < DOSE_IN_TARGET_SHARE.get(centre, 0.0)
    shares = HABITS.get(centre, OTHER_CENTRES)
    language = str(rng.choice([name for name, _ in shares], p=[share for _, share in shares]))
    written: dict[str, str] = {}
    standard: dict[str, str | None] = {}
    slips: list[str] = []
    for organ in organs:
        name = str(rng.choice(WRITTEN[organ.key][language]))
        standard[organ.key] = MEANT.get(name, organ.standard)
        if with_dose and organ.interpreted_type in {"CTV", "PTV"}:
            kind = organ.interpreted_type
            name, standard[organ.key] = f"{kind}{dose_gy:g}", f"{kind}_{100 * dose_gy:.0f}"
        if organ.interpreted_type == "ORGAN" and rng.random() < MISTYPED_SHARE:
            name = _mistyped(name, rng)
            slips.append(f"mistyped:{organ.key}")
        while name in written.values():
            name += "1"
        written[organ.key] = name
    return Naming(written, standard, tuple(slips))


def _mistyped(name: str, rng: np.random.Generator) -> str:
    """Two neighbouring letters in the wrong order, or one twice where they are the same."""
    at = int(rng.integers(1, len(name) - 1))
    first, second = name[at], name[at + 1]
    return name[:at] + (second + first if first != second else first * 3) + name[at + 2 :]


def swap_sides(naming: Naming, rng: np.random.Generator) -> Naming:
    """Exchange the names of one pair of organs. The standard names stay with the true sides."""
    keys = naming.written
    pairs = [key[:-2] for key in keys if key.endswith("_l") and f"{key[:-2]}_r" in keys]
    pair = str(rng.choice(pairs))
    left, right = f"{pair}_l", f"{pair}_r"
    written = naming.written | {left: keys[right], right: keys[left]}
    return replace(naming, written=written)


def leave_out(naming: Naming, key: str) -> Naming:
    """Forget to draw an organ."""
    written = {name: value for name, value in naming.written.items() if name != key}
    return replace(naming, written=written)

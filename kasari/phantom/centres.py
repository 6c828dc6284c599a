"""How two invented clinics, and any other, introduce themselves and write."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Centre:
    """How a clinic's systems introduce themselves."""

    name: str
    institution: str
    character_set: str
    planning_system: tuple[str, str]
    """Manufacturer and model."""
    machine: str
    physician: str
    physicist: str
    plan_label: str
    dose_bits: int
    own_study_per_imaging_day: bool


_KNOWN: Final = {
    "KUH": Centre(
        "KUH",
        "KYS Sädehoitoyksikkö, Kuopio",
        "ISO_IR 100",
        ("Phantom Medical Systems", "ArcPlan"),
        "KYS_TB3",
        "Onkologi^Outi",
        "Fyysikko^Fredrik",
        "{site}_A1",
        32,
        False,
    ),
    "Tyks": Centre(
        "Tyks",
        "Tyks Syöpäklinikka, Turku",
        "ISO_IR 192",
        ("Phantom Medical Systems", "StrålPlan"),
        "Tyks VERSA 2",
        "Läkare^Åsa",
        "Sairaalafyysikko^Väinö",
        "{site} plan 1",
        16,
        True,
    ),
}


def centre_of(name: str) -> Centre:
    """Return a centre's habits; an unknown one writes like a plain clinic."""
    plain = Centre(
        name,
        f"{name} Syöpäkeskus",
        "ISO_IR 100",
        ("Phantom Medical Systems", "ArcPlan"),
        "LINAC1",
        "Lääkäri^Liisa",
        "Fyysikko^Pekka",
        "{site}",
        32,
        False,
    )
    return _KNOWN.get(name, plain)

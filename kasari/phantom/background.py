"""What is known of a patient beside anatomy and dose: stage, habits, other treatment."""

from dataclasses import dataclass
from typing import Final

import numpy as np

STAGES: Final = {
    "breast": (("IA", 0.5), ("IIA", 0.35), ("IIB", 0.15)),
    "prostate": (("T1CN0M0", 0.3), ("T2AN0M0", 0.4), ("T3AN0M0", 0.3)),
    "lung": (("IIB", 0.2), ("IIIA", 0.5), ("IIIB", 0.3)),
    "head-neck": (("II", 0.3), ("III", 0.4), ("IVA", 0.3)),
}
SMOKING: Final = {
    "breast": (0.55, 0.30, 0.15),
    "prostate": (0.45, 0.40, 0.15),
    "lung": (0.08, 0.52, 0.40),
    "head-neck": (0.20, 0.40, 0.40),
}
"""Shares of never, former and current smokers."""

CHEMOTHERAPY_SHARE: Final = {"breast": 0.35, "prostate": 0.0, "lung": 0.6, "head-neck": 0.5}


@dataclass(frozen=True)
class Background:
    age: int
    """Whole years on the day of the planning scan."""
    stage: str
    smoking: str
    performance_status: int
    chemotherapy: bool


def draw_background(rng: np.random.Generator, site: str, age: int) -> Background:
    """Older patients have the worse performance status; the rest is drawn by site."""
    stages, shares = [s for s, _ in STAGES[site]], [p for _, p in STAGES[site]]
    status = int(rng.binomial(3, min(0.5, 0.12 + max(0, age - 60) * 0.008)))
    return Background(
        age=age,
        stage=str(rng.choice(stages, p=shares)),
        smoking=str(rng.choice(("never", "former", "current"), p=SMOKING[site])),
        performance_status=status,
        chemotherapy=bool(rng.random() < CHEMOTHERAPY_SHARE[site]),
    )

"""Which toxicities a site has, and how each depends on dose and background."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

OWN: Final = "own choice, of the order that publications give"


@dataclass(frozen=True)
class Lyman:
    """Parameters of Lyman's model, for dose in 2 Gy fractions."""

    volume_effect: float
    """n."""
    slope: float
    """m."""
    half_risk_gy: float
    """TD50."""
    alpha_beta_gy: float


@dataclass(frozen=True)
class Endpoint:
    """One toxicity of one site. In `organs`, `side` stands for the treated side."""

    term: str
    meddra_code: int
    site: str
    organs: tuple[str, ...]
    lyman: Lyman
    recedes: tuple[float, float, float]
    """At the end, after 3 and after 12 months; 0 at the worst time."""
    shifts: Mapping[str, float]
    """What the background adds to t."""
    source: str
    highest_grade: int = 4


ENDPOINTS: Final = (
    Endpoint(
        term="Dermatitis radiation",
        meddra_code=10061103,
        site="breast",
        organs=("breast_side",),
        lyman=Lyman(1.0, 0.25, 42.0, 10.0),
        recedes=(0.0, 1.6, 2.6),
        shifts={"volume": 0.6, "current": 0.4},
        source=OWN,
    ),
    Endpoint(
        term="Pneumonitis",
        meddra_code=10035742,
        site="breast",
        organs=("lung_side",),
        lyman=Lyman(0.99, 0.37, 30.8, 3.0),
        recedes=(1.5, 0.0, 1.0),
        shifts={"chemotherapy": 0.3},
        source="Seppenwoolde et al. 2003, IJROBP 55:724",
    ),
    Endpoint(
        term="Cystitis noninfective",
        meddra_code=10063057,
        site="prostate",
        organs=("bladder",),
        lyman=Lyman(0.5, 0.35, 50.0, 10.0),
        recedes=(0.0, 0.8, 1.5),
        shifts={"old": 0.3},
        source=OWN,
    ),
    Endpoint(
        term="Proctitis",
        meddra_code=10036774,
        site="prostate",
        organs=("rectum",),
        lyman=Lyman(0.09, 0.13, 76.9, 3.0),
        recedes=(0.8, 0.4, 0.0),
        shifts={"current": 0.3},
        source="Michalski et al. 2010, IJROBP 76(3 Suppl):S123 (QUANTEC)",
    ),
    Endpoint(
        term="Pneumonitis",
        meddra_code=10035742,
        site="lung",
        organs=("lungs",),
        lyman=Lyman(0.99, 0.37, 30.8, 3.0),
        recedes=(1.5, 0.0, 0.8),
        shifts={"current": -0.3, "chemotherapy": 0.2},
        source="Seppenwoolde et al. 2003, IJROBP 55:724",
    ),
    Endpoint(
        term="Esophagitis",
        meddra_code=10015461,
        site="lung",
        organs=("esophagus",),
        lyman=Lyman(0.69, 0.36, 40.0, 10.0),
        recedes=(0.0, 1.5, 2.5),
        shifts={"chemotherapy": 0.6},
        source=OWN,
    ),
    Endpoint(
        term="Dry mouth",
        meddra_code=10013781,
        site="head-neck",
        organs=("parotid_l", "parotid_r"),
        lyman=Lyman(1.0, 0.4, 39.9, 3.0),
        recedes=(0.2, 0.4, 0.0),
        shifts={},
        source="Dijkema et al. 2010, IJROBP 78:449",
        highest_grade=3,
    ),
    Endpoint(
        term="Dysphagia",
        meddra_code=10013950,
        site="head-neck",
        organs=("larynx",),
        lyman=Lyman(1.0, 0.4, 48.0, 10.0),
        recedes=(0.0, 0.8, 1.4),
        shifts={"chemotherapy": 0.5},
        source=OWN,
    ),
)

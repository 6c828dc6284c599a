"""Linear-quadratic equivalents and the generalised equivalent uniform dose."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def equivalent_dose_2gy(dose_gy: Floats, fractions: int, alpha_beta: float) -> Floats:
    """Return EQD2 = D (d + a/b) / (2 + a/b) with d = D / fractions (Joiner & van der Kogel).

    Parameters
    ----------
    dose_gy : array
        Total physical dose.
    fractions : int
        Number of equal fractions that gave it.
    alpha_beta : float
        Gy.

    Raises
    ------
    ValueError
        If `fractions` or `alpha_beta` is not positive.
    """
    if fractions <= 0 or alpha_beta <= 0:
        raise ValueError("EQD2 needs positive fractions and alpha/beta")
    return np.asarray(dose_gy * (dose_gy / fractions + alpha_beta) / (2.0 + alpha_beta))


def generalised_eud(dose_gy: Floats, volume: Floats, a: float) -> float:
    """Return (sum v_i D_i^a)^(1/a) with v_i the shares of volume (Niemierko 1999).

    Parameters
    ----------
    dose_gy, volume : arrays of one shape
    a : float
        Not zero; negative for targets (a cold spot counts most), 1 gives the mean.

    Raises
    ------
    ValueError
        If `a` is zero.
    """
    if a == 0:
        raise ValueError("gEUD needs a != 0")
    share = volume / volume.sum()
    if a < 0 and np.any((dose_gy <= 0) & (share > 0)):
        return 0.0
    top = float(dose_gy.max())
    if top <= 0:
        return 0.0
    relative = dose_gy / top  # keeps large powers finite
    used = share > 0
    return top * float((share[used] @ relative[used] ** a) ** (1.0 / a))

"""Jaws and leaves of a beam's control points (PS3.3 C.8.8.14).

A control point gives only what changed since the one before.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from harmonizer.adapters.dicomrt.elements import items, number, numbers, text
from harmonizer.domain.dose.openings import Opening, Reach

Floats = NDArray[np.float64]

JAWS = {"X": "x", "ASYMX": "x", "Y": "y", "ASYMY": "y"}
LEAVES = ("MLCX", "MLCY")
MOVING = ("IsocenterPosition", "TableTopLongitudinalPosition")
SAME_MM = 1.0


def _moves(points: Sequence[Dataset], keyword: str) -> bool:
    """Whether a place differs between control points, as in helical delivery."""
    places = [found for point in points if (found := _known(point, keyword)).size]
    return any(
        place.size != places[0].size or np.abs(place - places[0]).max() > SAME_MM
        for place in places[1:]
    )


def read_openings(beam: Dataset, points: Sequence[Dataset]) -> tuple[Opening, ...]:
    """Return the opening at every control point.

    None for beams with two layers of leaves, and where the couch moves through the field.
    """
    if any(_moves(points, word) for word in MOVING):
        return ()
    devices = items(beam, "BeamLimitingDeviceSequence") or items(
        beam, "IonBeamLimitingDeviceSequence"
    )
    borders = {
        text(device, "RTBeamLimitingDeviceType"): _known(device, "LeafPositionBoundaries")
        for device in devices
    }
    layers = [kind for kind in borders if kind.startswith("MLC")]
    if len(layers) > 1 or any(kind not in LEAVES for kind in layers):
        return ()
    collimator = 0.0
    now: dict[str, Floats] = {}
    found = []
    for point in points:
        turned = number(point, "BeamLimitingDeviceAngle")
        collimator = collimator if turned is None else turned
        for position in items(point, "BeamLimitingDevicePositionSequence"):
            now[text(position, "RTBeamLimitingDeviceType")] = _known(position, "LeafJawPositions")
        found.append(_opening(collimator, now, borders))
    return tuple(found)


def _opening(collimator: float, now: dict[str, Floats], borders: dict[str, Floats]) -> Opening:
    jaws = {JAWS[kind]: _pair(values) for kind, values in now.items() if kind in JAWS}
    leaves = next((kind for kind in now if kind in LEAVES and now[kind].size), None)
    return Opening(
        collimator,
        jaws.get("x"),
        jaws.get("y"),
        now[leaves] if leaves else None,
        borders.get(leaves) if leaves else None,
        leaves != "MLCY",
    )


def _pair(values: Floats) -> Reach | None:
    return (float(values[0]), float(values[1])) if values.size == 2 else None


def _known(dataset: Dataset, keyword: str) -> Floats:
    """Return numbers; none if one of them is not finite."""
    found = numbers(dataset, keyword)
    return found if np.isfinite(found).all() else np.zeros(0)

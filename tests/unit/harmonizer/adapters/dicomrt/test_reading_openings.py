"""Jaws and leaves as control points give them: only what changes."""

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from harmonizer.adapters.dicomrt.openings import read_openings


def positions(**places: list[float]) -> Sequence:
    found = []
    for kind, values in places.items():
        item = Dataset()
        item.RTBeamLimitingDeviceType, item.LeafJawPositions = kind, values
        found.append(item)
    return Sequence(found)


def beam(*leaves: str) -> Dataset:
    found = Dataset()
    devices = []
    for kind in leaves:
        device = Dataset()
        device.RTBeamLimitingDeviceType = kind
        device.LeafPositionBoundaries = [-20.0, -10.0, 10.0, 20.0]
        devices.append(device)
    found.BeamLimitingDeviceSequence = Sequence(devices)
    return found


def points() -> list[Dataset]:
    first, second = Dataset(), Dataset()
    first.BeamLimitingDeviceAngle, first.IsocenterPosition = 0.0, [0.0, 0.0, 0.0]
    first.BeamLimitingDevicePositionSequence = positions(
        ASYMY=[-15.0, 15.0], MLCX=[-1.0, -30, 0, 0, 30, 0]
    )
    second.BeamLimitingDevicePositionSequence = positions(MLCX=[-5.0, -30, -5, 5, 30, 5])
    return [first, second]


def test_what_a_point_does_not_say_stays() -> None:
    """At first only the middle pair is open (1 mm is closed); then all, behind the jaws."""
    first, second = read_openings(beam("MLCX"), points())
    assert first.reach() == pytest.approx((-10.0, 10.0))
    assert second.reach() == pytest.approx((-15.0, 15.0))


@pytest.mark.parametrize("word", ["IsocenterPosition", "TableTopLongitudinalPosition"])
def test_a_couch_that_moves_is_not_read(word: str) -> None:
    """Helical delivery: the field stays and the patient goes through it."""
    moving = points()
    for point, place in zip(moving, (0.0, 40.0), strict=True):
        setattr(point, word, [0.0, 0.0, place] if word.startswith("Iso") else place)
    assert read_openings(beam("MLCX"), moving) == ()


def test_two_layers_of_leaves_are_not_read() -> None:
    assert read_openings(beam("MLCX1", "MLCX2"), points()) == ()

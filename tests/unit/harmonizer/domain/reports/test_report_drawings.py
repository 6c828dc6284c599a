"""Drawings of a report: images that decode, curves that keep their shape, outlines in place."""

import re
import struct
import zlib
from base64 import b64decode

import numpy as np
import pytest

from harmonizer.domain.dose import Contour, DoseGrid, Dvh, Roi
from harmonizer.domain.dose.plan import ImageSlice
from harmonizer.domain.reports.colours import LEVELS, dose_wash
from harmonizer.domain.reports.curves import Curve, dvh_plot, thinned, tick_step
from harmonizer.domain.reports.png import data_uri, png
from harmonizer.domain.reports.slices import Picture, slice_drawing


def decoded(data: bytes) -> np.ndarray:
    """Read back a PNG of filter type `up`, 8 bit."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + length
    columns, rows, bits, colour = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    channels = {0: 1, 2: 3, 6: 4}[colour]
    assert bits == 8
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(rows, -1)
    assert np.all(lines[:, 0] == 2)
    pixels = np.cumsum(lines[:, 1:], axis=0, dtype=np.uint8)
    return pixels.reshape(rows, columns, channels)


def images_of(svg: str) -> list[np.ndarray]:
    return [decoded(b64decode(text)) for text in re.findall(r"base64,([A-Za-z0-9+/=]+)", svg)]


@pytest.mark.parametrize("shape", [(7, 5), (3, 4, 3), (6, 2, 4)])
def test_a_png_comes_back_as_it_was(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    assert np.array_equal(decoded(png(pixels)).reshape(shape), pixels)
    assert data_uri(pixels).startswith("data:image/png;base64,")


def test_a_png_of_two_channels_is_refused() -> None:
    with pytest.raises(ValueError, match="channels"):
        png(np.zeros((2, 2, 2), np.uint8))


def test_the_wash_begins_at_its_levels_and_is_clear_below_and_outside() -> None:
    first, top = LEVELS[0][0], LEVELS[-1][0]
    pixels = dose_wash(np.array([[0.0, first - 0.1, np.nan, first, top + 50.0]]))
    assert pixels[0, :3, 3].tolist() == [0, 0, 0]
    assert pixels[0, 3:, 3].min() > 0
    red = [int(LEVELS[-1][1][i : i + 2], 16) for i in (1, 3, 5)]
    assert pixels[0, 4, :3].tolist() == red


def test_a_thinned_curve_is_within_half_a_per_cent_everywhere() -> None:
    """A steep fall at 50 Gy after a long tail: what a target's curve looks like."""
    dose = np.linspace(0, 60, 2001)
    volume = 100 / (1 + np.exp((dose - 50) * 8)) * (1 - dose / 600)
    volume = np.minimum.accumulate(volume)
    curve = Dvh(dose, volume, np.zeros(2001))
    drawn = np.array(thinned(curve))
    assert len(drawn) <= 241
    assert drawn[0].tolist() == [0.0, 100.0]
    found = np.interp(dose, drawn[:, 0], drawn[:, 1])
    assert np.abs(found - 100 * volume / volume[0]).max() < 0.5


@pytest.mark.parametrize(("top", "step"), [(0.9, 0.1), (14.7, 2.0), (66.0, 10.0), (5000.0, 100.0)])
def test_ticks_are_round_and_few(top: float, step: float) -> None:
    assert tick_step(top) == step


def test_a_plot_escapes_names_and_marks_the_prescription() -> None:
    curve = Dvh(np.array([0.0, 10.0]), np.array([5.0, 0.0]), np.zeros(2))
    svg = dvh_plot([Curve('<script>"x"&', curve, "#000000")], 8.0)
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg
    assert "8 Gy prescribed" in svg
    assert dvh_plot([], 8.0) == ""


def picture(**changes: object) -> Picture:
    """Return a CT slice of 100 x 80 mm at z 5, 2 mm pixels: air, and water for x >= 50 mm."""
    values = np.full((40, 50), -1000.0, np.float32)
    values[:, 25:] = 0.0
    fields: dict[str, object] = {
        "sop_instance_uid": "1",
        "modality": "CT",
        "position": (0.0, 0.0, 5.0),
        "orientation": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        "spacing": (2.0, 2.0),
        "rows": 40,
        "columns": 50,
    }
    return Picture(ImageSlice(**{**fields, **changes}), values)  # type: ignore[arg-type]


def square(z: float) -> Roi:
    corners = np.array([[30, 30, z], [60, 30, z], [60, 50, z], [30, 50, z]], dtype=float)
    return Roi(1, "PTV", (Contour(corners),))


def test_an_outline_and_the_dose_lie_where_they_are() -> None:
    """Dose 50 Gy for x >= 40 mm: in a drawing from 18 to 72 mm, the wash begins at 41 %."""
    stored = np.zeros((3, 20, 25), np.uint16)
    stored[:, :, 10:] = 50
    axes = np.eye(3)
    grid = DoseGrid(
        stored, 1.0, np.array([2.0, 2.0, 0.0]), axes[0], axes[1], 4.0, 4.0, 5.0 * np.arange(3)
    )
    svg = slice_drawing(picture(), [(square(5.0), "#123456")], grid, 50.0, 1.0)
    assert 'viewBox="18.0 18.0 54.0 44.0"' in svg
    assert "M30.0 30.0L60.0 30.0L60.0 50.0L30.0 50.0Z" in svg
    grey, wash = images_of(svg)
    assert grey.shape[:2] == (22, 27)
    assert (grey[:, :15] == 0).all()
    assert (grey[:, 17:] > 90).all()
    clear = wash[:, :, 3] == 0
    first = int(np.flatnonzero(~clear[10])[0])
    assert first / wash.shape[1] == pytest.approx((40.0 - 18.0) / 54.0, abs=0.06)


def test_contours_of_other_slices_are_not_drawn() -> None:
    svg = slice_drawing(picture(), [(square(9.0), "#123456")], None, None, 1.0)
    assert "<path" not in svg
    assert 'viewBox="-1.0 -1.0 100.0 80.0"' in svg


def test_an_image_without_a_place_gives_no_drawing() -> None:
    assert slice_drawing(picture(position=None), [], None, None, 1.0) == ""

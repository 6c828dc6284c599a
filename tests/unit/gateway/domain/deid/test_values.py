"""Values of one element: dates that move, ages that are pooled, characters that may stand."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.deid.values import ImageSize, is_legal, pooled_age, require_legal, shifted
from gateway.errors import RejectError


@pytest.mark.parametrize(
    ("vr", "value", "moved"),
    [
        ("DA", b"20200106", b"20191230"),
        ("DA", b"2020.01.06", b"20191230"),
        ("DA", b"20200106\\20200113", b"20191230\\20200106 "),
        ("DA", b"20200301 ", b"20200223"),
        ("DT", b"20200106101112.5+0200 ", b"20191230101112.5+0200 "),
        ("DT", b"202001061011", b"201912301011"),
        ("DT", b"20200106", b"20191230"),
        ("DA", b"", b""),
        ("DA", b"        ", b""),
        ("DA", b"20200230", b""),
        ("DA", b"202001", b""),
        ("DA", b"N/A ", b""),
        ("DA", b"20200101-20200131", b""),
        ("DA", b"20200106\\Virtanen", b""),
        ("DT", b"2020", b""),
        ("DT", b"20200106 Virtanen", b""),
        ("DA", b"00010101", b""),
        ("DA", b"20200106\0\0", b"20191230"),
    ],
)
def test_a_week_back(vr: str, value: bytes, moved: bytes) -> None:
    assert shifted(vr, value, -7) == moved


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(52, 520))
def test_intervals_and_weekdays_stay(day: date, weeks: int) -> None:
    moved = shifted("DA", day.strftime("%Y%m%d").encode(), -7 * weeks).decode()
    assert date.fromisoformat(moved) == day - timedelta(weeks=weeks)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (b"089Y", b"089Y"),
        (b"090Y", b"090Y"),
        (b"104Y", b"090Y"),
        (b"999M", b"999M"),
        (b"011M", b"011M"),
        (b"950W", b"950W"),
        (b"104Y ", b"090Y"),
        (b"", b""),
        (b"about 50", b""),
        (b"050Y\\Virt", b""),
    ],
)
def test_ages_of_ninety_and_more_are_one(value: bytes, kept: bytes) -> None:
    assert pooled_age(value) == kept


@pytest.mark.parametrize(
    ("vr", "value", "legal"),
    [
        ("DS", b"-1.5e-3\\2 ", True),
        ("DS", b"1,5", False),
        ("DS", b"nan", False),
        ("IS", b"-12 ", True),
        ("IS", b"1.5", False),
        ("UI", b"1.2.840\0", True),
        ("UI", b"1.2.x", False),
        ("TM", b"101112.123 ", True),
        ("TM", b"ten", False),
        ("CS", b"HFS ", True),
        ("CS", b"M\xc4KEL\xc4", False),
        ("LO", b"\xff anything", True),
    ],
)
def test_characters_of_a_representation(vr: str, value: bytes, legal: bool) -> None:
    assert is_legal(vr, value) is legal
    if not legal:
        with pytest.raises(RejectError, match=f"representation {vr}"):
            require_legal(vr, value)


def test_the_size_of_an_image_is_known_only_when_everything_is_said() -> None:
    size = ImageSize()
    shape = ((0x00280002, 1), (0x00280010, 3), (0x00280011, 5), (0x00280100, 16))
    for tag, value in shape:
        assert size.size_bytes is None
        size.see(tag, value.to_bytes(2, "little"))
    assert size.size_bytes == 30
    size.see(0x00280008, b"4 ")
    assert size.size_bytes == 120
    size.see(0x00280008, b"4x")
    assert size.size_bytes is None


def image(allocated: int, stored: int, signed: int, high: int | None = None) -> ImageSize:
    size = ImageSize()
    told = {0x00280100: allocated, 0x00280101: stored, 0x00280103: signed}
    told[0x00280102] = stored - 1 if high is None else high
    for tag, number in told.items():
        size.see(tag, number.to_bytes(2, "little"))
    return size


def pixels(*values: int) -> bytes:
    return b"".join(value.to_bytes(2, "little", signed=value < 0) for value in values)


@pytest.mark.parametrize(
    ("size", "data", "hides"),
    [
        (image(16, 12, 0), pixels(0, 1, 4095), False),
        (image(16, 12, 0), pixels(0, 4096), True),
        (image(16, 12, 1), pixels(-2048, -1, 2047), False),
        (image(16, 12, 1), pixels(2048), True),
        (image(16, 12, 1), pixels(-2049), True),
        (image(16, 16, 1), pixels(-2000, 3000), False),
        (image(16, 12, 0, high=15), pixels(0), True),
        (image(8, 8, 0), b"Virtanen", False),
        (image(8, 7, 0), b"\x7f\x00", False),
        (image(8, 7, 0), b"\x80\x00", True),
        (image(8, 1, 0), b"\x01\x00", False),
        (image(32, 32, 0), b"Virtanen", False),
    ],
)
def test_bits_that_no_pixel_uses_are_empty_or_the_sign(
    size: ImageSize, data: bytes, hides: bool
) -> None:
    assert size.hides_bits(b"xx" + data, 2, 2 + len(data)) is hides

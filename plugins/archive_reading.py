"""What the archive's Orthanc tells of many of its files at once, instead of each over HTTP.

Never imports `orthanc`.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

_PIXEL_DATA: Final = (b"\xe0\x7f\x10\x00OW", b"\xe0\x7f\x10\x00OB")
"""As it begins in the explicit little-endian form (PS3.5 7.1.2, A.4), which is what we store."""


def digests(read: Callable[[str], bytes | None], orthanc_ids: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 of each file. One that cannot be read is not in the answer."""
    return {
        orthanc_id: sha256(data).hexdigest()
        for orthanc_id in orthanc_ids
        if (data := read(orthanc_id)) is not None
    }


def headings(read: Callable[[str], bytes | None], orthanc_ids: Sequence[str]) -> dict[str, str]:
    """Return each file up to its pixels, in base64; whole if it has none."""
    return {
        orthanc_id: b64encode(_before_pixels(data)).decode("ascii")
        for orthanc_id in orthanc_ids
        if (data := read(orthanc_id)) is not None
    }


def _before_pixels(data: bytes) -> bytes:
    places = [place for start in _PIXEL_DATA if (place := data.find(start)) >= 0]
    return data[: min(places)] if places else data

"""What an image shows, as far as its attributes tell: a head, or an overview before the scan.

Pure. The face can be seen in a rendering of a head scan, so such images must say so
(RecognizableVisualFeatures), and a centre may refuse them.
"""

import re
from typing import Final

from gateway.domain.deid.profile import HEAD, LOCALIZER
from gateway.domain.deid.text import fold

IMAGE_TYPE: Final = 0x00080008
BODY_PART: Final = 0x00180015
RECOGNIZABLE: Final = 0x00280302
TOLD_BY: Final = frozenset((0x00081030, 0x0008103E, BODY_PART, 0x00181030))
"""StudyDescription, SeriesDescription, BodyPartExamined, ProtocolName."""

_HEAD: Final = """
head headneck brain skull face neck orbit sinus jaw hn
pää pään pääkaula aivot aivojen aivo kallo kallon kaula kaulan kasvot kasvojen leuka
huvud huvudhals hjärna skalle hals ansikte käke
"""
_HEAD_WORDS: Final = frozenset(fold(word) for word in _HEAD.split())
_WORDS = re.compile(r"[^\W\d_]+")


class Picture:
    """Collects what one object tells about itself; `kinds` are words of `Profile.refused`."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()

    def see(self, tag: int, text: str) -> None:
        if tag == IMAGE_TYPE and "LOCALIZER" in text.upper():
            self.kinds.add(LOCALIZER)
        if tag in TOLD_BY and {fold(word) for word in _WORDS.findall(text)} & _HEAD_WORDS:
            self.kinds.add(HEAD)

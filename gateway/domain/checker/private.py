"""Private attributes that a centre lets stay: each must stand in a block of its own creator."""

from collections.abc import Mapping

from gateway.domain.checker.elements import Element, Elements

_ONE_VALUE = {b"AT": 4, b"FD": 8, b"FL": 4, b"SL": 4, b"SS": 2, b"UL": 4, b"US": 2}
_NUMBER_SIGNS = b"0123456789+-.eE\\ \0"


class PrivateBlocks:
    """Learns the blocks of an object's items from their creator elements, as they come."""

    def __init__(self, written: Elements, known: Mapping[tuple[str, int, int], str]) -> None:
        self._written = written
        self._known = known
        self._creators = {creator for creator, _, _ in known}
        self._blocks: dict[tuple[int, int], str] = {}

    def may_stay(self, element: Element) -> bool:
        """Whether a private element is the creator of a known block, or known in that block."""
        number = element.tag & 0xFFFF
        if 0x10 <= number <= 0xFF:
            return self._is_creator(element)
        vr = self.vr(element)
        if not vr or element.vr not in (vr, b"UN"):
            return False
        value = self._written.value(element)
        if vr in (b"DS", b"IS"):
            return not value.translate(None, _NUMBER_SIGNS)
        return len(value) % _ONE_VALUE.get(vr, 1) == 0 and vr != b"SQ"

    def vr(self, element: Element) -> bytes:
        """Its representation by what the centre lets stay; empty if it is not known."""
        self._is_creator(element)
        creator = self._blocks.get((element.item, element.tag >> 8), "")
        key = (creator, element.tag >> 16, element.tag & 0xFF)
        return self._known.get(key, "").encode()

    def _is_creator(self, element: Element) -> bool:
        if not 0x10 <= element.tag & 0xFFFF <= 0xFF or not self._creators:
            return False
        name = self._written.value(element).rstrip(b" \0").decode("latin-1")
        block = element.tag >> 16 << 8 | element.tag & 0xFF
        self._blocks[element.item, block] = name
        return name in self._creators

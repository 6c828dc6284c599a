"""Item names as other systems write them: `C30_Q01`, `QLQ-C30 1`, `eortc_qlqc30_7`, `epic_4a`."""

import re
from typing import Final

from gateway.domain.clinical.codelists import CodeLists

_TAIL: Final = re.compile(r"(?:^|[^a-z0-9])(?:q|item)?[_ ]?0*([1-9]\d?)([a-e]?)$")


def item_code(name: str) -> str:
    """Return the code that a system's name of an item stands for; an unknown name stays."""
    lower = name.strip().lower()
    plain = re.fullmatch(r"(?:q|item)?_?0*([1-9]\d?)([a-e]?)", lower)
    found = plain or _TAIL.search(lower)
    return f"q{found[1]}{found[2]}" if found else lower.rsplit("_", 1)[-1]


def split_field(name: str, lists: CodeLists) -> tuple[str, str] | None:
    """Split a field like `qlqc30_q1` into instrument and item; None if it is no such field.

    The instrument's name may be written without `qlq`, hyphens or `eortc`.
    """
    head, _, tail = name.lower().rpartition("_")
    if not head:
        return None
    instrument = lists.instrument(head)
    if instrument is None:
        return None
    code = item_code(tail)
    return instrument, code

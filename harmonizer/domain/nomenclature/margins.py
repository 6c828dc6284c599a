"""Planning risk volumes: take the mark and its margin out of a name, write it into a standard one.

The standard puts `_PRV` with a two-digit margin in millimetres after the root and before the side
(`OpticNrv_PRV03_L`); one digit only where two would exceed 16 characters (report, section 7.2).
"""

import re
from dataclasses import dataclass

LONGEST_NAME = 16
PRV = re.compile(
    r"(?:(?<![\d.,])(?P<before>(?<![A-Za-z])\d{1,2}|\d{1,2}(?=\s*_?mm))\s*_?(?:mm)?[\s_]*)?PRV[\s_]*"
    r"(?:(?P<after>\d{1,2}(?:[.,]\d)?)\s*(?P<unit>mm|cm)?(?![\d])|x{1,2}(?![a-z]))?",
    re.IGNORECASE,
)
LAST = re.compile(
    r"(?P<root>.*[A-Za-z)])[\s_+]*(?P<size>\d{1,2}(?=\s*[cm]m)|\d\d|[35])[\s_]*(?P<unit>mm|cm)?",
    re.IGNORECASE,
)
"""`PRV cord 5`: the margin at the end of a name that begins with PRV."""
GROWTH = re.compile(
    r"(?P<root>.*?[A-Za-z)])(?:[\s_]*(?:\+|plus)[\s_]*(?:(?P<cm>0?[.,]\d|1)[\s_]?cm"
    r"|(?P<plus>\d{1,2})(?:[\s_]*mm)?)|[\s_]+(?P<apart>\d{1,2})[\s_]?mm)",
    re.IGNORECASE,
)
EXPANDED = re.compile(
    r"(?<![A-Za-z])(?:expanded|expand|exp|expd|grown|grow)(?![A-Za-z])", re.IGNORECASE
)
"""`expanded cord 5 mm`: says what a plus says."""
SPATIAL = re.compile(r"_(?:[LRAPISM]|RUL|RML|RLL|LUL|LLL|NAdj|Dist|Prox)$")
NOT_SPATIAL = {"VB_L", "VB_S", "VB_C", "VB_T"}


@dataclass(frozen=True)
class Margin:
    """A planning risk volume's margin in mm; None if the name does not say it."""

    millimetres: int | None


def take_prv(text: str) -> tuple[str, Margin | None]:
    """Return the name without its PRV part, and the margin; None if it names no PRV."""
    found = PRV.search(text) if "prv" in text.lower() else None
    if not found:
        return text, None
    number, unit = found["after"] or found["before"], found["unit"]
    rest = f"{text[: found.start()].rstrip(' _-')} {text[found.end() :].lstrip(' _-')}".strip()
    last = LAST.fullmatch(rest) if number is None and found.start() == 0 else None
    if last:
        rest, number, unit = last["root"], last["size"], last["unit"]
    if number is None:
        return rest, Margin(None)
    size = float(number.replace(",", "."))
    if not size:  # `PRV0`: cut off behind its sixteenth letter
        return rest, Margin(None)
    return rest, Margin(round(size * 10 if (unit or "").lower() == "cm" else size))


def take_growth(text: str) -> tuple[str, Margin | None]:
    """Return a name without the margin at its end (`cord+5mm`, `stem 3 mm`), and the margin."""
    if text.isalpha():
        return text, None
    found = GROWTH.fullmatch(EXPANDED.sub(" ", text).strip(" _-"))
    if not found:
        return text, None
    if found["cm"]:
        return found["root"], Margin(round(float(found["cm"].replace(",", ".")) * 10))
    return found["root"], Margin(int(found["plus"] or found["apart"]))


def with_prv(name: str, margin: Margin) -> str:
    """Write the margin into a standard name: `Lens_L`, 7 mm -> `Lens_PRV07_L`."""
    side = None if name in NOT_SPATIAL else SPATIAL.search(name)
    root, end = (name[: side.start()], side[0]) if side else (name, "")
    if margin.millimetres is None:
        return f"{root}_PRV{end}"
    long = f"{root}_PRV{margin.millimetres:02d}{end}"
    if len(long) > LONGEST_NAME and margin.millimetres < 10:
        return f"{root}_PRV{margin.millimetres}{end}"
    return long

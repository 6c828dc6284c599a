"""What surrounds the root of a name: PRV margin, partial mark, custom qualifier."""

import re
from typing import NamedTuple

from harmonizer.domain.nomenclature.margins import NOT_SPATIAL, SPATIAL, Margin, take_prv, with_prv

GROWN = re.compile(r"[+]\s*\d")
JOINED = re.compile(r"[A-Za-z]{3,}\)?\s*[+&]\s*\(?[A-Za-z]{3,}")
GUIDELINE = re.compile(
    r"[\s_\-(]*(?<![A-Za-z])"
    r"(ESTRO|ACROP|RTOG|NRG|RADCOMP|DAHANCA|DBCG|EORTC|GORTEC|TROG|DEGRO|EPTN)"
    r"(?![A-Za-z])[\s_\-)]*",
    re.IGNORECASE,
)
"""Groups that publish contouring guidelines, as names mention them."""
COPY = re.compile(r"(?<=\S)\s*\(\d{1,2}\)\s*$")
"""`Heart (1)`: how planning systems tell a copy from its original."""
COPIED = 0.1
UNCERTAIN_GROWTH = UNCERTAIN_UNION = 0.3


class Decoration(NamedTuple):
    """The parts that the standard writes around a structure's root.

    `doubt` lowers certainty; `union`: a sign joins two words, so two structures may be meant.
    """

    margin: Margin | None = None
    partial: bool = False
    qualifier: str = ""
    doubt: float = 0.0
    union: bool = False

    def written(self, name: str) -> str:
        """Write the parts into a standard name: `Lung_L`, partial -> `Lung~_L`."""
        if self.margin:
            name = with_prv(name, self.margin)
        if self.partial:
            side = None if name in NOT_SPATIAL else SPATIAL.search(name)
            name = f"{name[: side.start()]}~{side[0]}" if side else f"{name}~"
        return f"{name}^{self.qualifier}" if self.qualifier else name


NO_DECORATION = Decoration()


def take_guideline(text: str) -> tuple[str, str]:
    """Return a plain name without the contouring guideline that it says, and the guideline."""
    found = GUIDELINE.search(text)
    if not found:
        return text, ""
    return f"{text[: found.start()]} {text[found.end() :]}".strip(), found[1].upper()


def take_decoration(text: str) -> tuple[str, Decoration]:
    """Return a plain name without its decoration, and the decoration."""
    bare, _, qualifier = text.partition("^")
    bare, copies = COPY.subn("", bare)
    partial = "~" in bare
    joins = "+" in bare or "&" in bare
    union = joins and bool(JOINED.search(bare))
    doubt = UNCERTAIN_UNION if union or "?" in bare else 0.0
    grown = joins and GROWN.search(bare)
    bare, margin = take_prv(bare.replace("~", " "))
    doubt += UNCERTAIN_GROWTH if grown and not margin else 0.0
    doubt += COPIED if copies else 0.0
    return bare.strip(), Decoration(margin, partial, qualifier.strip(), doubt, union)

"""Names that speak of a target volume: a target, a boolean with an organ, or a planning aid."""

import re
from collections.abc import Iterable, Sequence

from harmonizer.domain.nomenclature.answers import (
    AUTO_BAR,
    aid,
    suggested_name,
    unmapped_name,
)
from harmonizer.domain.nomenclature.catalogue import Catalogue
from harmonizer.domain.nomenclature.folding import key, tokens
from harmonizer.domain.nomenclature.margins import PRV
from harmonizer.domain.nomenclature.model import Context, Kind, Mapping, Status
from harmonizer.domain.nomenclature.reading import Reader, Reading
from harmonizer.domain.nomenclature.senses import SIDES
from harmonizer.domain.nomenclature.targets import KEPT_WORDS, find_type, parse_target
from harmonizer.domain.nomenclature.wording import helper_reason

VARIANT = "!variant"
GROWN = re.compile(r"[+]\s*\d")
TARGET_WORDS = frozenset({"gy", "cgy", "eval", "evaluation", "in"})
"""Words that mark an aid beside an organ, and are part of a target's name."""
TARGET_READ = 0.98
TARGET_WITH_UNREAD_WORDS = 0.85
DERIVED_READ = 0.9
SHORTEST_ORGAN = 3
NODE_CATEGORY, SHORTEST_REGION = "ln", 6
ORGANS = frozenset({"LN", "SV"})
CUT = re.compile(r"[-+&/]")
NODES_AS_LISTED = re.compile(r"LN(?:_[A-Z][a-z]+)+(?:_[LR])?")
"""`LN_Inguinal`: nodes that a target may name although the list has other words for them."""
TUMOUR_SITES = (
    "Prostate",
    "SeminalVes",
    "Breast",
    "Chestwall",
    "LN",
    "TumorBed",
    "Cervix",
    "Uterus",
)
"""`Prostate PTV` is a target; `Rectum PTV` is what both have in common."""
WITHOUT = re.compile(
    r"(.+?)(?:[\s_]*-[\s_]*|[\s_]+"
    r"(?:minus|less|not|no|excl|excluding|without|ohne|sans|hors|utan|uden|uten|zonder|senza|ilman)"
    r"[\s_]+)(GTV|CTV|ITV|PTV)s?",
    re.IGNORECASE,
)
TWO_TARGETS = re.compile(
    r"[GCIP]TV[A-Za-z]*[\s_]*\d*(?:[.,]\d+)?(?:[\s_]*c?Gy)?[\s_]*(?:-|minus|sub|without)[\s_]*[GCIP]TV",
    re.IGNORECASE,
)
"""`PTV60-PTV50`, `PTV-CTV`."""
WITHOUT_GLUED = re.compile(r"(.{3,}?)(?:minus|min|non|not)(GTV|CTV|ITV|PTV)", re.IGNORECASE)
SHARED = re.compile(r"(?<![A-Za-z])(?:in|near|non|within)(?![A-Za-z])", re.IGNORECASE)


class TargetNames:
    """Reads names of target volumes by one list and one dictionary."""

    def __init__(self, catalogue: Catalogue, reader: Reader) -> None:
        self._catalogue = catalogue
        self._reader = reader
        self._regions = _regions(structure.name for structure in catalogue.structures)

    def match(self, raw: str, text: str, context: Context) -> Mapping:
        """Map a plain name in which a type of target was found."""
        said = _without_type(text).partition("^")[0]
        readings = self._reader.read(tokens(said), context.languages)
        if TWO_TARGETS.search(text):
            return aid(raw, "one target less another: a boolean of the two")
        if PRV.search(text):
            return aid(raw, "a target and a planning risk volume together")
        marks = strongest_marks(readings, TARGET_WORDS, guessed=False)
        if marks or GROWN.search(text):
            return aid(raw, helper_reason(text, marks or ("+",)))
        derived = self._derived(raw, text, context)
        if derived:
            return derived
        target = parse_target(text, lambda part: self._part_of_target(part, context), self._side_of)
        if target is None:
            return unmapped_name(raw, "speaks of a target, but its parts cannot be read")
        unsure = target.qualifier or target.in_doubt
        certainty = TARGET_WITH_UNREAD_WORDS if unsure else TARGET_READ
        return Mapping(
            number=0,
            raw_name=raw,
            tg263_name=target.name(),
            status=Status.SUGGESTED,
            confidence=certainty,
            auto=certainty >= AUTO_BAR,
            kind=Kind.TARGET,
            reason=target.described(),
        )

    def organ_without_target(self, raw: str, text: str, context: Context) -> Mapping | None:
        """Return the list's name of an organ less a target: `lungs minus GTV` = Lungs-GTV."""
        found = WITHOUT.fullmatch(text) or WITHOUT_GLUED.fullmatch(text)
        if not found:
            return None
        organs = (self._names_organ(f"{found[1]}{both}", context) for both in ("", " both"))
        organ = next(filter(None, organs), None)
        listed = self._catalogue.named(f"{organ}-{found[2].upper()}")
        if not listed:
            return None
        reason = f"{organ} without {found[2].upper()}"
        return suggested_name(raw, listed.name, DERIVED_READ, reason)

    def _derived(self, raw: str, text: str, context: Context) -> Mapping | None:
        """Judge an organ and a target in one name: a boolean, which the list has names for."""
        found = find_type(text)
        before = text[: found.start()] if found else ""
        if not found or not (
            self._speaks_of_organ(before, context)
            or self._cuts(text, context)
            or self._shares_with_organ(text, context)
        ):
            return None
        if before.strip(" _-").lower() in KEPT_WORDS:
            return None
        organ = self._names_organ(before.rstrip(" _-"), context)
        if organ and organ.startswith(TUMOUR_SITES) and not CUT.search(text):
            return None
        return aid(raw, "an organ and a target together: a boolean of the two")

    def _cuts(self, text: str, context: Context) -> bool:
        """Whether an organ follows a sign: `PTV-Rectum`."""
        parts = CUT.split(text)[1:]
        return any(self._speaks_of_organ(p, context) for p in parts if not find_type(p))

    def _shares_with_organ(self, text: str, context: Context) -> bool:
        """Whether the part of an organ that lies in the target is meant: `bladder in PTV`."""
        parts = SHARED.split(_without_type(text))
        return len(parts) > 1 and any(self._speaks_of_organ(part, context) for part in parts)

    def _speaks_of_organ(self, text: str, context: Context) -> bool:
        """Whether every word of a part is known and at least one is anatomy, not only a side."""
        if len(text.strip(" _-")) < SHORTEST_ORGAN:
            return False
        return any(
            not (reading.unknown or reading.marks or reading.is_guessed)
            and len(reading.anatomy - SIDES) > 0
            for reading in self._reader.read(tokens(text), context.languages)
            if any(not s.word.isdigit() and len(s.word) > 2 for s in reading.senses)
        )

    def _part_of_target(self, text: str, context: Context) -> str | None:
        """Return the organ that a target names: `Breast_L`, `Liver_R` where no such row exists."""
        words = tokens(text)
        if (
            len(text.strip(" _-")) < SHORTEST_ORGAN
            and len(words) < 2
            and text.upper() not in ORGANS
        ):
            return None
        if len(words) == 1 and any(c.isdigit() for c in text):
            return None
        region = self._node_region(words)
        if region:
            return region
        if NODES_AS_LISTED.fullmatch(text) and self._names_organ(text, context):
            return text
        whole = self._names_organ(text, context) or self._without_side(text, context)
        if whole or len(words) < 2 or words[-1] not in {"l", "r"}:
            return whole
        root = self._names_organ(" ".join(words[:-1]), context)
        return f"{root}_{words[-1].upper()}" if root else None

    def _side_of(self, word: str) -> str | None:
        """Return `L` or `R` for a word that is always read as a side: `dx`, `li`, `oik`."""
        sides = {
            letter
            for reading in self._reader.read((word.lower(),))
            for letter in ("left", "right")
            if reading.anatomy == {letter} and not reading.unknown and not reading.is_guessed
        }
        return sides.pop()[0].upper() if len(sides) == 1 else None

    def _node_region(self, words: Sequence[str]) -> str | None:
        """Return the nodes of a region as the list begins their names: `LN_Neck_L`, `LN_Ax_L2`."""
        if len(words) < 2 or words[0] != NODE_CATEGORY:
            return None
        side = f"_{words[-1].upper()}" if words[-1] in {"l", "r"} else ""
        asked = "".join(words[:-1] if side else words)
        region = self._regions.get(asked)
        if not region and len(asked) >= SHORTEST_REGION:
            begun = {name for key, name in self._regions.items() if key.startswith(asked)}
            region = min(begun, key=len, default=None)
        return f"{region}{side}" if region else None

    def _without_side(self, text: str, context: Context) -> str | None:
        """Return the root of a paired organ that a target names without its side: `Breast`."""
        left = self._names_organ(f"{text} L", context)
        return left.removesuffix("_L") if left and left.endswith("_L") else None

    def _names_organ(self, text: str, context: Context) -> str | None:
        """Return the structure that a part of a name means, if it means exactly one."""
        words = tokens(text)
        if not words:
            return None
        named = self._catalogue.named(text.strip(" _-"))
        if named:
            return named.name
        for reading in self._reader.read(words, context.languages):
            found = self._catalogue.meaning(reading.anatomy)
            if found and not (reading.unknown or reading.marks or reading.is_guessed):
                return found.name
        return None


def _regions(names: Iterable[str]) -> dict[str, str]:
    """Return by key the beginnings of the list's names of nodes, without a side."""
    found = {}
    for name in names:
        parts = name.split("_")
        if parts[0].lower() == NODE_CATEGORY:
            ends = len(parts) - (parts[-1] in {"L", "R"})
            for end in range(2, ends + 1):
                region = "_".join(parts[:end])
                found[key(region)] = region
    return found


def strongest_marks(
    readings: Sequence[Reading], allowed: frozenset[str] = frozenset(), guessed: bool = True
) -> tuple[str, ...]:
    """Return the words that mark an aid; words that only tell copies apart do not."""
    for reading in readings:
        marks = tuple(
            sense.word
            for sense in reading.marks
            if not sense.concepts <= {VARIANT, "pair"}
            and sense.word not in allowed
            and (guessed or not sense.is_guessed)
        )
        if marks:
            return marks
    return ()


def _without_type(text: str) -> str:
    """Return a target's name without its type, as what else it says."""
    found = find_type(text)
    return text if found is None else f"{text[: found.start()]} {text[found.end() :]}"

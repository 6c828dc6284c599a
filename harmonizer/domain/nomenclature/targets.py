"""Target volumes: parse a name into its parts and write it as the standard orders them.

`TYPE[classifier][number][_imaging][_structure][_dose][-crop][^qualifier]` (report, section 8.2).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from harmonizer.domain.nomenclature.margins import LONGEST_NAME

TYPE = re.compile(
    r"(?:(?<![A-Za-z]{3})|(?-i:(?<=[a-z])(?=[A-Z]{3})))(IGTV|ICTV|GTV|CTV|ITV|PTV)", re.IGNORECASE
)
"""Behind an organ only in capitals: `ProstateCTV`."""
CLASSIFIER = re.compile(
    r"(?:(vas)|[\s_\-]?(sb|par|[pnvt]))(?=$|[\d\s_\-+!^]|(?-i:(?<=[a-z])[A-Z]))", re.IGNORECASE
)
PRIMARY = {"t": "p"}
"""`T` for the primary tumour is common; the standard's letter is p."""
NUMBER = re.compile(r"[\s_\-]?(\d{1,2})(?![\d.,]|p\d|\s?(?:c?gy|mm|cm)|x\d)", re.IGNORECASE)
LARGEST_NUMBER = 19
LARGEST_CROP_MM = 20
ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4"}
IMAGING = re.compile(
    r"(?:(?:CT|PE?T|MRI?|SP)\d{1,2}(?!\d)|(?<![A-Za-z])(?:CT|PE?T|MRI?)(?![A-Za-z\d]))",
    re.IGNORECASE,
)
MODALITIES = {"PET": "PT", "MRI": "MR"}
DOSE = re.compile(
    r"(?P<dose>\d{1,5}(?:[.,p]\d{1,3})?)\s?(?P<unit>cgy|gy)?"
    r"(?:\s?[x*]\s?(?P<fractions>\d{1,2})(?:\s?fx)?)?(?![a-z\d])",
    re.IGNORECASE,
)
RELATIVE = re.compile(
    r"(high|hi|hr|mid|medium|intermediate|int|ir|low|lo|lr)[\s_\-]?(?:dose|risk)?[\s_]?(\d{2})?$",
    re.IGNORECASE,
)
LEVELS = {"h": "High", "m": "Mid", "i": "Mid", "l": "Low"}
"""By first letter: high, hi, hr (high risk); mid, int, ir; low, lo, lr."""
RISK = re.compile(
    r"(?<![A-Za-z])(high|hi|mid|medium|intermediate|int|low|lo)[\s_\-]?(?:dose|risk)", re.IGNORECASE
)
TOTAL_APART = re.compile(
    r"(?<![\d.])(\d{2}(?:[.,]\d{1,2})?)[\s_]*gy[\s_]+(\d{1,2})[\s_]?(?:fx|fr)(?![a-z\d])",
    re.IGNORECASE,
)
UNIT = re.compile(r"(\d)[\s_]+(c?gy)(?![a-z])", re.IGNORECASE)
FRACTIONS_FIRST = re.compile(
    r"(?<![\d.,])(\d{1,2})\s?[x*]\s?(\d{1,2}(?:[.,]\d{1,2})?)\s?gy", re.IGNORECASE
)
TOTAL = re.compile(
    r"(?<![\d.])(\d{2}(?:[.,]\d{1,2})?)(?:gy)?\s?/\s?(\d{1,2})(?:fx|fr|#)?(?!\d)", re.IGNORECASE
)
SPLIT = re.compile(r"[\s_/;]+|,(?!\d)")
CROP = re.compile(r"-\s?(\d{2}|\d(?=\s?mm))(?:\s?mm)?$")
WORD = re.compile(r"[^\s_,;:/()\[\]{}]+")
KEPT_WORDS = {
    "boost": "Boost",
    "bst": "Boost",
    "eval": "Eval",
    "preop": "Preop",
    "postop": "Postop",
    "tumorbed": "TumorBed",
    "tb": "TumorBed",
    **dict.fromkeys(("total", "tot", "totale", "totaal", "gesamt", "yht", "samlet"), "Total"),
    **dict.fromkeys(("imn", "imns", "imc"), "IMN"),
}
SIDES = {"l": "L", "r": "R", "lt": "L", "rt": "R", "left": "L", "right": "R"}
NODE = re.compile(r"(?:ln|lk|nodes?)(\d{1,2})", re.IGNORECASE)
BOOSTED = re.compile(r"b(?:oo)?st(\d{1,2}(?:[.,]\d)?)(gy)?", re.IGNORECASE)
SMALLEST_BOOST_GY = 5
DECIGRAYS = 200, 800
"""A bare number of three digits from here to there is dGy, as Sweden writes; 800 is 8 Gy once."""
SMALLEST_CGY_ALONE = 800
SMALLEST_CGY_PER_FX = 100
ROUNDING = 1e-6
PRIMARY_WORDS = frozenset(
    {"primary", "prim", "primaer", "primaire", "primaertumor", "primar", "primaarikasvain"}
    | {"tumor", "tumour", "tumeur", "tumore", "tuumori", "kasvain", "svulst"}
)
"""The primary tumour, as German, French, Italian, Finnish and the north call it too."""


@dataclass(frozen=True)
class Target:
    """A target's parts. `dose` is as written: `5040` (cGy), `50.4Gy`, `High`, `2000x3`.

    `in_doubt`: the dose was taken for one in dGy.
    """

    type: str
    segmented: bool = False
    classifier: str = ""
    number: str = ""
    imaging: str = ""
    structure: str = ""
    dose: str = ""
    crop: str = ""
    qualifier: str = ""
    in_doubt: bool = False

    def name(self) -> str:
        """Write the parts in the standard's order; drop underscores where it exceeds 16."""
        head = self.type + ("!" if self.segmented else "") + self.classifier + self.number
        tail = (f"-{self.crop}" if self.crop else "") + (
            f"^{self.qualifier}" if self.qualifier else ""
        )
        parts = [p for p in (self.imaging, self.structure, self.dose) if p]
        text = "_".join([head, *parts]) + tail
        while len(text) > LONGEST_NAME and "_" in text:
            text = text.replace("_", "", 1)
        return text

    def described(self) -> str:
        """Return the parts in words."""
        parts = {
            "type": self.type,
            "segmented": "yes" if self.segmented else "",
            "classifier": self.classifier,
            "number": self.number,
            "imaging": self.imaging,
            "structure": self.structure,
            "dose": self.dose + (" (written in dGy, it seems)" if self.in_doubt else ""),
            "crop from skin, mm": self.crop,
            "qualifier": self.qualifier,
        }
        return "target: " + ", ".join(f"{k} {v}" for k, v in parts.items() if v)


StructureReader = Callable[[str], str | None]
"""Gives the standard name of an organ that a target names, None if it is none."""
SideReader = Callable[[str], str | None]
"""Gives `L` or `R` for a word that means a side in some language."""


def latin_side(word: str) -> str | None:
    """Return the side that a word means in Latin and English."""
    return SIDES.get(word.lower())


def find_type(text: str) -> re.Match[str] | None:
    """Return where a plain name speaks of a target volume."""
    return TYPE.search(text)


def parse_target(
    text: str, structure_of: StructureReader, side_of: SideReader = latin_side
) -> Target | None:
    """Parse a plain name; None if it names no target volume."""
    found = find_type(text)
    if not found:
        return None
    target = Target(found[1].upper())
    before, rest = text[: found.start()], text[found.end() :]
    rest, _, qualifier = rest.partition("^")
    if rest.startswith("!"):
        target, rest = replace(target, segmented=True), rest[1:]
    target, rest = _head(target, rest)
    crop = CROP.search(rest)
    if crop and int(crop[1]) <= LARGEST_CROP_MM:
        target, rest = replace(target, crop=f"{int(crop[1]):02d}"), rest[: crop.start()]
    if rest.endswith("!"):
        target, rest = replace(target, segmented=True), rest[:-1]
    target, leftover = _body(target, f"{rest} {before}".strip(), structure_of, side_of)
    return replace(target, qualifier=qualifier.strip() or "".join(leftover))


def _head(target: Target, rest: str) -> tuple[Target, str]:
    """Take the classifier and the number that follow the type."""
    letter = CLASSIFIER.match(rest)
    if letter:
        small = (letter[1] or letter[2]).lower()
        target, rest = replace(target, classifier=PRIMARY.get(small, small)), rest[letter.end() :]
    number = NUMBER.match(rest)
    if number and int(number[1]) <= LARGEST_NUMBER and not _is_crop(rest):
        target, rest = replace(target, number=str(int(number[1]))), rest[number.end() :]
    return target, rest


def _is_crop(rest: str) -> bool:
    return bool(re.match(r"-\d{2}$", rest))


def _body(
    target: Target, rest: str, structure_of: StructureReader, side_of: SideReader
) -> tuple[Target, list[str]]:
    """Take imaging, dose and structure from the words that follow; what is left qualifies."""
    rest = RISK.sub(r"\1", rest)
    rest = TOTAL_APART.sub(_per_fraction, rest)
    rest = TOTAL.sub(_per_fraction, FRACTIONS_FIRST.sub(r"\2Gyx\1", UNIT.sub(r"\1\2", rest)))
    imaging = "".join(_modality(m.upper()) for m in IMAGING.findall(rest))
    rest = IMAGING.sub(" ", rest)
    target = replace(target, imaging=imaging)
    rest = rest.strip(" _-+")
    whole = KEPT_WORDS.get(rest.lower()) or side_of(rest)
    if not whole and rest not in ROMAN and rest.lower() not in PRIMARY_WORDS:
        whole = structure_of(rest) if rest else None
    if whole:
        return replace(target, structure=whole), []
    words: list[str] = []
    for word in SPLIT.split(rest):
        target, used = _take_word(target, word.strip("-+,;:()[]"))
        if not used and word.strip("-+,;:()[]"):
            words.append(word.strip("-+,;:()[]"))
    return _named(target, words, structure_of, side_of)


def _named(
    target: Target, words: list[str], structure_of: StructureReader, side_of: SideReader
) -> tuple[Target, list[str]]:
    """Take the organ, or at least the side, from the words that are left; the rest qualifies."""
    if target.structure or not words:
        return target, [word for word in words if WORD.fullmatch(word)]
    sides = [side for word in words if (side := side_of(word))]
    others = [word for word in words if not side_of(word)]
    organ = structure_of(" ".join(words))
    if not organ and len(sides) == 1 and others and (root := structure_of(" ".join(others))):
        organ = f"{root}_{sides[0]}"
    if organ:
        return replace(target, structure=organ), []
    structure = sides[0] if sides else ""
    left = others if sides else words
    return replace(target, structure=structure), [word for word in left if WORD.fullmatch(word)]


def _modality(said: str) -> str:
    """Return the standard's letters: PET2 is PT2."""
    letters = said.rstrip("0123456789")
    return MODALITIES.get(letters, letters) + said[len(letters) :]


def _take_word(target: Target, word: str) -> tuple[Target, bool]:
    relative = RELATIVE.fullmatch(word)
    if relative and not target.dose:
        level = LEVELS[relative[1][0].lower()]
        return replace(target, dose=level + (relative[2] or "")), True
    dose = DOSE.fullmatch(word)
    if dose and not target.dose:
        written = _dose(dose)
        if written:
            return replace(target, dose=written, in_doubt=_is_decigray(dose)), True
        if not target.number and int(float(dose["dose"].replace(",", ".").replace("p", "."))) > 0:
            return replace(target, number=dose["dose"]), True
    if word in ROMAN and not target.number:
        return replace(target, number=ROMAN[word]), True
    if word.lower() in PRIMARY_WORDS and not target.classifier:
        return replace(target, classifier="p"), True
    node = NODE.fullmatch(word)
    if node and not (target.classifier or target.number):
        return replace(target, classifier="n", number=str(int(node[1]))), True
    boost = BOOSTED.fullmatch(word)
    if boost and not target.structure:
        return _boosted(target, boost[1], bool(boost[2])), True
    if word.lower() in {"n", "p"} and not target.classifier:
        return replace(target, classifier=word.lower()), True
    kept = KEPT_WORDS.get(word.lower())
    if kept and not target.structure:
        return replace(target, structure=kept), True
    return target, word.lower() in {"gy", "cgy", ""}


def _boosted(target: Target, number: str, in_gy: bool) -> Target:
    """Read what is written at a boost: its number, or from five on its dose in Gy."""
    boosted = replace(target, structure="Boost")
    amount = float(number.replace(",", "."))
    if not in_gy and amount < SMALLEST_BOOST_GY:
        return replace(boosted, number=number)
    return replace(boosted, dose=f"{round(amount * 100)}") if not target.dose else boosted


def _per_fraction(total: re.Match[str]) -> str:
    """Write `60/30`, Gy in fractions, as dose per fraction in cGy and fractions: `200x30`."""
    fractions = int(total[2])
    dose = float(total[1].replace(",", ".")) * 100 / fractions if fractions else 0.0
    return f"{dose:.0f}x{fractions}" if dose and abs(dose - round(dose)) < ROUNDING else total[0]


def _is_decigray(found: re.Match[str]) -> bool:
    """Whether a dose is a bare number of three digits that is one of dGy."""
    bare = not found["unit"] and not found["fractions"] and found["dose"].isdigit()
    return bare and DECIGRAYS[0] <= int(found["dose"]) < DECIGRAYS[1]


def _dose(found: re.Match[str]) -> str:
    """Write a dose: Gy stays where the name says so, a bare number of Gy becomes cGy."""
    amount = float(found["dose"].replace(",", ".").replace("p", "."))
    fractions = f"x{int(found['fractions'])}" if found["fractions"] else ""
    unit = (found["unit"] or "").lower()
    if unit == "gy":
        return f"{amount:g}Gy{fractions}"
    least = SMALLEST_CGY_PER_FX if fractions else SMALLEST_CGY_ALONE
    if unit == "cgy" or amount >= least:
        return f"{amount:g}{fractions}"
    if _is_decigray(found):
        return f"{round(amount * 10)}"
    if amount > LARGEST_NUMBER or fractions or "." in found["dose"]:
        return f"{round(amount * 100)}{fractions}"
    return ""

"""What hospitals hang on a name: who drew it, its version, its date."""

import re

SUFFIX = re.compile(
    r"(?P<root>.*[A-Za-z)])[\s_\-.(\[]+"
    r"(?P<suffix>(?P<initials>[A-Za-z]{2,3})|v\.?\d{1,2}|rev\.?\d?|\d{6}|\d{8}"
    r"|\d{1,2}[.\-]\d{1,2}[.\-]\d{2,4}|\d{1,2}[A-Za-z]{3}\d{2,4})[)\]]?",
    re.IGNORECASE,
)
SIDE_AND_TWO = 3
FRENCH_PRV = re.compile(r"(?<![A-Za-z])pv(?![A-Za-z])", re.IGNORECASE)
"""`pv moelle`: also a planning risk volume in French; elsewhere the portal vein."""


def take_suffix(text: str) -> tuple[str, str, bool] | None:
    """Return a name without what hangs on it, what hangs on it, and whether these are initials."""
    found = SUFFIX.fullmatch(text.strip())
    return (found["root"], found["suffix"], bool(found["initials"])) if found else None


def side_and_initials(root: str, suffix: str) -> tuple[tuple[str, str], ...]:
    """Read `lag` behind a root as the left side and a person's initials."""
    sided = len(suffix) == SIDE_AND_TWO and suffix[0] in "lr"
    return ((f"{root} {suffix[0]}", suffix[1:]),) if sided else ()


def without_french_prv(text: str) -> str | None:
    """Return a name without `pv`; None where it has none, or nothing else."""
    if "pv" not in text.lower():
        return None
    rest, found = FRENCH_PRV.subn(" ", text)
    return rest.strip(" _-") or None if found else None

"""The matcher: from a written name to a standard one, with its certainty and the reason in words.

Order of questions: is it the standard name itself; a target volume; a planning aid; and if none of
these, which structure do all the words together mean. Only a name of which every word is explained,
and whose words mean exactly one structure, is certain enough to be applied unseen.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from harmonizer.domain.nomenclature.answers import (
    aid,
    exact_name,
    suggested_name,
    unmapped_name,
)
from harmonizer.domain.nomenclature.catalogue import Catalogue
from harmonizer.domain.nomenclature.certainty import cut_off, forgiven, vagueness
from harmonizer.domain.nomenclature.decoration import Decoration, take_decoration, take_guideline
from harmonizer.domain.nomenclature.folding import plain, tokens
from harmonizer.domain.nomenclature.lexicon import Lexicon
from harmonizer.domain.nomenclature.margins import Margin, take_growth
from harmonizer.domain.nomenclature.model import (
    Context,
    Kind,
    Mapping,
    Nomenclature,
    RoiName,
    Status,
    Structure,
)
from harmonizer.domain.nomenclature.ranking import Candidate, alternatives, rank
from harmonizer.domain.nomenclature.reading import DOUBT, Reader, Reading
from harmonizer.domain.nomenclature.suffixes import (
    side_and_initials,
    take_suffix,
    without_french_prv,
)
from harmonizer.domain.nomenclature.target_names import (
    VARIANT,
    TargetNames,
    strongest_marks,
)
from harmonizer.domain.nomenclature.targets import find_type
from harmonizer.domain.nomenclature.wording import (
    blank_reason,
    helper_reason,
    reading_reason,
    type_reason,
)

AT_RISK = re.compile(r"[Oo][_\-.]+(?=[A-Za-z]{3})|OAR(?=[a-z]{3})")
MATCHER_VERSION = "4"
LEAST_NAMED, MOST_GUESSED = 0.3, 0.9
LONGEST_READ = 256
MOST_REMEMBERED = 100_000
PRV_OF_STANDARD, PRV_OF_SURFACE = 0.985, 0.8
SURFACES = frozenset({"Skin", "Body", "External"})
"""What surrounds the body: a margin around it is a planning aid more often than a PRV."""
GROWN_ORGAN = 0.8
SIDE_MOVED = 0.985
SUFFIXED = 0.09
"""What a name loses on which initials, a version or a date hang."""
MAYBE_MARKED = 0.1
EXACT_BUT_TYPE = 0.9
SAYS_LITTLE = frozenset({"pair", "whole"})
"""Concepts that a structure's name may carry although the list has no row for it."""
NO_CONTEXT = Context()
AID_TYPES = frozenset(
    {"BOLUS", "SUPPORT", "FIXATION", "MARKER", "REGISTRATION", "ISOCENTER", "CONTRAST_AGENT"}
    | {"DOSE_REGION", "DOSE_MEASUREMENT", "BRACHY_CHANNEL", "BRACHY_ACCESSORY", "BRACHY_SRC_APP"}
    | {"BRACHY_CHNL_SHLD"}
)
TARGET_TYPES = frozenset({"PTV", "CTV", "GTV", "TREATED_VOLUME", "IRRAD_VOLUME"})


class Matcher:
    """Maps names by one nomenclature. Keeps what it has learnt of words, so make it once."""

    def __init__(self, nomenclature: Nomenclature) -> None:
        self._catalogue = Catalogue(nomenclature.structures)
        self._reader = Reader(Lexicon((*nomenclature.words, *nomenclature.marks)))
        self._targets = TargetNames(self._catalogue, self._reader)
        self._known: dict[tuple[str, str | None, Context], Mapping] = {}

    def match(self, name: RoiName | str, context: Context = NO_CONTEXT) -> Mapping:
        """Map one name. Never raises for what a name contains."""
        roi = RoiName(0, name) if isinstance(name, str) else name
        known = (roi.name, roi.interpreted_type, context)
        if known not in self._known:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[known] = self._judged(roi, context)
        found = self._known[known]
        return found if found.number == roi.number else replace(found, number=roi.number)

    def structure_of(self, name: str) -> Structure | None:
        """Return the listed structure of a standard name without margin, part and qualifier."""
        by_name = self._catalogue.by_name
        return by_name.get(name) or self._catalogue.named(take_decoration(name)[0])

    def regions_of(self, mappings: Iterable[Mapping]) -> frozenset[str]:
        """Regions of the body that at least two certain organs lie in."""
        count: dict[str, int] = {}
        for mapping in mappings:
            structure = self._catalogue.by_name.get(mapping.tg263_name or "")
            if structure and mapping.auto and mapping.kind is Kind.ORGAN:
                count[structure.region] = count.get(structure.region, 0) + 1
        return frozenset(region for region, number in count.items() if number >= 2)

    def languages_of(self, names: Iterable[RoiName]) -> frozenset[str]:
        """Languages that at least two names of the set speak and that no Latin word explains."""
        count: dict[str, int] = {}
        for name in names:
            for reading in self._reader.read(tokens(plain(name.name[:LONGEST_READ])))[:1]:
                spoken = {
                    language
                    for sense in reading.senses
                    if len(sense.word) > 2 and not sense.doubtful and "la" not in sense.languages
                    for language in sense.languages
                }
                for language in spoken:
                    count[language] = count.get(language, 0) + 1
        return frozenset(language for language, number in count.items() if number >= 2)

    def _judged(self, roi: RoiName, context: Context) -> Mapping:
        """Map a name, then let its interpreted type speak."""
        mapping = self._mapped(roi.name, context)
        declared = (roi.interpreted_type or "").strip().upper()
        if mapping.kind is not Kind.ORGAN:
            return mapping
        if mapping.status is Status.EXACT:
            if declared not in AID_TYPES | TARGET_TYPES:
                return mapping
            reason = type_reason(declared, mapping.reason)
            return replace(mapping, confidence=EXACT_BUT_TYPE, auto=False, reason=reason)
        if declared in AID_TYPES:
            reason = type_reason(declared, mapping.reason)
            return aid(roi.name, reason)
        if declared in TARGET_TYPES:
            confidence = round(min(mapping.confidence, 0.6), 3)
            reason = type_reason(declared, mapping.reason)
            return replace(mapping, confidence=confidence, auto=False, reason=reason)
        return mapping

    def _mapped(self, raw: str, context: Context) -> Mapping:
        text, guideline = take_guideline(plain(raw[:LONGEST_READ]))
        mapping = self._read(raw, text, context)
        if not guideline:
            return mapping
        reason = f"{mapping.reason}; contoured by the {guideline} guideline"
        status = Status.SUGGESTED if mapping.status is Status.EXACT else mapping.status
        return replace(mapping, guideline=guideline, reason=reason, status=status)

    def _read(self, raw: str, text: str, context: Context) -> Mapping:
        if not any(c.isascii() and c.isalnum() for c in text):
            return unmapped_name(raw, blank_reason(raw))
        if "%" in text:
            return aid(raw, "a percentage marks a dose level; it gets no organ name")
        if text.startswith("_"):
            return aid(raw, helper_reason(text, ()))
        exact = self._catalogue.named(text)
        if exact:
            return exact_name(raw, exact.name, exact.kind)
        template = self._catalogue.template(text)
        if template:
            return exact_name(raw, template, Kind.HELPER)
        if self._is_prefixed(text):
            return aid(raw, helper_reason(text, ()))
        moved = self._catalogue.with_side_moved(text)
        if moved:
            reason = f"the standard name {moved.name}, its side written elsewhere"
            return suggested_name(raw, moved.name, SIDE_MOVED, reason)
        if "tv" in text.lower():
            without = self._targets.organ_without_target(raw, text, context)
            if without:
                return without
            if find_type(text):
                return self._targets.match(raw, text, context)
        return self._as_organ(raw, text, context)

    def _is_prefixed(self, text: str) -> bool:
        """Whether a `z` is put before a name to keep it out of evaluation."""
        if text[0] not in "zZ" or len(text) < 3:
            return False
        if not text[1].isalpha() or (text[0] == "z" and text[1].isupper()):
            return True
        words = tokens(text)
        whole = self._reader.read(words[:1])
        if not whole or not (whole[0].unknown or whole[0].is_guessed):
            return False
        rest = self._reader.read(tokens(text[1:])[:1])
        known = any(not (reading.unknown or reading.is_guessed) for reading in rest)
        return known or bool(find_type(text[1:]))

    def _as_organ(self, raw: str, text: str, context: Context) -> Mapping:
        bare, decoration = take_decoration(text)
        if decoration.margin and (standard := self._catalogue.named(bare)):
            certainty = PRV_OF_SURFACE if standard.name in SURFACES else PRV_OF_STANDARD
            reason = f"planning risk volume of {standard.name}"
            return suggested_name(raw, decoration.written(standard.name), certainty, reason)
        bare, readings = self._read_organ(bare, context)
        if decoration.margin:
            readings = [_of_the_cord(reading) for reading in readings]
        sure = self._sure(readings)
        if sure:
            name, reading = sure
            nearby = self._catalogue.by_name[name].region in context.regions
            vague = vagueness(reading, nearby, decoration.margin is not None)
            cost = reading.cost - forgiven(reading, context.languages) - cut_off(raw, reading)
            certainty = round(0.99 - cost - decoration.doubt - vague, 3)
            reason = reading_reason(reading, decoration)
            found = suggested_name(raw, decoration.written(name), certainty, reason)
            if self._catalogue.by_name[name].kind is Kind.HELPER:  # a device, such as a pacemaker
                return replace(found, kind=Kind.HELPER, status=Status.HELPER)
            if found.auto:
                return found
            others = self._candidates(tokens(bare), decoration, context)
            return replace(found, alternatives=alternatives(others, found.tg263_name))
        dressed = self._grown(raw, bare, decoration, context) or self._suffixed(
            raw, bare, decoration, context
        )
        if dressed:
            return dressed
        marks = strongest_marks(readings)
        if marks and not self._explained_without(readings):
            others = self._candidates(tokens(bare), decoration, context)
            return aid(raw, helper_reason(text, marks), others)
        return self._guessed(raw, tokens(bare), decoration, context)

    def _read_organ(self, bare: str, context: Context) -> tuple[str, list[Reading]]:
        """Return a name's readings; `O_Cord` without the letter that marks an organ at risk.

        Unless that letter is read: in Finnish it is the right side.
        """
        readings = self._reader.read(tokens(bare), context.languages)
        marked = AT_RISK.match(bare)
        if marked and all(reading.unknown for reading in readings):
            bare = bare[marked.end() :]
            readings = self._reader.read(tokens(bare), context.languages)
        return bare, [_placed(reading, context) for reading in readings]

    def _grown(
        self, raw: str, bare: str, decoration: Decoration, context: Context
    ) -> Mapping | None:
        """Read `cord + 5 mm`: a planning risk volume most often, but a curator decides."""
        root, margin = take_growth(bare)
        french = without_french_prv(bare) if margin is None else None
        if french:
            root, margin = french, Margin(None)
        if margin is None or decoration.margin:
            return None
        sure = self._sure(self._reader.read(tokens(root), context.languages))
        if not sure or sure[0] in SURFACES or (french and not _is_french(sure[1])):
            return None
        named = decoration._replace(margin=margin)
        reason = reading_reason(sure[1], named)
        return suggested_name(raw, named.written(sure[0]), GROWN_ORGAN - sure[1].cost, reason)

    def _suffixed(
        self, raw: str, bare: str, decoration: Decoration, context: Context
    ) -> Mapping | None:
        """Read a name on which initials, a version or a date hang; a curator decides."""
        hung = take_suffix(bare)
        if not hung or (hung[2] and not self._is_unknown(hung[1])):
            return None
        sure = self._sure(self._reader.read(tokens(hung[0]), context.languages))
        if not sure:
            return None
        named = decoration._replace(doubt=decoration.doubt + SUFFIXED)
        reason = f"{reading_reason(sure[1], decoration)}; '{hung[1]}' hangs on it"
        certainty = round(0.99 - named.doubt - sure[1].cost - vagueness(sure[1], False), 3)
        others = self._candidates(tokens(hung[0]), decoration, context)
        return suggested_name(raw, named.written(sure[0]), certainty, reason, others)

    def _is_unknown(self, word: str) -> bool:
        """Whether a word means nothing in any language that speaks for itself."""
        return not self._reader.knows(word.lower())

    def signed(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return a name without a person's initials behind it, and these, in every way it reads."""
        hung = take_suffix(plain(name[:LONGEST_READ]))
        if not hung or not hung[2]:
            return ()
        root, initials = hung[0], hung[1].lower()
        plainly = ((root, initials),) if self._is_unknown(initials) else ()
        return plainly + side_and_initials(root, initials)

    def _explained_without(self, readings: Sequence[Reading]) -> bool:
        """Whether a reading whose only marks tell copies apart means a structure."""
        return any(
            not reading.unknown
            and all(mark.concepts <= {VARIANT} for mark in reading.marks)
            and self._catalogue.meaning(reading.anatomy) is not None
            for reading in readings
        )

    def _sure(self, readings: Sequence[Reading]) -> tuple[str, Reading] | None:
        """Return the reading that explains every word and means one structure."""
        found: dict[str, Reading] = {}
        for reading in readings:
            if reading.unknown or reading.marks:
                continue
            structure = self._catalogue.meaning(reading.anatomy)
            for concept in SAYS_LITTLE & reading.anatomy if not structure else ():
                structure = structure or self._catalogue.meaning(reading.anatomy - {concept})
            if structure and (
                structure.name not in found or found[structure.name].cost > reading.cost
            ):
                found[structure.name] = reading
        if not found:
            return None
        ranked = sorted(found.items(), key=lambda item: (item[1].cost, -len(item[1].anatomy)))
        name, best = ranked[0]
        doubt = 0.0 if len(ranked) == 1 or len(ranked[1][1].anatomy) < len(best.anatomy) else 0.25
        if any(reading.marks and self._means(reading) == name for reading in readings):
            doubt = max(doubt, MAYBE_MARKED)  # `optic chiasm opt`: a word more than it needs
        return name, best._replace(cost=best.cost + doubt)

    def _means(self, reading: Reading) -> str | None:
        """Return the structure that all the anatomy of a reading means."""
        found = None if reading.unknown else self._catalogue.meaning(reading.anatomy)
        return found.name if found else None

    def _guessed(
        self, raw: str, words: Sequence[str], decoration: Decoration, context: Context
    ) -> Mapping:
        """Rank what shares words with the name; for a curator to choose from."""
        candidates = self._candidates(words, decoration, context)
        if not candidates or candidates[0].score < LEAST_NAMED:
            return unmapped_name(raw, "no word that names a structure", candidates)
        first, *rest = candidates
        reason = reading_reason(first.reading, decoration, first.guess)
        return suggested_name(raw, first.name, min(first.score, MOST_GUESSED), reason, rest)

    def _candidates(
        self, words: Sequence[str], decoration: Decoration, context: Context
    ) -> list[Candidate]:
        readings = self._reader.read(words, context.languages, loose=True)
        placed = [_placed(reading, context) for reading in readings]
        if decoration.margin:
            placed = [_of_the_cord(reading) for reading in placed]
        return rank(placed, self._catalogue, decoration)


def _placed(reading: Reading, context: Context) -> Reading:
    """Give `ipsilateral` and `contralateral` a side if the treated side is known."""
    relative = reading.concepts & {"ipsilateral", "contralateral"}
    treated = {"L": "left", "R": "right"}.get((context.laterality or "").upper()[:1])
    if not relative or not treated:
        return reading
    other = "right" if treated == "left" else "left"
    side = treated if "ipsilateral" in relative else other
    return reading._replace(
        concepts=(reading.concepts - relative) | {side}, cost=reading.cost + 0.01
    )


def _of_the_cord(reading: Reading) -> Reading:
    """Take the spine that has a margin for the cord: `PRV spine`."""
    if reading.anatomy != {"spinal"}:
        return reading
    concepts = (reading.concepts - {"spinal"}) | {"spinalcord"}
    return reading._replace(concepts=concepts, cost=reading.cost + DOUBT)


def _is_french(reading: Reading) -> bool:
    return any("fr" in s.languages and "la" not in s.languages for s in reading.senses)

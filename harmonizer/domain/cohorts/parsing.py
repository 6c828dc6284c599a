"""From the parameters of a QIDO-RS request to a question, or an error that names the key."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from harmonizer.domain.cohorts.conditions import (
    Comparison,
    DoseCondition,
    Level,
    PromCondition,
    Question,
    Span,
    ToxicityCondition,
)
from harmonizer.domain.cohorts.words import BODY_PARTS, Words, bad
from harmonizer.errors import RefusedError

MOST_PARAMETERS: Final = 50
MOST_VALUES: Final = 200
LONGEST_VALUE: Final = 200
HIGHEST_OFFSET: Final = 10_000_000
HIGHEST_GRADE: Final = 5

KEYWORDS: Final = {
    "00080016": "SOPClassUID",
    "00080018": "SOPInstanceUID",
    "00080020": "StudyDate",
    "00080030": "StudyTime",
    "00080050": "AccessionNumber",
    "00080060": "Modality",
    "00080061": "ModalitiesInStudy",
    "00080090": "ReferringPhysicianName",
    "00081030": "StudyDescription",
    "0008103E": "SeriesDescription",
    "00100010": "PatientName",
    "00100020": "PatientID",
    "00100030": "PatientBirthDate",
    "00100040": "PatientSex",
    "00180015": "BodyPartExamined",
    "0020000D": "StudyInstanceUID",
    "0020000E": "SeriesInstanceUID",
    "00200010": "StudyID",
    "00200011": "SeriesNumber",
    "00200013": "InstanceNumber",
    "00200060": "Laterality",
    "30060026": "ROIName",
}
OF_STUDIES: Final = frozenset(
    {
        "StudyDate",
        "StudyTime",
        "AccessionNumber",
        "ReferringPhysicianName",
        "StudyDescription",
        "PatientName",
        "PatientBirthDate",
        "PatientSex",
        "StudyID",
    }
)
OF_SERIES: Final = frozenset({"SeriesDescription", "SeriesNumber", "SeriesDate"})
OF_INSTANCES: Final = frozenset({"InstanceNumber"})
STANDARD: Final = {
    Level.STUDY: OF_STUDIES,
    Level.SERIES: OF_STUDIES | OF_SERIES,
    Level.INSTANCE: OF_STUDIES | OF_SERIES | OF_INSTANCES,
}
"""What the store matches, by level; whatever else a reader may ask, our tables know."""
IGNORED: Final = frozenset({"fuzzymatching", "emptyvaluematching", "multiplevaluematching"})
"""PS3.18 8.3.4 leaves it to the server whether it supports these."""

UID: Final = re.compile(r"[0-9.]{1,64}")
CODE: Final = re.compile(r"[A-Z0-9_]{1,16}")
CENTRE: Final = re.compile(r"[A-Za-z0-9_-]{1,16}")
PATIENT: Final = re.compile(r"[A-Za-z0-9._*?-]{1,80}")
FIELD: Final = re.compile(r"[A-Za-z0-9]{1,64}(\.[A-Za-z0-9]{1,64})*")
NUMBER: Final = r"-?\d+(?:\.\d+)?"
SPAN: Final = r"(?:@(?P<first>-?\d{1,5})?\.\.(?P<last>-?\d{1,5})?)?"
DOSE: Final = re.compile(rf"([^:]+):([^:<>]+?)(>=|<=|>|<)({NUMBER})")
TOXICITY: Final = re.compile(rf"(?P<term>[^<>@]+?)(?P<op>>=|<=|>|<)(?P<grade>\d){SPAN}")
SCORE: Final = re.compile(
    rf"(?P<instrument>[^:]+):(?P<scale>[^:<>@]+?)(?P<op>>=|<=|>|<)(?P<value>{NUMBER}){SPAN}"
)

Read = Callable[[Question, str, Words], Question]


def parse_question(parameters: Sequence[tuple[str, str]], level: Level, words: Words) -> Question:
    """Read the parameters of a search.

    Parameters
    ----------
    parameters : keys and values as they came, decoded; a key may come several times
    level : of what is searched for
    words : what the archive knows

    Raises
    ------
    RefusedError
        `bad-query`, HTTP 400: which key is wrong and what it must be.
    """
    if len(parameters) > MOST_PARAMETERS:
        raise RefusedError("bad-query", f"at most {MOST_PARAMETERS} parameters", 400)
    question = Question(level=level)
    for given, value in parameters:
        key = KEYWORDS.get(given.upper(), given)
        if len(value) > (LONGEST_VALUE if "UID" not in key else LONGEST_VALUE * 70):
            raise bad(_shown(key), "the value is too long")
        question = _with(question, key, value.strip(), words)
    return question


def _with(question: Question, key: str, value: str, words: Words) -> Question:
    if key.lower() in IGNORED:
        return question
    if key == "includefield":
        return replace(question, fields=(*question.fields, *_fields(value)))
    if not value and (key in OURS or key in STANDARD[question.level]):
        return question  # universal matching
    if key in OURS:
        return OURS[key](question, value, words)
    if key in STANDARD[question.level]:
        return replace(question, standard=(*question.standard, (key, value)))
    raise bad(_shown(key), f"not a key of a search for {question.level} here; {_known(question)}")


def _known(question: Question) -> str:
    known = sorted({*OURS, *STANDARD[question.level]} - {"limit", "offset"}, key=str.lower)
    return f"there are {', '.join(known)}"


def _shown(key: str) -> str:
    """A key is told back only if it looks like one: foreign text is not."""
    return key if re.fullmatch(r"[A-Za-z0-9]{1,40}", key) else "a key"


def _fields(value: str) -> list[str]:
    names = [name.strip() for name in value.split(",")]
    if not all(FIELD.fullmatch(name) for name in names):
        raise bad("includefield", "must be keywords or tags, divided by commas")
    return [name for name in names if name != "all"]


def _listed(
    attribute: str, key: str, pattern: re.Pattern[str], meaning: str, *, upper: bool = False
) -> Read:
    """Read values divided by commas or backslashes (PS3.18 8.3.4.1): any of them may match."""

    def read(question: Question, value: str, _words: Words) -> Question:
        values = [one.strip() for one in re.split(r"[,\\]", value.upper() if upper else value)]
        if len(values) > MOST_VALUES or not all(pattern.fullmatch(one) for one in values):
            raise bad(key, f"must be {meaning}")
        if getattr(question, attribute):
            raise bad(key, "give it once, with its values divided by commas")
        changed: dict[str, Any] = {attribute: tuple(values)}
        return replace(question, **changed)

    return read


def _body_part(question: Question, value: str, _words: Words) -> Question:
    sites = [BODY_PARTS.get(one.strip().upper()) for one in re.split(r"[,\\]", value)]
    if None in sites:
        raise bad("BodyPartExamined", f"must be of {', '.join(sorted(BODY_PARTS))}")
    return replace(question, sites=tuple(site for site in sites if site))


def _name(question: Question, value: str, words: Words) -> Question:
    return replace(question, names=(*question.names, words.structure("ROIName", value)))


def _dose(question: Question, value: str, words: Words) -> Question:
    match = DOSE.fullmatch(value)
    if match is None:
        raise bad("dvh", "must be STRUCTURE:METRIC>NUMBER (or >=, <, <=), like Heart:Mean[Gy]>2")
    structure, metric, comparison, number = match.groups()
    condition = DoseCondition(
        words.structure("dvh", structure),
        words.metric("dvh", metric),
        Comparison(comparison),
        float(number),
    )
    if set("*?") & set(condition.structure):
        raise bad("dvh", "name one structure; patterns are for ROIName")
    return replace(question, doses=(*question.doses, condition))


def _toxicity(question: Question, value: str, words: Words) -> Question:
    match = TOXICITY.fullmatch(value)
    if match is None or int(match["grade"]) > HIGHEST_GRADE:
        raise bad("toxicity", "must be TERM>=GRADE, like Dermatitis radiation>=2@0..90 (days)")
    condition = ToxicityCondition(
        words.term("toxicity", match["term"]),
        Comparison(match["op"]),
        int(match["grade"]),
        _span("toxicity", match),
    )
    return replace(question, toxicities=(*question.toxicities, condition))


def _score(question: Question, value: str, words: Words) -> Question:
    match = SCORE.fullmatch(value)
    if match is None:
        raise bad("prom", "must be INSTRUMENT:SCALE<NUMBER, like qlq-c30:FA>=50@90..400 (days)")
    instrument, scale = words.scale("prom", match["instrument"], match["scale"])
    condition = PromCondition(
        instrument, scale, Comparison(match["op"]), float(match["value"]), _span("prom", match)
    )
    return replace(question, scores=(*question.scores, condition))


def _span(key: str, match: re.Match[str]) -> Span:
    first = None if match["first"] is None else int(match["first"])
    last = None if match["last"] is None else int(match["last"])
    if first is not None and last is not None and first > last:
        raise bad(key, "the span of days ends before it begins")
    return Span(first, last)


def _counted(attribute: str, key: str, lowest: int) -> Read:
    def read(question: Question, value: str, _words: Words) -> Question:
        if not re.fullmatch(r"\d{1,8}", value) or not lowest <= int(value) <= HIGHEST_OFFSET:
            raise bad(key, f"must be a whole number of at least {lowest}")
        changed: dict[str, Any] = {attribute: int(value)}
        return replace(question, **changed)

    return read


OURS: Final[dict[str, Read]] = {
    "limit": _counted("limit", "limit", 1),
    "offset": _counted("offset", "offset", 0),
    "StudyInstanceUID": _listed("studies", "StudyInstanceUID", UID, "UIDs"),
    "SeriesInstanceUID": _listed("series", "SeriesInstanceUID", UID, "UIDs"),
    "SOPInstanceUID": _listed("instances", "SOPInstanceUID", UID, "UIDs"),
    "SOPClassUID": _listed("sop_classes", "SOPClassUID", UID, "UIDs"),
    "Modality": _listed("modalities", "Modality", CODE, "modalities, like RTDOSE"),
    "ModalitiesInStudy": _listed(
        "modalities", "ModalitiesInStudy", CODE, "modalities, like RTDOSE"
    ),
    "PatientID": _listed("patients", "PatientID", PATIENT, "national ids; * and ? may stand in"),
    "CentreName": _listed("centres", "CentreName", CENTRE, "centres, like KUH"),
    "Laterality": _listed("sides", "Laterality", re.compile("[LRBN]"), "L, R, B or N", upper=True),
    "BodyPartExamined": _body_part,
    "ROIName": _name,
    "dvh": _dose,
    "toxicity": _toxicity,
    "prom": _score,
}
"""What our own tables answer."""

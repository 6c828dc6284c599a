"""DICOM JSON (PS3.18 annex F) as readers need it: our facts added, what viewers trip over mended.

Orthanc writes DS and IS as text, which is legal, but OHIF then shows a dose in stored values; it
gives its own host in URLs; and OHIF reads frame offsets of a dose grid as relative ones only.
"""

from collections.abc import Mapping
from typing import Any, Final

from harmonizer.domain.cohorts.conditions import Entry, Level

Dataset = dict[str, Any]

STUDY, SERIES, INSTANCE = "0020000D", "0020000E", "00080018"
UID_TAGS: Final = {Level.STUDY: STUDY, Level.SERIES: SERIES, Level.INSTANCE: INSTANCE}
FRAME_OFFSETS: Final = "3004000C"
ROOT: Final = "/dicom-web/"


def uid_of(dataset: Mapping[str, Any], level: Level) -> str:
    """Return the UID of the level that a data set is of, empty without one."""
    values = dataset.get(UID_TAGS[level], {}).get("Value") or [""]
    return str(values[0])


def attributes(entry: Entry, level: Level, stored: Mapping[str, Any], root: str) -> Dataset:
    """Return an answer of a search.

    Parameters
    ----------
    entry : what our tables say; it goes before what the store says
    level : of the search
    stored : attributes as the store gave them
    root : URL that the answer's RetrieveURL begins with, without a slash at its end
    """
    found = {tag: _mended(tag, element, root) for tag, element in stored.items()}
    found |= {
        STUDY: _one("UI", entry.study),
        "00100020": _one("LO", entry.national_id),
        "00120031": _one("LO", entry.centre),
        "00080056": _one("CS", "ONLINE"),
    }
    url = f"{root}{ROOT}studies/{entry.study}"
    if level is Level.STUDY:
        found["00080061"] = {"vr": "CS", "Value": list(entry.modalities)}
        found["00201206"] = _one("IS", entry.series_count)
        found["00201208"] = _one("IS", entry.instance_count)
    else:
        url += f"/series/{entry.series}"
        found[SERIES] = _one("UI", entry.series)
        found["00080060"] = {"vr": "CS", "Value": list(entry.modalities)}
    if level is Level.SERIES:
        found["00201209"] = _one("IS", entry.instance_count)
    if level is Level.INSTANCE:
        url += f"/instances/{entry.instance}"
        found[INSTANCE] = _one("UI", entry.instance)
        found["00080016"] = _one("UI", entry.sop_class)
    found["00081190"] = _one("UR", url)
    return dict(sorted(found.items()))


def repair(dataset: Mapping[str, Any], root: str) -> Dataset:
    """Return an instance's metadata with numbers as numbers and URLs that lead to us."""
    return {tag: _mended(tag, element, root) for tag, element in dataset.items()}


def _one(vr: str, value: object) -> Dataset:
    return {"vr": vr, "Value": [value]}


def _mended(tag: str, element: Any, root: str) -> Any:
    if not isinstance(element, dict):
        return element
    vr, values = element.get("vr"), element.get("Value")
    if "BulkDataURI" in element:
        _, found, place = str(element["BulkDataURI"]).partition(ROOT)
        return element | {"BulkDataURI": f"{root}{ROOT}{place}" if found else ""}
    if not isinstance(values, list):
        return element
    if vr == "SQ":
        items = [repair(item, root) if isinstance(item, dict) else item for item in values]
        return element | {"Value": items}
    if vr in {"DS", "IS"}:
        numbers = [_number(value, whole=vr == "IS") for value in values]
        return element | {"Value": _relative(numbers) if tag == FRAME_OFFSETS else numbers}
    return element


def _number(value: object, *, whole: bool) -> object:
    """Return the number that a text stands for; what is none stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return int(value) if whole else float(value)
    except ValueError:
        return value


def _relative(offsets: list[Any]) -> list[Any]:
    """Give frame offsets from the first frame: PS3.3 C.8.8.3.2 also allows absolute ones."""
    if not offsets or not all(isinstance(one, int | float) for one in offsets) or not offsets[0]:
        return offsets
    return [round(one - offsets[0], 6) for one in offsets]

"""What happened to each attribute: an object before and after, place by place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO

from pydicom import Dataset, dcmread
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import RawDataElement
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

EXAMPLES = 2
LONGEST_EXAMPLE = 48
Found = tuple[str, str, str, str]
"""Path, what was done, value before, value after."""


@dataclass
class Difference:
    """One attribute at one path, over all items of the sequences above it."""

    path: str
    done: str
    count: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list, repr=False)
    """Values before and after. The first ones identify the patient: for the centre's eyes only."""


def differences(before: bytes, after: bytes) -> list[Difference]:
    """Compare two forms of one object; what is the same in both is not listed.

    The de-identified form must have the items that the original has, in the same order.
    """
    first, second = (dcmread(BytesIO(data), force=True) for data in (before, after))
    rows: dict[tuple[str, str], Difference] = {}
    for path, done, old, new in _compare(first, second, ""):
        row = rows.setdefault((path, done), Difference(path, done))
        row.count += 1
        if len(row.examples) < EXAMPLES and (old, new) not in row.examples:
            row.examples.append((old, new))
    return list(rows.values())


def _compare(before: Dataset, after: Dataset, above: str) -> Iterator[Found]:
    for tag in sorted({*before.keys(), *after.keys()}):
        path = above + (keyword_for_tag(tag) or str(tag))
        if tag not in after:
            yield path, "removed", _shown(before, tag), ""
            continue
        if tag not in before:
            yield path, "added", "", _shown(after, tag)
            continue
        old, new = _plain(before, tag), _plain(after, tag)
        if old is not None and old == new:
            continue
        if before[tag].VR == after[tag].VR == "SQ":
            yield from _compare_items(before[tag].value, after[tag].value, path)
        else:
            yield path, "changed" if new else "emptied", _shown(before, tag), _shown(after, tag)


def _compare_items(before: Sequence, after: Sequence, path: str) -> Iterator[Found]:
    if len(before) != len(after):
        yield path, "written anew", f"{len(before)} items", f"{len(after)} items"
        return
    for one, other in zip(before, after, strict=True):
        yield from _compare(one, other, f"{path} > ")


def _plain(dataset: Dataset, tag: BaseTag) -> bytes | str | None:
    """The value as it is written; None for a sequence, which differs from everything."""
    element = dataset.get_item(tag)
    if isinstance(element, RawDataElement):
        return (element.value or b"").rstrip(b" \0")
    return None if element.VR == "SQ" else str(element.value)


def _shown(dataset: Dataset, tag: BaseTag) -> str:
    if dataset[tag].VR == "SQ":
        return f"{len(dataset[tag].value)} items"
    value = dataset[tag].value
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = str(value)
    return text if len(text) <= LONGEST_EXAMPLE else text[: LONGEST_EXAMPLE - 1] + "…"

"""Tolerant reading of single DICOM values: a value that is absent or malformed is None."""

from math import isfinite
from typing import Any

from pydicom import Dataset


def text(dataset: Dataset, keyword: str) -> str | None:
    value = _value(dataset, keyword)
    return str(value).strip() or None if value is not None else None


def uid(dataset: Dataset, keyword: str) -> str:
    return (text(dataset, keyword) or "").rstrip("\0")


def number(dataset: Dataset, keyword: str) -> float | None:
    found = numbers(dataset, keyword)
    return found[0] if len(found) == 1 else None


def numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """Return every value, or none at all if one is malformed or not finite."""
    value = _value(dataset, keyword)
    try:
        values = [value] if isinstance(value, str | float | int) else list(value or ())
        found = tuple(map(float, values))
    except (TypeError, ValueError, OverflowError):
        return ()
    return found if all(map(isfinite, found)) else ()


def whole(dataset: Dataset, keyword: str) -> int | None:
    found = number(dataset, keyword)
    return None if found is None else int(found)


def vector(dataset: Dataset, keyword: str) -> tuple[float, float, float] | None:
    found = numbers(dataset, keyword)
    return (found[0], found[1], found[2]) if len(found) == 3 else None


def _value(dataset: Dataset, keyword: str) -> Any:
    try:
        return dataset.get(keyword)
    except Exception:  # noqa: BLE001 - pydicom raises many types on a malformed value
        return None

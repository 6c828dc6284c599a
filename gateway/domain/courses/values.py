"""Tolerant reading of single DICOM values: a value that is absent or malformed is None."""

from typing import Any

from pydicom import Dataset


def text(dataset: Dataset, keyword: str) -> str | None:
    value = _value(dataset, keyword)
    return str(value).strip() or None if value is not None else None


def uid(dataset: Dataset, keyword: str) -> str:
    return (text(dataset, keyword) or "").rstrip("\0")


def number(dataset: Dataset, keyword: str) -> float | None:
    try:
        return float(_value(dataset, keyword))
    except (TypeError, ValueError):
        return None


def whole(dataset: Dataset, keyword: str) -> int | None:
    found = number(dataset, keyword)
    return None if found is None else int(found)


def vector(dataset: Dataset, keyword: str) -> tuple[float, float, float] | None:
    try:
        x, y, z = (float(part) for part in _value(dataset, keyword))
    except (TypeError, ValueError):
        return None
    return (x, y, z)


def _value(dataset: Dataset, keyword: str) -> Any:
    try:
        return dataset.get(keyword)
    except Exception:  # noqa: BLE001 - pydicom raises many types on a malformed value
        return None

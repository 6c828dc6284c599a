"""Cutting a course into STOW requests small enough for a slow link and a proxy's time-out."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

BATCH_COUNT = 100
BATCH_BYTES = 128 * 2**20


class Sized(Protocol):
    @property
    def size_bytes(self) -> int: ...


Item = TypeVar("Item", bound=Sized)


def batches(
    items: Iterable[Item], count: int = BATCH_COUNT, size: int = BATCH_BYTES
) -> Iterator[list[Item]]:
    """Yield the items in order, at most `count` and `size` bytes at a time.

    One item larger than `size` goes alone.
    """
    batch: list[Item] = []
    total = 0
    for item in items:
        if batch and (len(batch) == count or total + item.size_bytes > size):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += item.size_bytes
    if batch:
        yield batch

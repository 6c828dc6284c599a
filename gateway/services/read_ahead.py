"""Reading objects ahead of whoever digests them, within a bound of memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future

MOST_BYTES = 32 * 2**20
"""How much may be read and not yet digested."""
MOST = 32
MOST_UNKNOWN = 4
"""Objects that are being read at once: nobody knows yet how large they are."""

PORTION_BYTES = 16 * 2**20
Read = tuple[str, bytes | None]


def portions(read: Iterable[Read]) -> Iterator[list[Read]]:
    """Cut what is read into parts that memory has room for, each to be looked at as one."""
    part, size = list[Read](), 0
    for one in read:
        part.append(one)
        size += len(one[1] or b"")
        if size >= PORTION_BYTES:
            yield part
            part.clear()  # whoever looked at it holds the list, and must not hold the bytes
            size = 0
    if part:
        yield part


def read_ahead(
    read: Callable[[str], bytes | None], ids: Iterable[str], readers: Executor
) -> Iterator[bytes | None]:
    """Yield what is read of each id, in their order.

    What is being read counts as large as the largest so far: the store tells no sizes before.
    """
    coming, largest = iter(ids), 0
    ahead: deque[Future[bytes | None]] = deque()
    try:
        while True:
            while _has_room(ahead, largest) and (orthanc_id := next(coming, None)) is not None:
                ahead.append(readers.submit(read, orthanc_id))
            if not ahead:
                return
            data = ahead.popleft().result()
            largest = max(largest, len(data or b""))
            yield data
    finally:
        for one in ahead:
            one.cancel()


def _has_room(ahead: deque[Future[bytes | None]], largest: int) -> bool:
    if not ahead:
        return True
    sizes = [_size(one) for one in ahead]
    unknown = sizes.count(None)
    if unknown == MOST_UNKNOWN or len(ahead) == MOST:
        return False
    known = [size for size in sizes if size is not None]
    return sum(known) + (unknown + 1) * max([largest, *known]) <= MOST_BYTES


def _size(one: Future[bytes | None]) -> int | None:
    """Return how large an object is, if it is here by now."""
    if not one.done():
        return None
    return 0 if one.exception() else len(one.result() or b"")

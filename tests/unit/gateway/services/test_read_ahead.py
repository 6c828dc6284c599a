"""Reading ahead: everything in order, and never more in hand than memory has."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Lock

import pytest

from gateway.errors import RetryError
from gateway.services.read_ahead import MOST, MOST_BYTES, MOST_UNKNOWN, read_ahead

LARGE = 20 * 2**20


class Sized(bytes):
    """Says that it is large, and is not."""

    size = 0

    def __len__(self) -> int:
        return self.size


class Store:
    """Counts what it has given and nobody has digested."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.in_hand = self.most = self.most_objects = 0
        self.begun = self.furthest = 0
        self._lock = Lock()

    def read(self, orthanc_id: str) -> bytes | None:
        size = self.sizes[int(orthanc_id)]
        if size < 0:
            raise RetryError("the site Orthanc: ReadTimeout")
        data = Sized(orthanc_id.encode())
        data.size = size
        with self._lock:
            self.begun += 1
            self.in_hand += size
            self.most = max(self.most, self.in_hand)
        return data if size else None

    def digest(self, size: int) -> None:
        with self._lock:
            self.in_hand -= size


@pytest.fixture
def readers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def ids(store: Store) -> list[str]:
    return [str(number) for number in range(len(store.sizes))]


def digest_all(store: Store, readers: ThreadPoolExecutor) -> list[str | None]:
    found = []
    for data in read_ahead(store.read, ids(store), readers):
        store.digest(len(data) if data is not None else 0)
        found.append(bytes(data).decode() if data is not None else None)
    return found


def test_large_objects_are_read_only_as_fast_as_they_are_digested(
    readers: ThreadPoolExecutor,
) -> None:
    store = Store([LARGE] * 32)
    assert digest_all(store, readers) == ids(store)
    assert store.most <= max(MOST_BYTES, MOST_UNKNOWN * LARGE)


def test_a_few_small_ones_before_do_not_let_all_the_large_ones_in(
    readers: ThreadPoolExecutor,
) -> None:
    store = Store([1000] * 4 + [LARGE] * 60)
    digest_all(store, readers)
    assert store.most <= MOST_BYTES + MOST_UNKNOWN * LARGE


def test_small_objects_are_read_all_ahead(readers: ThreadPoolExecutor) -> None:
    store = Store([1000] * 100)
    digested = 0
    for data in read_ahead(store.read, ids(store), readers):
        wait([readers.submit(int) for _ in range(MOST_UNKNOWN)])  # slower than the readers
        digested += data is not None
        assert store.begun <= digested + MOST
        store.furthest = max(store.furthest, store.begun - digested)
    assert store.furthest > MOST / 2


def test_what_is_absent_and_one_larger_than_everything_pass(readers: ThreadPoolExecutor) -> None:
    store = Store([0, 0, 2 * MOST_BYTES, 0, 10, 2 * MOST_BYTES])
    assert digest_all(store, readers) == [None, None, "2", None, "4", "5"]


def test_a_store_that_fails_is_told_and_nothing_more_is_read(readers: ThreadPoolExecutor) -> None:
    store = Store([10, -1, *[10] * 100])
    with pytest.raises(RetryError):
        digest_all(store, readers)
    assert store.begun <= MOST + 2

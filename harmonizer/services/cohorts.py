"""Searching and retrieving: our tables say what a reader may see, the store has the bytes."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from itertools import groupby, islice
from typing import Any, Final

from harmonizer.domain.cohorts import (
    Entry,
    Level,
    Question,
    Words,
    attributes,
    parse_question,
    repair,
    uid_of,
)
from harmonizer.domain.studies import InstanceKey
from harmonizer.errors import NotFoundError
from harmonizer.ports import Answer, CohortRecords, DicomWeb

__all__ = ["Answer", "CohortService", "Found"]

MOST: Final = {Level.STUDY: 1000, Level.SERIES: 1000, Level.INSTANCE: 5000}
PART: Final = 100
"""UIDs in one question to the store: its URL must not grow without end."""
SCANNED: Final = 500
MOST_AT_ONCE: Final = 1000
"""Instances whose metadata are held in memory together."""
UID_KEYS: Final = {
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.INSTANCE: "SOPInstanceUID",
}
UNKNOWN: Final = "the archive holds no such object"


@dataclass(frozen=True)
class Found:
    """One page of a search. `cut`: there is more."""

    datasets: Sequence[Mapping[str, Any]]
    cut: bool


class CohortService:
    def __init__(self, records: CohortRecords, store: DicomWeb, words: Words, root: str) -> None:
        self._records = records
        self._store = store
        self._words = words
        self._root = root

    async def search(
        self,
        level: Level,
        parameters: Sequence[tuple[str, str]],
        study: str | None = None,
        series: str | None = None,
    ) -> Found:
        """Answer a QIDO-RS request.

        Raises
        ------
        RefusedError
            `bad-query`: which key is wrong.
        NotFoundError
            If the study or series of the path may not be seen.
        """
        question = parse_question(parameters, level, self._words)
        if study:
            await self.keys(study, series)
            question = replace(question, studies=(study,))
        if series:
            question = replace(question, series=(series,))
        limit = min(question.limit or MOST[level], MOST[level])
        found: list[Mapping[str, Any]] = []
        async for entry, stored in self._matching(question, limit + 1):
            if len(found) == limit:
                return Found(found, cut=True)
            found.append(attributes(entry, level, stored, self._root))
        return Found(found, cut=False)

    async def keys(
        self, study: str, series: str | None = None, instance: str | None = None
    ) -> Sequence[InstanceKey]:
        """Return every visible instance of what a path names.

        Raises
        ------
        NotFoundError
            If there is none: unknown and not finished are told alike.
        """
        found = await asyncio.to_thread(self._records.keys, study, series, instance)
        if not found:
            raise NotFoundError(UNKNOWN)
        return found

    async def metadata(self, keys: Sequence[InstanceKey]) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the metadata of instances, a series at a time: contours can be large."""
        for _, group in groupby(keys, key=lambda key: key.series_instance_uid):
            wanted = {key.sop_instance_uid: key for key in group}
            if len(wanted) == 1 or len(wanted) > MOST_AT_ONCE:
                found = self._each(wanted.values())
            else:
                found = self._of_series(wanted)
            async for dataset in found:
                yield await asyncio.to_thread(repair, dataset, self._root)

    def file(self, key: InstanceKey) -> AbstractAsyncContextManager[Answer]:
        return self._store.file(key)

    def open(self, place: str, accept: str) -> AbstractAsyncContextManager[Answer]:
        return self._store.open(place, accept)

    async def _each(self, keys: Iterable[InstanceKey]) -> AsyncIterator[Mapping[str, Any]]:
        for key in keys:
            for dataset in await self._store.metadata(key, of_series=False):
                yield dataset

    async def _of_series(
        self, wanted: Mapping[str, InstanceKey]
    ) -> AsyncIterator[Mapping[str, Any]]:
        """One question for a series, which the store has at hand; what is hidden is left out."""
        for dataset in await self._store.metadata(next(iter(wanted.values())), of_series=True):
            if uid_of(dataset, Level.INSTANCE) in wanted:
                yield dataset

    def _matching(
        self, question: Question, most: int
    ) -> AsyncIterator[tuple[Entry, Mapping[str, Any]]]:
        if not question.standard:
            return self._by_tables(question, most)
        by_us = question.is_narrow or question.series or question.instances
        matching = self._by_tables(question, None) if by_us else self._by_store(question)
        return _from(matching, question.offset)

    async def _by_tables(
        self, question: Question, most: int | None
    ) -> AsyncIterator[tuple[Entry, Mapping[str, Any]]]:
        """Go through what our tables match; the store adds attributes and, if asked, drops some.

        `most` stops early, and then the question's offset is the tables' to skip.
        """
        offset, left = (question.offset, most) if most is not None else (0, None)
        while left is None or left > 0:
            size = PART if left is None else min(PART, left)
            page = await asyncio.to_thread(self._records.entries, question, offset, size)
            stored = await self._attributes(question, [entry.uid for entry in page])
            for entry in page:
                if entry.uid in stored or not question.standard:
                    yield entry, stored.get(entry.uid, {})
            if len(page) < size:
                return
            offset, left = offset + size, None if left is None else left - size

    async def _by_store(self, question: Question) -> AsyncIterator[tuple[Entry, Mapping[str, Any]]]:
        """Go through what the store matches; our tables leave out what may not be seen."""
        offset, level = 0, question.level
        while True:
            page = [("limit", str(SCANNED)), ("offset", str(offset))]
            stored = await self._store.search(level, [*_asked(question), *page])
            known = {uid_of(dataset, level): dataset for dataset in stored}
            for part in _parts(list(known)):
                which = _narrowed_to(question, part)
                entries = await asyncio.to_thread(self._records.entries, which, 0, len(part))
                for entry in entries:
                    yield entry, known[entry.uid]
            if len(stored) < SCANNED:
                return
            offset += SCANNED

    async def _attributes(
        self, question: Question, uids: Sequence[str]
    ) -> dict[str, Mapping[str, Any]]:
        if not uids:
            return {}
        which = (UID_KEYS[question.level], ",".join(uids))
        found = await self._store.search(question.level, [which, *_asked(question)])
        return {uid_of(dataset, question.level): dataset for dataset in found}


def _asked(question: Question) -> list[tuple[str, str]]:
    fields = [("includefield", ",".join(question.fields))] if question.fields else []
    return [*question.standard, *fields]


def _narrowed_to(question: Question, uids: Sequence[str]) -> Question:
    if question.level is Level.STUDY:
        return replace(question, studies=tuple(uids))
    if question.level is Level.SERIES:
        return replace(question, series=tuple(uids))
    return replace(question, instances=tuple(uids))


async def _from(
    matching: AsyncIterator[tuple[Entry, Mapping[str, Any]]], offset: int
) -> AsyncIterator[tuple[Entry, Mapping[str, Any]]]:
    skipped = 0
    async for one in matching:
        if skipped >= offset:
            yield one
        skipped += 1


def _parts(items: Sequence[str]) -> list[list[str]]:
    rest = iter(items)
    return list(iter(lambda: list(islice(rest, PART)), []))

"""Storage commitment: requests that wait, and the way their answers go."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.domain.dicomnet import Kept, Verdict


@dataclass(frozen=True)
class OpenRequest:
    key: str
    """Keyed hash of the transaction UID."""
    aet: str
    requested_at: datetime
    attempts: int
    """How often the answer could not be handed over."""
    sealed: bytes = field(repr=False)
    """Transaction UID and what was asked about, encrypted."""


class Commitments(Protocol):
    def add(self, request: OpenRequest) -> None:
        """Keep a request; asking again for the same transaction is the same request."""
        ...

    def due(self, now: datetime) -> list[OpenRequest]: ...

    def postpone(self, key: str, until: datetime, attempts: int) -> None: ...

    def done(self, key: str) -> None: ...

    def kept(self, site_uids: Collection[str]) -> dict[str, Kept]: ...


class Answering(Protocol):
    def answer(self, host: str, port: int, aet: str, transaction: str, verdict: Verdict) -> None:
        """Hand an answer over (N-EVENT-REPORT). Raises `RetryError` if nobody takes it."""
        ...

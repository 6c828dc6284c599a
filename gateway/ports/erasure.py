"""Recalls and receipts of deletions."""

from datetime import datetime
from typing import Protocol

from gateway.domain.erasure import SignedReceipt


class Erasures(Protocol):
    def recall(self, pseudonym: str, comment: str, now: datetime) -> None:
        """Open a recall; one that is open already stays as it is."""
        ...

    def recalled(self) -> frozenset[str]:
        """Return whose recall is not closed."""
        ...

    def close(self, pseudonym: str, now: datetime) -> None: ...

    def keep(self, pseudonym: str, erased_at: datetime, receipt: SignedReceipt) -> None: ...

    def has_receipt(self, pseudonym: str, erased_at: datetime) -> bool: ...

    def receipts(self, pseudonym: str | None = None) -> list[SignedReceipt]:
        """Return them, the latest first."""
        ...

"""What the services need from the world. Adapters implement these; tests bring their own."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """UTC now. Injected, so that tests move time instead of waiting."""

    def now(self) -> datetime: ...


class Audit(Protocol):
    """The append-only record. An action whose record cannot be written does not happen."""

    def record(self, action: str, role: str, subject: str, detail: str = "") -> None:
        """Append one event. `subject` is a pseudonym or a keyed UID, never an identifier."""
        ...

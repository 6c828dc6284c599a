"""Where a version of a course stands on its way to the archive."""

from enum import StrEnum


class OutboxState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    """A worker has it under a lease."""
    VERIFIED = "verified"
    """The archive has read every instance back."""
    REFUSED = "refused"
    """By the archive, for good."""
    WITHHELD = "withheld"
    """It may not go: no consent, say."""
    OVERTAKEN = "overtaken"
    """The archive has this version already, or a newer one, with other content."""

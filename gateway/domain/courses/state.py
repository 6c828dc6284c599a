"""Where a course stands at the centre, and an instance in the site store."""

from enum import StrEnum


class CourseState(StrEnum):
    COLLECTING = "collecting"
    """Objects are still coming in."""
    HELD = "held"
    """Kept here, pseudonymized, until a person or a missing object comes."""
    READY = "ready"
    """Complete and passed, or released by a person; waits for the outbox."""
    SENDING = "sending"
    DELIVERED = "delivered"
    """Every instance was read back from the archive with the digest that was sent."""
    REFUSED = "refused"
    """A person or the archive said no for good; it stays here."""


class InstanceState(StrEnum):
    PRESENT = "present"
    CONFLICT = "conflict"
    """It came again under the same UID with other content."""
    GONE = "gone"
    """The site store has it no more."""

"""Sending a course: batches, patience between attempts, and what may be said in a comment."""

from gateway.domain.submission.batches import BATCH_BYTES, BATCH_COUNT, Sized, batches
from gateway.domain.submission.comments import LONGEST_COMMENT, check_comment
from gateway.domain.submission.patience import Patience
from gateway.domain.submission.state import OutboxState
from gateway.domain.submission.throttle import TokenBucket, Window, is_open
from gateway.domain.submission.versions import content_digest

__all__ = [
    "BATCH_BYTES",
    "BATCH_COUNT",
    "LONGEST_COMMENT",
    "OutboxState",
    "Patience",
    "Sized",
    "TokenBucket",
    "Window",
    "batches",
    "check_comment",
    "content_digest",
    "is_open",
]

"""A seal on the audit: how many events there were at a moment, and the digest of the last one.

Pure. The chain alone shows that one event was changed; whoever may write to the database can cut
its end off, or write all of it anew. A seal is keyed with what is not in the database, and each
names the one before it.
"""

import hmac
import json
from dataclasses import asdict, dataclass, replace
from typing import Self


@dataclass(frozen=True)
class AuditSeal:
    number: int
    events: int
    digest: str
    """Of the last of these events."""
    at: str
    previous: str
    """The code of the seal before; empty for the first."""
    key_id: str
    code: str = ""
    """HMAC-SHA256 over all of the above."""

    def signed(self, key: bytes) -> Self:
        return replace(self, code=self._code(key))

    def is_of(self, key: bytes) -> bool:
        return hmac.compare_digest(self.code, self._code(key))

    def _code(self, key: bytes) -> str:
        said = json.dumps(asdict(replace(self, code="")), sort_keys=True)
        own = hmac.digest(key, b"audit seal", "sha256")
        return hmac.digest(own, said.encode(), "sha256").hex()

    def to_line(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read one line. Raises ValueError, KeyError or TypeError if it is none."""
        return cls(**json.loads(line))

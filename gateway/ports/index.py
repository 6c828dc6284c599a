"""What the index of the site store keeps."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from gateway.domain.courses import Instance, InstanceState
from gateway.domain.erasure import ErasureCause

CHANGES: Final = "changes"
"""Name of the cursor in the site store's list of changes."""


@dataclass(frozen=True)
class StoredInstance:
    orthanc_id: str
    instance: Instance
    sha256: str
    size_bytes: int
    received_at: datetime
    state: InstanceState = InstanceState.PRESENT
    course_id: int | None = None
    sender: str = ""
    """The calling AET; empty when it came over HTTP."""
    apart: bool = False
    """Of its course, and not sent with it."""
    delivered_at: datetime | None = None
    differs: tuple[str, ...] = ()
    """Of a conflict: in what it differs from what was here, as far as that is known."""


@dataclass(frozen=True)
class SetAside:
    """A stored object that cannot be indexed. A person decides."""

    orthanc_id: str
    code: str
    text: str
    pseudonym: str
    """Whose it is, empty where that cannot be read."""
    sender: str


class Index(Protocol):
    def known(self, orthanc_ids: Collection[str]) -> dict[str, StoredInstance]: ...

    def ids(self) -> set[str]:
        """Every id that the index has an opinion on: indexed and present, or set aside."""
        ...

    def places(self, sop_instance_uids: Collection[str]) -> dict[str, str]:
        """The store's id of each SOP Instance UID that is indexed and present."""
        ...

    def put(self, found: Sequence[StoredInstance], cursor: int | None) -> None:
        """Add or replace instances and move the cursor, in one transaction."""
        ...

    def set_aside(self, aside: SetAside) -> None:
        """Remember it; when it was first seen stays known."""
        ...

    def aside(self, after: str, limit: int) -> list[str]:
        """Return the store's ids of what was set aside, in order, those after one of them."""
        ...

    def aside_codes(self) -> set[str]:
        """Return why anything is set aside."""
        ...

    def aside_of(self, pseudonym: str) -> list[str]:
        """Return the store's ids of what was set aside of one patient."""
        ...

    def gone_of(self, pseudonym: str) -> list[str]:
        """Return what the store has no more of one patient, delivered or not."""
        ...

    def mark_gone(self, orthanc_ids: Collection[str]) -> set[int]:
        """Note that the store has them no more. Returns the courses of those never delivered."""
        ...

    def gone(self) -> list[str]:
        """Return what the store has no more, and the archive never had."""
        ...

    def forget(
        self, orthanc_ids: Collection[str], why: ErasureCause, of: str | None = None
    ) -> None:
        """Drop deleted instances; how many of which day and sender stays known.

        With `of`, a pseudonym, they are counted on its tombstone too: for the signed receipt.
        """
        ...

    def first_came(self) -> dict[str, datetime]:
        """Map every patient of whom something is here to when the first of it came."""
        ...

    def cursor(self, name: str) -> str | None: ...

    def move(self, name: str, value: str) -> None: ...

    def here_of(self, pseudonyms: Collection[str]) -> set[str]:
        """Return those of whom anything is indexed, gone from the store too, or set aside."""
        ...

    def of_patient(self, pseudonym: str) -> list[StoredInstance]:
        """Return what is here, and what was delivered and is not in the store any more."""
        ...

    def others_with(self, study_uids: Collection[str], pseudonym: str) -> set[str]:
        """Return which other patients have something of these studies."""
        ...

    def unassigned_patients(self) -> list[str]: ...

    def counts(self) -> dict[str, int]: ...

    def count_duplicate(self, how_many: int) -> None: ...

    def count_revived(self, how_many: int) -> None:
        """Count what came again after it was gone."""
        ...

    def last_came(self) -> datetime | None:
        """Return when the latest came."""
        ...

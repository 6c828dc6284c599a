"""What the clinical services need from the world. `gateway.ports` has what all services share."""

from collections.abc import Collection, Mapping, Sequence, Set
from datetime import datetime
from typing import Protocol

from gateway.contract.clinical import BatchReceipt, ClinicalBatch, WithdrawalReceipt
from gateway.contract.recruitment import RecruitmentCounts
from gateway.domain.clinical import Addition, Forgotten, Person, Problem, Stored


class People(Protocol):
    """Who is consented, and under which names their rows travel."""

    def consented(self, patient_ids: Collection[str]) -> Mapping[str, Person]:
        """Map each patient id with a consent in force to the person; leave out the others."""
        ...

    def consenting(self) -> Set[str]:
        """Return the pseudonym of everybody whose rows may leave at this moment."""
        ...

    def withdrawn(self) -> Mapping[str, str]:
        """Map the pseudonym of everybody who withdrew to the national id."""
        ...

    def withdrew(self, pseudonyms: Collection[str]) -> Set[str]:
        """Return whoever of these is recalled or has withdrawn, whatever they have said since.

        A withdrawal that was annulled was none.
        """
        ...

    def returned(self, pseudonyms: Collection[str]) -> Mapping[str, str]:
        """Map whoever of these has a consent in force again to the national id."""
        ...

    def national_ids(self, pseudonyms: Collection[str]) -> Mapping[str, str]: ...


class ClinicalStore(Protocol):
    def add(self, rows: Sequence[Addition], at: datetime, dry: bool = False) -> Stored:
        """Store all rows or, when two sources disagree, none. `dry` only counts.

        Rows of patients who are forgotten are skipped.
        """
        ...

    def hold(
        self, source: str, problems: Mapping[int, Sequence[Problem]], at: datetime
    ) -> None: ...

    def next_batch(
        self, centre: str, most: int, at: datetime, consenting: Set[str]
    ) -> ClinicalBatch | None:
        """Return the batch that was begun and has no receipt, or else begin one.

        Rows of others than `consenting` are withheld, out of a batch that was begun as well.
        """
        ...

    def release(self, consenting: Set[str]) -> int:
        """Let withheld rows of these patients wait again. Returns of how many patients."""
        ...

    def dissolve(self, batch_id: str, at: datetime) -> None:
        """Let the rows of a batch wait again, for another batch."""
        ...

    def set_aside(self, batch_id: str, reason: str, at: datetime) -> None:
        """Mark all rows of a batch as refused."""
        ...

    def refused_again(self) -> int:
        """Let refused rows wait again that were not corrected since. Returns how many."""
        ...

    def record(self, receipt: BatchReceipt, at: datetime) -> None:
        """Keep a receipt. Refused rows are marked; the others of their batch wait again."""
        ...

    def forget(self, pseudonym: str, at: datetime) -> int:
        """Delete every row of a patient; the archive is still to be told. Returns how many.

        What came after an earlier deletion is added to its count.
        """
        ...

    def here_of(self, pseudonyms: Collection[str]) -> Set[str]:
        """Return those of whom there is any row."""
        ...

    def forgotten(self) -> Mapping[str, Forgotten]:
        """Return every withdrawal that stands, by pseudonym."""
        ...

    def came_since(self, pseudonym: str, when: datetime) -> bool:
        """Whether a row of this patient was imported at or after a time."""
        ...

    def archive_forgot(self, pseudonyms: Collection[str], at: datetime) -> None: ...

    def tell_again(self, pseudonyms: Collection[str]) -> None:
        """Forget that the archive was told of these withdrawals, and what it answered."""
        ...

    def keep_receipt(self, pseudonym: str, receipt: WithdrawalReceipt) -> None: ...

    def readmit(self, pseudonyms: Collection[str]) -> None:
        """Take rows of these patients again: their withdrawal stands no more."""
        ...

    def counts(self) -> dict[str, int]: ...


class ClinicalArchive(Protocol):
    """The archive's front door for rows.

    Raises `RetryError` while it cannot be reached, `StopError` when it does not let us in, and
    `RejectError` for what it will not take however often it is sent.
    """

    def send(self, batch: ClinicalBatch) -> BatchReceipt: ...

    def withdrawals(self) -> Sequence[WithdrawalReceipt]:
        """Return what the archive deleted of each of our patients who withdrew."""
        ...

    def tell_recruitment(self, counts: RecruitmentCounts) -> None:
        """Tell who was asked to take part; takes the place of what was told before."""
        ...

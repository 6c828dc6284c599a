"""Patient merge: two identifiers of the centre turn out to be one person.

The other identifier becomes an alias, so that later objects under either go to one national id.
What came under the other one carries its pseudonym already: it is erased like after a withdrawal,
here and at the archive, and has to be sent again by the source.

A merge can be undone. Whose what came in between is, nobody can tell: then everything of the kept
person is recalled, and both have to be sent again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from gateway.domain.consent import MERGED, Consent, ConsentStatus
from gateway.errors import RejectError
from gateway.ports import Audit, Clock, Erasures, Index, Merge, Vault
from gateway.services.consent import Naming

UNDONE: Final = "merge undone"


class Merges(Protocol):
    def merge(self, wanted: Merge, alias: str, patient_id: str, end: Consent) -> None:
        """Let `alias`, the keyed hash of `patient_id`, lead to the pseudonym that is kept.

        Every alias and statement of the other one goes there as well, and `end` becomes the
        statement of the other one that is in force.
        """
        ...

    def undo(self, merge: Merge, now: datetime) -> None:
        """Give the identifiers and statements back to whom they were of."""
        ...

    def merges(self) -> Sequence[Merge]:
        """Return every merge, the latest first."""
        ...


@dataclass(frozen=True)
class Merged:
    """What a merge did. No identifier."""

    already: bool
    """The two were one person before."""
    send_again: int
    """Instances that came under the other identifier: to be sent again once they are erased."""

    def as_json(self) -> dict[str, Any]:
        return vars(self)


class MergeService:
    """Joins two identifiers, and parts them again."""

    def __init__(
        self,
        vault: Vault,
        merges: Merges,
        naming: Naming,
        index: Index,
        erasures: Erasures,
        clock: Clock,
        audit: Audit,
        on_change: Callable[[str], None],
        has_rows_since: Callable[[str, datetime], bool],
    ) -> None:
        self._vault = vault
        self._merges = merges
        self._naming = naming
        self._index = index
        self._erasures = erasures
        self._clock = clock
        self._audit = audit
        self._on_change = on_change
        self._has_rows_since = has_rows_since

    def merge(self, patient_id: str, other_id: str, caller: str) -> Merged:
        """Let `other_id` mean the person of `patient_id` from now on; doing it twice is harmless.

        Raises
        ------
        RejectError
            `unknown-patient`: no consent list has the first identifier.
        """
        first, second = self._naming.lookup(patient_id), self._naming.lookup(other_id)
        known = self._vault.pseudonyms([first, second])
        keep, other = known.get(first), known.get(second)
        if keep is None:
            raise RejectError(
                "unknown-patient", "the identifier to keep is in no consent list; import it first"
            )
        if keep == other or first == second:
            return Merged(already=True, send_again=0)
        stored = len(self._index.of_patient(other)) if other else 0
        self._audit.record(
            "merge", caller, keep, f"{other or 'new identifier'}, {stored} instances"
        )
        end = Consent(ConsentStatus.WITHDRAWN, MERGED, MERGED, self._clock.now().date())
        wanted = Merge(keep, other, stored, self._clock.now())
        self._merges.merge(wanted, second, other_id, end)
        for pseudonym in filter(None, (keep, other)):
            self._on_change(pseudonym)
        return Merged(already=False, send_again=stored)

    def undo(self, merge_id: int, caller: str) -> dict[str, Any]:
        """Part two identifiers again; everything of the kept one is recalled if anything came.

        Raises
        ------
        RejectError
            `unknown-merge`, or `undo-later-first` while a later merge into the same one stands.
        """
        standing = [one for one in self._merges.merges() if one.undone_at is None]
        found = next((one for one in standing if one.id == merge_id), None)
        if found is None:
            raise RejectError("unknown-merge", "no such merge stands")
        touching = {found.keep, found.other} - {None}
        latest = next(one for one in standing if touching & {one.keep, one.other})
        if latest.id != found.id:
            raise RejectError("undo-later-first", "undo the later merge of the same patient first")
        mixed = self._is_mixed(found)
        detail = f"{found.other or 'new identifier'}, {'recalled' if mixed else 'nothing came'}"
        self._audit.record("merge-undo", caller, found.keep, detail)
        if mixed:  # first: killed here, the merge still stands and is undone again
            self._erasures.recall(found.keep, UNDONE, self._clock.now())
        self._merges.undo(found, self._clock.now())
        for pseudonym in filter(None, (found.keep, found.other)):
            self._on_change(pseudonym)
        return {"recalled": mixed}

    def _is_mixed(self, merge: Merge) -> bool:
        """Whether anything came since, of which nobody can tell whose it is."""
        stored = self._index.of_patient(merge.keep)
        came = any(one.received_at >= merge.merged_at for one in stored)
        return came or self._has_rows_since(merge.keep, merge.merged_at)

    def progress(self) -> list[dict[str, Any]]:
        """Return every merge, and whether what came under the other identifier may come again."""
        return [
            {
                "id": one.id,
                "merged_at": one.merged_at.isoformat(),
                "kept": one.keep,
                "other": one.other,
                "send_again": one.instances,
                "state": self._state(one),
            }
            for one in self._merges.merges()
        ]

    def _state(self, merge: Merge) -> str:
        if merge.undone_at is not None:
            return "undone"
        if merge.other is None:
            return "done"
        stone = self._vault.tombstones().get(merge.other)
        if stone is None:
            return "site"
        signed = self._erasures.has_receipt(merge.other, stone.erased_at)
        return "done" if signed else "archive"

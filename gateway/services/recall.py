"""Recalling what was sent under the wrong patient, and signing receipts of every deletion.

A recall works like a withdrawal that is lifted by itself: everything under the identifier is
deleted here and at the archive, nothing of it is taken meanwhile, and once the archive has said
that it is done, the right objects can be sent again under the consent that still stands.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from gateway.domain.clinical import Forgotten
from gateway.domain.consent import ConsentStatus
from gateway.domain.erasure import ErasureCause, SignedReceipt
from gateway.domain.submission import check_comment
from gateway.errors import RejectError
from gateway.ports import (
    Audit,
    Clock,
    Courses,
    Erasures,
    Index,
    Merge,
    StoredInstance,
    Tombstone,
    Vault,
)
from gateway.services.consent import Naming, pseudonym_of


class Signing(Protocol):
    def __call__(
        self,
        *,
        pseudonym: str,
        why: ErasureCause,
        site: Mapping[str, Any],
        archive: Mapping[str, Any],
    ) -> SignedReceipt: ...


class Orders(Protocol):
    """What the archive was told to delete, and its answers."""

    def forgotten(self) -> Mapping[str, Forgotten]: ...

    def tell_again(self, pseudonym: str) -> None:
        """Forget the archive's answer, and tell it once more."""
        ...


class RecallService:
    """`step` is called again and again; each part of it may be killed and repeated."""

    def __init__(
        self,
        erasures: Erasures,
        vault: Vault,
        index: Index,
        courses: Courses,
        naming: Naming,
        site_uid: Callable[[str], str],
        orders: Orders,
        sign: Signing,
        on_change: Callable[[str], None],
        audit: Audit,
        clock: Clock,
        merges: Callable[[], Sequence[Merge]],
    ) -> None:
        self._erasures = erasures
        self._vault = vault
        self._index = index
        self._courses = courses
        self._naming = naming
        self._site_uid = site_uid
        self._orders = orders
        self._sign = sign
        self._on_change = on_change
        self._audit = audit
        self._clock = clock
        self._merges = merges

    def recall(self, patient_id: str, uid: str, comment: str, caller: str) -> dict[str, Any]:
        """Order the deletion of everything that came under an identifier.

        Parameters
        ----------
        uid
            An original study, series or instance UID of what was sent wrongly, to be sure. May be
            left out of somebody of whom something was deleted before: an archive that was restored
            from an older backup has it again, and here is nothing to compare with.

        Raises
        ------
        RejectError
            `unknown-patient`, `unknown-uid` or `comment`.
        """
        pseudonym = pseudonym_of(patient_id, self._naming, self._vault)
        stored = self._index.of_patient(pseudonym)
        is_again = not uid.strip() and bool(self._erasures.receipts(pseudonym))
        if not is_again and not self._is_of(stored, uid.strip()):
            raise RejectError("unknown-uid", "nothing of that UID has come under this identifier")
        person = self._vault.person(pseudonym)
        comment = check_comment(comment, person.words() if person else ())
        self._audit.record("recall", caller, pseudonym, comment)
        studies = {s.instance.study_instance_uid for s in stored}
        others = self._index.others_with(studies, pseudonym)
        self._orders.tell_again(pseudonym)  # first: an earlier answer is no answer to this recall
        self._erasures.recall(pseudonym, comment, self._clock.now())
        for one in (pseudonym, *sorted(others)):
            self._on_change(one)
        return {"instances": len(stored), "courses": len(self._courses.of_patient(pseudonym))}

    def _is_of(self, stored: Sequence[StoredInstance], uid: str) -> bool:
        names = ("study_instance_uid", "series_instance_uid", "sop_instance_uid")
        here = self._site_uid(uid)
        return any(getattr(one.instance, name) == here for one in stored for name in names)

    def step(self) -> int:
        """Sign receipts that are due and close recalls. Returns how many receipts were signed.

        Whose consent came back meanwhile is kept out until then, and no longer.
        """
        recalled, forgotten = self._erasures.recalled(), self._orders.forgotten()
        consents, merges = self._vault.in_force(), self._merges()
        signed = 0
        for pseudonym, tombstone in self._vault.tombstones().items():
            told = forgotten.get(pseudonym)
            if told is None or told.receipt is None or told.receipt.erased_at is None:
                continue
            recalls = pseudonym in recalled
            merged = _was_merged(pseudonym, tombstone.erased_at, merges)
            why = ErasureCause.MERGED if merged else ErasureCause.WITHDRAWN
            why = ErasureCause.RECALLED if recalls else why
            if not self._erasures.has_receipt(pseudonym, tombstone.erased_at):
                receipt = self._receipt(pseudonym, why, tombstone, told)
                self._erasures.keep(pseudonym, tombstone.erased_at, receipt)
                signed += 1
            if recalls:
                self._erasures.close(pseudonym, self._clock.now())
            given = consents.get(pseudonym)
            if recalls or (given and given.status is ConsentStatus.GRANTED):
                self._vault.unbury(pseudonym)
                self._on_change(pseudonym)
        return signed

    def _receipt(
        self, pseudonym: str, why: ErasureCause, tombstone: Tombstone, told: Forgotten
    ) -> SignedReceipt:
        answer = told.receipt.model_dump(mode="json") if told.receipt else {}
        return self._sign(
            pseudonym=pseudonym,
            why=why,
            site={
                "instances": tombstone.instances,
                "copies": tombstone.copies,
                "clinical_rows": told.rows,
                "erased_at": tombstone.erased_at.isoformat(),
            },
            archive=answer,
        )

    def receipts(self) -> list[dict[str, Any]]:
        """Return every receipt, the latest first."""
        return [receipt.as_json() for receipt in self._erasures.receipts()]

    def is_unsigned(self, pseudonym: str) -> bool:
        """Whether somebody's deletion was begun and has no signed receipt yet."""
        stone = self._vault.tombstones().get(pseudonym)
        signed = stone and self._erasures.has_receipt(pseudonym, stone.erased_at)
        return not signed and pseudonym in self._orders.forgotten()

    def is_erasing(self) -> bool:
        """Whether the archive has not yet said of somebody that everything is deleted there."""
        forgotten = self._orders.forgotten()
        merged = {one.other for one in self._merges() if one.other and not one.undone_at}
        ordered = self._erasures.recalled() | merged | forgotten.keys()
        told = (forgotten.get(pseudonym) for pseudonym in ordered)
        return any(one is None or one.receipt is None for one in told)

    def open(self) -> int:
        return len(self._erasures.recalled())


def _was_merged(pseudonym: str, at: datetime, merges: Sequence[Merge]) -> bool:
    """Whether somebody was given up at that time; the merge may be undone since."""
    return any(
        one.other == pseudonym and one.merged_at <= at <= (one.undone_at or at) for one in merges
    )

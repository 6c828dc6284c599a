"""Patient merge: two identifiers of the centre turn out to be one person.

The other identifier becomes an alias, so that later objects under either go to one national id.
What came under the other one carries its pseudonym already: it is erased like after a withdrawal,
here and at the archive, and has to be sent again by the source.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.domain.consent import MERGED, Consent, ConsentStatus
from gateway.errors import RejectError
from gateway.ports import Audit, Clock, Index, Vault
from gateway.services.consent import Naming


class Merges(Protocol):
    def merge(
        self, keep: str, other: str | None, alias: str, patient_id: str, end: Consent
    ) -> None:
        """Let `alias`, the keyed hash of `patient_id`, lead to the pseudonym `keep`.

        Every alias and statement of `other` goes to `keep` as well, and `end` becomes the
        statement of `other` that is in force.
        """
        ...


@dataclass(frozen=True)
class Merged:
    """What a merge did. No identifier."""

    already: bool
    """The two were one person before."""
    send_again: int
    """Instances that came under the other identifier: erased here, to be sent again."""

    def as_json(self) -> dict[str, Any]:
        return vars(self)


class MergeService:
    """Joins two identifiers."""

    def __init__(
        self,
        vault: Vault,
        merges: Merges,
        naming: Naming,
        index: Index,
        clock: Clock,
        audit: Audit,
        on_change: Callable[[str], None],
    ) -> None:
        self._vault = vault
        self._merges = merges
        self._naming = naming
        self._index = index
        self._clock = clock
        self._audit = audit
        self._on_change = on_change

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
        self._merges.merge(keep, other, second, other_id, end)
        for pseudonym in filter(None, (keep, other)):
            self._on_change(pseudonym)
        return Merged(already=False, send_again=stored)

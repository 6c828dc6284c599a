"""The `People` port of the clinical services, on the vault and the centre's keys."""

from collections.abc import Callable, Collection, Mapping, Set

from gateway.domain.clinical import Person
from gateway.domain.consent import ConsentStatus
from gateway.domain.deid import name_words
from gateway.domain.identity import KeyRing, day_shift, lookup_hash, national_id
from gateway.ports import Vault


class VaultPeople:
    """Answers from the vault; identifiers are hashed here and go no further.

    Parameters
    ----------
    admitted
        Whose consent is in force: the same answer as objects get.
    recalled
        Whose objects are recalled: the archive deletes their rows too.
    """

    def __init__(
        self,
        vault: Vault,
        ring: KeyRing,
        admitted: Callable[[], Set[str]],
        recalled: Callable[[], frozenset[str]],
    ) -> None:
        self._vault = vault
        self._ring = ring
        self._admitted = admitted
        self._recalled = recalled
        self._keys = ring.site_keys()

    def consented(self, patient_ids: Collection[str]) -> Mapping[str, Person]:
        lookups = {patient: lookup_hash(self._keys, patient) for patient in patient_ids}
        pseudonyms = self._vault.pseudonyms(set(lookups.values()))
        admitted = self._admitted()
        return {
            patient: self._person(pseudonyms[lookup])
            for patient, lookup in lookups.items()
            if pseudonyms.get(lookup) in admitted
        }

    def consenting(self) -> Set[str]:
        return self._admitted()

    def withdrawn(self) -> Mapping[str, str]:
        """Map whose data the archive must not keep, by consent or recall, to their national ids."""
        withdrawn = {
            pseudonym
            for pseudonym, consent in self._vault.in_force().items()
            if consent.status is ConsentStatus.WITHDRAWN
        }
        return self.national_ids(withdrawn | self._recalled())

    def withdrew(self, pseudonyms: Collection[str]) -> Set[str]:
        said = self._vault.statements(pseudonyms)
        withdrew = {
            pseudonym
            for pseudonym, statements in said.items()
            if any(one.status is ConsentStatus.WITHDRAWN for one in statements)
        }
        return withdrew | (self._recalled() & set(pseudonyms))

    def returned(self, pseudonyms: Collection[str]) -> Mapping[str, str]:
        granted = {
            pseudonym
            for pseudonym, consent in self._vault.in_force().items()
            if consent.status is ConsentStatus.GRANTED
        }
        return self.national_ids((granted & set(pseudonyms)) - self._recalled())

    def national_ids(self, pseudonyms: Collection[str]) -> Mapping[str, str]:
        return {pseudonym: national_id(self._ring, pseudonym) for pseudonym in pseudonyms}

    def _person(self, pseudonym: str) -> Person:
        known = self._vault.person(pseudonym)
        return Person(
            pseudonym=pseudonym,
            national_id=national_id(self._ring, pseudonym),
            shift_days=day_shift(self._keys, pseudonym),
            birth_date=known.birth_date if known else None,
            words=name_words(*known.words()) if known else frozenset(),
        )

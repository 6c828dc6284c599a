"""What the rules may know of a patient, from the vault and the centre's keys."""

from collections.abc import Sequence
from datetime import date

from gateway.contract.ages import age_on
from gateway.domain.consent import Person
from gateway.domain.identity import (
    SiteKeys,
    birth_date_of,
    day_shift,
    is_identity_code,
    shift_date,
)
from gateway.domain.validation import Subject, is_test_patient
from gateway.ports import Vault


class VaultSubjects:
    """Answers with an age and a yes or no; identifiers go no further."""

    def __init__(self, vault: Vault, keys: SiteKeys, test_patients: Sequence[str]) -> None:
        self._vault = vault
        self._keys = keys
        self._test_patients = tuple(test_patients)

    def subject(self, pseudonym: str, days: Sequence[str]) -> Subject:
        """Return what is known; `days` are DICOM dates as the first stage shifted them."""
        person = self._vault.person(pseudonym)
        if person is None:
            return Subject()
        names = (*person.patient_ids, person.family_name, person.given_name)
        return Subject(
            self._age(person, pseudonym, days), is_test_patient(names, self._test_patients)
        )

    def _age(self, person: Person, pseudonym: str, days: Sequence[str]) -> int | None:
        codes = [code for code in map(str.upper, person.patient_ids) if is_identity_code(code)]
        if not days or (person.birth_date is None and not codes):
            return None
        try:
            birth = person.birth_date or date.fromisoformat(birth_date_of(codes[0]))
            shifted = date.fromisoformat(min(days))
        except ValueError:
            return None
        return age_on(birth, shift_date(shifted, -day_shift(self._keys, pseudonym)))

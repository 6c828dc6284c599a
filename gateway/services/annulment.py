"""A statement of consent that was wrong, of the wrong patient or day: looked up, and annulled."""

from collections.abc import Callable
from typing import Any

from gateway.domain.submission import check_comment
from gateway.errors import RejectError
from gateway.ports import Audit, Vault
from gateway.services.consent import Naming, pseudonym_of


class AnnulmentService:
    """`follow` does whatever a change of somebody's consent has to lead to."""

    def __init__(
        self, vault: Vault, naming: Naming, audit: Audit, follow: Callable[[str], None]
    ) -> None:
        self._vault = vault
        self._naming = naming
        self._audit = audit
        self._follow = follow

    def ledger(self, patient_id: str, caller: str) -> list[dict[str, Any]]:
        """Return what a patient has said; that it was looked at is in the audit."""
        pseudonym = pseudonym_of(patient_id, self._naming, self._vault)
        self._audit.record("consent-view", caller, pseudonym)
        said = self._vault.ledger(pseudonym)
        valid = [one.consent for one in said if one.annulled_at is None]
        counts = self._vault.effect(valid)
        return [
            {
                "statement": one.id,
                "status": one.consent.status.value,
                "version": one.consent.version,
                "scope": one.consent.scope,
                "date": one.consent.given_on.isoformat(),
                "ends_on": one.consent.ends_on.isoformat() if one.consent.ends_on else None,
                "recorded_at": one.recorded_at.isoformat(),
                "annulled_at": one.annulled_at.isoformat() if one.annulled_at else None,
                "counts": one.annulled_at is None and one.consent == counts,
            }
            for one in said
        ]

    def annul(self, patient_id: str, statement: int, comment: str, caller: str) -> None:
        """Let a statement count no more; the same one from another list stays annulled.

        Raises
        ------
        RejectError
            `unknown-patient`, `unknown-statement` or `comment`.
        """
        pseudonym = pseudonym_of(patient_id, self._naming, self._vault)
        said = {one.id: one for one in self._vault.ledger(pseudonym) if one.annulled_at is None}
        if statement not in said:
            raise RejectError("unknown-statement", "this patient has no such statement that counts")
        person = self._vault.person(pseudonym)
        comment = check_comment(comment, person.words() if person else ())
        detail = f"{said[statement].consent.status.value}: {comment}"
        self._audit.record("consent-annul", caller, pseudonym, detail)
        self._vault.annul(statement)
        self._follow(pseudonym)

"""Redacted terms: listed with their frequency, decided by a person, applied to every object.

The original is unsealed for the centre's steward only; it is in no log and in no audit entry.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.contract.marks import REDACTED
from gateway.domain.deid import (
    HASH_DIGITS,
    Decision,
    Term,
    TermUse,
    attribute_name,
    fold,
    screen_text,
    sealed_terms,
)
from gateway.domain.submission import check_comment
from gateway.errors import HoldError, RejectError
from gateway.ports import Alerts, Audit, Courses, StoredInstance, Terms, Vault

FAMILY_LENGTH = len(REDACTED) + HASH_DIGITS - 1
"""A short attribute has room for one digit of the hash less than others: one term, two
names."""
UNREADABLE = "sealed under another key"
DAMAGED = "terms-damaged"


class TermService:
    """What the operator decides here goes into every object that leaves from now on."""

    def __init__(
        self,
        terms: Terms,
        courses: Courses,
        vault: Vault,
        unseal: Callable[[bytes], bytes],
        use: Callable[[Mapping[str, str]], None],
        alerts: Alerts,
        audit: Audit,
    ) -> None:
        self._terms = terms
        self._courses = courses
        self._vault = vault
        self._unseal = unseal
        self._use = use
        self._alerts = alerts
        self._audit = audit
        self._noted: list[TermUse] = []
        use(terms.in_force())

    def note(self, stored: StoredInstance, data: bytes) -> None:
        """Note what the first stage redacted in an object that is being indexed; then `keep`."""
        try:
            found = sealed_terms(data)
        except RejectError as error:
            text = f"{error} It leaves with its terms redacted; they cannot be decided on."
            self._alerts.raise_alert(DAMAGED, text)
            return
        pseudonym = stored.instance.pseudonym
        self._noted += [TermUse(stored.orthanc_id, pseudonym, term) for term in found]

    def keep(self) -> None:
        """Store what was noted since; intake calls it before it moves on."""
        self._terms.note(self._noted)
        self._noted.clear()

    def damage(self) -> str:
        """Return what is told of damaged terms, until somebody has seen it."""
        found = (alert["text"] for alert in self._alerts.open() if alert["code"] == DAMAGED)
        return next(found, "")

    def seen(self, caller: str) -> None:
        """Take the alert on damaged terms down: nothing else can be done about them."""
        self._audit.record("terms-damage-seen", caller, "-")
        self._alerts.clear(DAMAGED)

    def find(self, decision: Decision | None = None) -> list[dict[str, Any]]:
        """Return terms, the most frequent first, with what they say."""
        families: dict[tuple[str, str], list[Term]] = {}
        for term in self._terms.find(decision):
            families.setdefault(self._family(term), []).append(term)
        told = [self._describe(terms) for terms in families.values()]
        return sorted(told, key=lambda term: (-term["instances"], term["replacement"]))

    def view(self, decision: Decision | None, caller: str) -> list[dict[str, Any]]:
        """Return what `find` does to the steward; that it was looked at is in the audit."""
        found = self.find(decision)
        self._audit.record("terms-view", caller, "-", f"{len(found)} terms")
        return found

    def _family(self, term: Term) -> tuple[str, str]:
        return term.replacement[:FAMILY_LENGTH], fold(self._original(term))

    def _original(self, term: Term) -> str:
        try:
            return self._unseal(term.sealed).decode()
        except HoldError:
            return UNREADABLE

    def _describe(self, terms: Sequence[Term]) -> dict[str, Any]:
        first = terms[0]
        return {
            "replacement": first.replacement,
            "original": self._original(first),
            "decision": first.decision.value,
            "text": first.text,
            "instances": sum(term.instances for term in terms),
            "where": sorted({attribute_name(tag) for term in terms for tag in term.tags}),
        }

    def decide(
        self, replacement: str, decision: Decision, text: str, caller: str, comment: str = ""
    ) -> dict[str, Any]:
        """Approve a term as it is, map it to a text, or leave it redacted.

        Returns the term as `find` does and how many courses are sent again.

        Raises
        ------
        RejectError
            `unknown-term`, `term` when the text would identify somebody, or `comment` when that
            would; it stays in the audit.
        """
        terms = self._same(replacement)
        patients = self._terms.patients([term.replacement for term in terms])
        chosen = self._chosen(terms[0], decision, text, patients)
        comment = self._screen(comment, terms[0], decision, patients)
        self._audit.record(f"term-{decision.value}", caller, terms[0].replacement, comment)
        names = [term.replacement for term in terms]
        before = self._terms.in_force()
        self._terms.decide(names, decision, chosen)
        after = self._terms.in_force()
        again: set[int] = set()
        if before != after:
            self._use(after)
            again = self._terms.courses(names)
            self._courses.send_again(again)
        decided = [replace(term, decision=decision, text=chosen) for term in terms]
        return {**self._describe(decided), "courses": len(again)}

    def _screen(self, comment: str, term: Term, decision: Decision, patients: set[str]) -> str:
        """Return the comment, stripped, which may be empty.

        What stays redacted may be a name, and is not to be said in the comment instead.
        """
        people = (self._vault.person(pseudonym) for pseudonym in patients)
        known = {word for person in people if person for word in person.words()}
        if decision is not Decision.APPROVED:
            known |= {self._original(term)}
        return check_comment(comment, known) if comment.strip() else ""

    def _same(self, replacement: str) -> list[Term]:
        """Return the term with its other name, which a shorter attribute gave it."""
        begin = replacement[:FAMILY_LENGTH]
        near = [term for term in self._terms.find() if term.replacement.startswith(begin)]
        wanted = next((term for term in near if term.replacement == replacement), None)
        if wanted is None:
            raise RejectError("unknown-term", "there is no such term")
        family = self._family(wanted)
        return [term for term in near if self._family(term) == family]

    def _chosen(self, term: Term, decision: Decision, text: str, patients: set[str]) -> str:
        if decision in {Decision.OPEN, Decision.LEFT}:
            return ""
        chosen = self._original(term) if decision is Decision.APPROVED else text.strip()
        if chosen == UNREADABLE:
            raise RejectError("term", "the term was sealed under another key; map it instead")
        people = (self._vault.person(pseudonym) for pseudonym in patients)
        names = {fold(word) for person in people if person for word in person.words()}
        wrong = screen_text(chosen, frozenset(names))
        if wrong is not None:
            raise RejectError("term", wrong)
        return chosen

    def forget(self, pseudonym: str) -> None:
        """Remove what came from a patient whose objects are erased."""
        self._terms.forget(pseudonym)

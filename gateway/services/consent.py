"""Consent: lists come in, the plugin's snapshot goes out, and every send asks again."""

import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from gateway.contract.site import ConsentSnapshot
from gateway.domain.canary import CANARY_PATIENT_ID
from gateway.domain.consent import (
    MERGED,
    ConsentRow,
    ConsentStatus,
    ListRules,
    Person,
    Sheet,
    read_bundle,
    read_sheet,
)
from gateway.domain.tabular.problems import Problem
from gateway.errors import RejectError
from gateway.ports import Audit, Enrolment, Vault


class Naming(Protocol):
    """The keyed functions of the first step of identity, bound to this centre's keys."""

    def lookup(self, patient_id: str) -> str: ...

    def pseudonym(self, patient_id: str) -> str: ...


def listed_as(patient_id: str, naming: Naming, vault: Vault) -> str | None:
    """Return the pseudonym that an identifier of a consent list has, None if it is in none."""
    lookup = naming.lookup(patient_id)
    return vault.pseudonyms([lookup]).get(lookup)


def pseudonym_of(patient_id: str, naming: Naming, vault: Vault) -> str:
    """Return the pseudonym of one who must be in a consent list.

    Raises
    ------
    RejectError
        `unknown-patient`.
    """
    pseudonym = listed_as(patient_id, naming, vault)
    if pseudonym is None:
        raise RejectError("unknown-patient", "this identifier is in no consent list")
    return pseudonym


@dataclass(frozen=True)
class ImportReport:
    """What a consent list would change (preview) or has changed (commit). No identifier."""

    rows: int
    counts: dict[str, int]
    new: int
    changed: int
    unchanged: int
    annulled: int
    """Lines of statements that were annulled here: those stay so."""
    problems: tuple[Problem, ...]
    not_taken: tuple[Problem, ...]
    committed: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            **{status.value: self.counts.get(status.value, 0) for status in ConsentStatus},
            "new": self.new,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "annulled": self.annulled,
            "problems": [vars(problem) for problem in self.problems],
            "not_taken": [vars(line) for line in self.not_taken],
            "committed": self.committed,
        }


class ConsentService:
    """Who may be stored, from the lists that the centre imports.

    Parameters
    ----------
    erasing
        Whether somebody's deletion was begun and has no signed receipt yet.
    """

    def __init__(
        self,
        vault: Vault,
        naming: Naming,
        audit: Audit,
        policy_hash: str,
        identities: str,
        *,
        rules: Callable[[], ListRules],
        on_change: Callable[[str], None],
        closed: Callable[[], str | None],
        recalled: Callable[[], frozenset[str]],
        erasing: Callable[[str], bool],
        hold_unknown: bool,
    ) -> None:
        self._vault = vault
        self._naming = naming
        self._audit = audit
        self._policy_hash = policy_hash
        self._identities = identities
        self._rules = rules
        self._on_change = on_change
        self._closed = closed
        self._hold_unknown = hold_unknown
        self._recalled = recalled
        self._erasing = erasing
        self._boot = secrets.token_hex(4)

    def import_sheet(self, body: bytes, caller: str, *, commit: bool) -> ImportReport:
        """Read a CSV list or a FHIR R4 Bundle.

        With `commit`, every line of it is stored or, with any problem, none.
        """
        sheet = _read(body, self._rules())
        committed = commit and not sheet.problems
        if not committed:  # what it answers tells who takes part
            self._audit.record("consent-preview", caller, "-", f"{sheet.lines} rows")
        listed = self._enrolments(sheet.rows) if not sheet.problems else []
        annulled = self._vault.annulled({e.pseudonym for e in listed})
        enrolments = [e for e in listed if e.consent not in annulled.get(e.pseudonym, ())]
        before = self._vault.statements({e.pseudonym for e in enrolments})
        after = {pseudonym: list(found) for pseudonym, found in before.items()}
        for entry in enrolments:
            after.setdefault(entry.pseudonym, []).append(entry.consent)
        effect = self._vault.effect
        touched = [p for p in after if effect(before.get(p, ())) != effect(after[p])]
        known = before.keys() | annulled.keys()
        new = sum(1 for p in touched if p not in known)
        if committed:
            self._audit.record("consent-import", caller, "-", f"{sheet.lines} rows")
            self._vault.enrol(enrolments)
            # Of somebody new nothing can be here yet, unless unknown patients are held.
            for pseudonym in set(touched) if self._hold_unknown else known & set(touched):
                self.follow(pseudonym)
        return ImportReport(
            rows=sheet.lines,
            counts=sheet.counts(),
            new=new,
            changed=len(touched) - new,
            unchanged=len(after) - len(touched),
            annulled=len(listed) - len(enrolments),
            problems=sheet.problems,
            not_taken=sheet.not_taken,
            committed=committed,
        )

    def follow(self, pseudonym: str) -> None:
        """Do what a change of somebody's consent leads to."""
        self._lift(pseudonym)
        self._on_change(pseudonym)

    def catch_up(self) -> None:
        """Follow whoever has consented again and is kept out still.

        Their deletion is taken back by now, or the service was stopped before it could follow.
        """
        for pseudonym in self._with(ConsentStatus.GRANTED) & self._vault.buried():
            if self._lift(pseudonym):
                self._on_change(pseudonym)

    def _lift(self, pseudonym: str) -> bool:
        """Keep somebody out no more, unless a deletion is under way: its receipt comes first."""
        given = self._vault.consent_of(pseudonym)
        back = given is not None and given.status is ConsentStatus.GRANTED
        stays = not back or pseudonym not in self._vault.buried()
        if stays or pseudonym in self._recalled() or self._erasing(pseudonym):
            return False
        self._vault.unbury(pseudonym)
        return True

    def _enrolments(self, rows: tuple[ConsentRow, ...]) -> list[Enrolment]:
        lookups = {row.line: self._naming.lookup(row.patient_id) for row in rows}
        known = self._vault.pseudonyms(set(lookups.values()))
        return [
            Enrolment(
                lookup=lookups[row.line],
                pseudonym=known.get(lookups[row.line]) or self._naming.pseudonym(row.patient_id),
                person=_person(row),
                consent=row.consent,
            )
            for row in rows
        ]

    def snapshot(self) -> ConsentSnapshot:
        """Return who may be stored now: nobody while intake is closed."""
        tag = self.snapshot_tag()  # before it is read: an older tag only makes it be asked again
        closed = self._closed()
        admitted = set() if closed else self.admitted()
        known = self._vault.aliases()
        canary = self._naming.lookup(CANARY_PATIENT_ID)
        return ConsentSnapshot(
            tag=tag,
            policy_hash=self._policy_hash,
            identities=self._identities,
            admitted={lookup: p for lookup, p in known.items() if p in admitted},
            refused=frozenset({canary, *(k for k, p in known.items() if p not in admitted)})
            if self._hold_unknown
            else frozenset(),
            hold_unknown=self._hold_unknown and not closed,
            closed=closed,
        )

    def differs(self, policy_hash: str, identities: str) -> str | None:
        """Say what a plugin has otherwise than this service; such a plugin takes nothing."""
        if policy_hash not in ("", self._policy_hash):
            return "follows another policy than the gateway: start both again"
        if identities not in ("", self._identities):
            return "has other keys than the gateway: write its site keys again, and start it again"
        return None

    def snapshot_tag(self) -> str:
        """Return another text whenever a snapshot would say something else."""
        day = self._rules().latest.isoformat()  # a consent may end with it
        recalled = sha256(" ".join(sorted(self._recalled())).encode()).hexdigest()[:8]
        return f"{self._boot}-{self._vault.revision}-{day}-{recalled}-{self._closed() or 'open'}"

    def is_admitted(self, pseudonym: str) -> bool:
        """Whether consent is in force for this person at this moment."""
        found = self._vault.consent_of(pseudonym)
        granted = found is not None and found.status is ConsentStatus.GRANTED
        kept_out = self._vault.buried() | self._recalled()
        return granted and pseudonym not in kept_out

    def withdrawn(self) -> set[str]:
        """Return whose consent was withdrawn: themselves, not by a merge."""
        return self._with(ConsentStatus.WITHDRAWN) - self.merged()

    def merged(self) -> set[str]:
        """Return the pseudonyms whose identifiers belong to another one since a merge."""
        found = self._vault.in_force().items()
        return {pseudonym for pseudonym, consent in found if consent.version == MERGED}

    def counts(self) -> dict[str, int]:
        """Count people by the consent in force: the denominator of recruitment."""
        people = (found for found in self._vault.in_force().values() if found.version != MERGED)
        counted = Counter(found.status.value for found in people)
        return {status.value: counted.get(status.value, 0) for status in ConsentStatus}

    def admitted(self) -> set[str]:
        """Return everybody whose consent is in force: what is theirs may be stored and sent."""
        return self._with(ConsentStatus.GRANTED) - self._vault.buried() - self._recalled()

    def _with(self, status: ConsentStatus) -> set[str]:
        found = self._vault.in_force().items()
        return {pseudonym for pseudonym, consent in found if consent.status is status}


def _person(row: ConsentRow) -> Person:
    names = (row.family_name, row.given_name)
    return Person((row.patient_id,), *names, row.birth_date, row.sex, row.diagnosis)


def _read(body: bytes, rules: ListRules) -> Sheet:
    is_fhir = body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"
    return read_bundle(body, rules) if is_fhir else read_sheet(body, rules)

"""Use cases of the rules of structure names: decide, draft, preview, propose, release, roll back.

A release is done by two people. It touches derived data only: the courses whose names it changes
are harmonized again in the background.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from types import MappingProxyType
from typing import Any, Final

from gateway.contract.vocabulary import PublishedVocabulary
from harmonizer.domain.nomenclature import (
    HELPER,
    MATCHER_VERSION,
    Change,
    Compliance,
    Conflict,
    Decision,
    Disagreement,
    Mapper,
    Nomenclature,
    OpenName,
    Release,
    ReleaseState,
    Rule,
    RuleSet,
    compliance,
    concept_maps,
    contradictions,
    disagreements,
    obstacles,
    open_names,
    preview,
)
from harmonizer.errors import DataError, NotFoundError, RefusedError
from harmonizer.ports import Clock
from harmonizer.services.name_records import NameRules, NameUses, RuleFiles
from harmonizer.services.remapping import ARCHIVE, REMAP
from harmonizer.services.submission import HARMONIZE

LONGEST_NAME: Final = 256
LONGEST_TEXT: Final = 500
CONFLICT: Final = 409


@dataclass(frozen=True)
class Preview:
    """What a set would change if it were released."""

    version: int
    changes: Sequence[Change]
    structures: int
    patients: int
    obstacles: Sequence[Conflict]
    disagreements: Sequence[Disagreement]

    def summary(self) -> str:
        """Return it in one sentence."""
        return (
            f"rule set {self.version} changes {self.structures} structures"
            f" in {self.patients} patients"
        )


class NomenclatureService:
    """The rules in force, and the way of new ones to there."""

    def __init__(
        self,
        records: NameRules,
        uses: NameUses,
        files: RuleFiles,
        nomenclature: Nomenclature,
        centres: Iterable[str],
        clock: Clock,
    ) -> None:
        self._records = records
        self._uses = uses
        self._files = files
        self._nomenclature = nomenclature
        self._centres = {centre.lower(): centre for centre in centres}
        self._clock = clock
        self._lock = Lock()
        self._mapper = Mapper(nomenclature)

    def mapper(self) -> Mapper:
        """Return the mapper of the rules in force."""
        version = self._records.in_force()
        with self._lock:
            if self._mapper.rules.version != version:
                rules = RuleSet(version, tuple(self._records.rules(version)))
                self._mapper = self._mapper.with_rules(rules)
            return self._mapper

    def worklist(self, centre: str | None = None) -> Sequence[OpenName]:
        """Return the names to decide about that the open set does not answer yet."""
        uses = [u for u in self._uses.uses(open_only=True) if centre in {None, u.centre}]
        mapper, waiting = self.mapper(), self.open_set()
        if waiting:
            mapper = mapper.with_rules(self._rule_set(waiting.version))
        return open_names(mapper, uses)

    def example(self, name: OpenName) -> tuple[str, int] | None:
        """Return a course and the ROI number of a region that has this name."""
        for centre, _ in name.centres:
            for spelling in name.spellings:
                found = self._uses.example(spelling, centre)
                if found:
                    return found
        return None

    def standard_names(self) -> Sequence[str]:
        """Return the names of the list."""
        return [structure.name for structure in self._nomenclature.structures]

    def decide(self, rule: Rule, by: str) -> Release:
        """Keep a curator's decision and put its rule in the draft, which is opened if need be.

        Raises
        ------
        RefusedError
            `bad-rule` if it cannot be a rule, `set-is-proposed` while a set waits for release.
        """
        now = self._clock.now()
        rule = self._checked(replace(rule, author=by, decided_on=now.date().isoformat()))
        draft = self._draft(by)
        self._records.keep_decision(Decision(rule, now))
        self._records.put_rules(draft.version, [rule])
        return draft

    def bring_in(self, text: str, form: str, by: str, whole: bool) -> Release:
        """Put rules of a file in the draft; `whole`: instead of those that it has.

        Raises
        ------
        RefusedError
            `bad-rules` if the file cannot be used, `rules-conflict` if two of its rules
            contradict each other: names them.
        """
        try:
            rules = [self._checked(rule) for rule in self._files.read(text, form).rules]
        except DataError as error:
            raise RefusedError("bad-rules", str(error)) from error
        twice = contradictions(rules)
        if twice:
            raise RefusedError("rules-conflict", twice[0].text, CONFLICT)
        draft = self._draft(by)
        kept = () if whole else self._records.rules(draft.version)
        self._records.replace_rules(draft.version, _merged(kept, rules))
        return draft

    def written(self, version: int, form: str) -> str:
        """Return a set as a file that `bring_in` reads."""
        return self._files.write(self.rules(version), form)

    def take_out(self, rule: Rule, by: str) -> Release:
        """Take a rule out of the draft. Raises `NotFoundError` if it has none of this scope."""
        draft = self._draft(by)
        if not self._records.remove_rule(draft.version, rule):
            raise NotFoundError("the draft has no such rule")
        return draft

    def open_set(self) -> Release | None:
        """Return the set that is drafted or waits for release."""
        return self._open(ReleaseState.DRAFT) or self._open(ReleaseState.PROPOSED)

    def differences(self, version: int) -> tuple[Sequence[Rule], Sequence[Rule]]:
        """Return the rules of a set that are not in force, and those in force that it has not."""
        new, old = self._rule_set(version).rules, self.mapper().rules.rules
        scopes = {rule.scope for rule in new}
        before = set(old)
        return (
            [rule for rule in new if rule not in before],
            [rule for rule in old if rule.scope not in scopes],
        )

    def preview(self, version: int | None = None) -> Preview:
        """Return what a set, or else the open one, would change, and what stands against it."""
        found = self._release(version) if version else self._any_open()
        rules = self._rule_set(found.version)
        changes = preview(self.mapper(), rules, self._uses.uses())
        names = [(change.use.centre, change.use.local_name) for change in changes]
        _, patients = self._uses.touched(names) if names else ((), 0)
        return Preview(
            found.version,
            changes,
            sum(change.use.structures for change in changes),
            patients,
            obstacles(rules.rules, self._mapper.is_standard),
            disagreements(self._records.decisions()),
        )

    def propose(self, by: str, note: str) -> Release:
        """Close the draft and put it up for release.

        Raises
        ------
        RefusedError
            `rules-conflict` with the rules named; `no-draft`.
        """
        draft = self._open(ReleaseState.DRAFT)
        if draft is None:
            raise RefusedError("no-draft", "there is no draft to propose", CONFLICT)
        self._refuse_conflicts(draft.version)
        return self._move(draft, ReleaseState.PROPOSED, by, note)

    def release(self, version: int, by: str) -> Preview:
        """Put a proposed set in force: names change at once, then their courses are worked anew.

        Raises
        ------
        RefusedError
            `needs-a-second-person` if the proposer asks; `not-proposed`; `rules-conflict`.
        """
        proposed = self._release(version)
        if proposed.state is not ReleaseState.PROPOSED:
            raise RefusedError("not-proposed", f"rule set {version} is not proposed", CONFLICT)
        if by == proposed.proposed_by:
            text = f"{by} proposed rule set {version}; another curator must release it"
            raise RefusedError("needs-a-second-person", text, 403)
        self._refuse_conflicts(version)
        found = self.preview(version)
        names = [(change.use.centre, change.use.local_name) for change in found.changes]
        courses, _ = self._uses.touched(names) if names else ((), 0)
        work = {REMAP: [ARCHIVE], HARMONIZE: courses}
        self._move(proposed, ReleaseState.RELEASED, by, work=work)
        return found

    def refuse(self, version: int, by: str, note: str) -> Release:
        """Give up an open set; its rules stay to be read."""
        found = self._release(version)
        if found.state not in {ReleaseState.DRAFT, ReleaseState.PROPOSED}:
            raise RefusedError("not-open", f"rule set {version} is not open", CONFLICT)
        return self._move(found, ReleaseState.REFUSED, by, note)

    def roll_back(self, version: int, by: str, reason: str) -> Release:
        """Propose a set with an earlier one's rules; another curator releases it."""
        old = self._release(version) if version else None
        if old and old.state is not ReleaseState.RELEASED:
            raise RefusedError("not-released", f"rule set {version} was never in force", CONFLICT)
        if self.open_set():
            raise RefusedError("set-is-open", "release or refuse the open rule set first", CONFLICT)
        rules = self._records.rules(version)
        note = f"back to rule set {version}: {reason}"
        draft = self._records.open_draft(by, self._clock.now(), rules, note)
        return self._move(draft, ReleaseState.PROPOSED, by, note)

    def releases(self) -> Sequence[Release]:
        """Return every rule set, the newest first."""
        return self._records.releases()

    def rules(self, version: int) -> RuleSet:
        """Return the rules of a set. Raises `NotFoundError` if there is none."""
        self._release(version)
        return self._rule_set(version)

    def decisions(self, local_name: str | None = None) -> Sequence[Decision]:
        """Return what was decided, the earliest first."""
        return self._records.decisions(local_name)

    def disagreements(self) -> Sequence[Disagreement]:
        """Return where curators decided differently."""
        return disagreements(self._records.decisions())

    def compliance(self) -> Sequence[Compliance]:
        """Return per centre how its names stand."""
        return compliance(self._uses.by_status())

    def concept_maps(self, version: int, base: str) -> Mapping[str, Any]:
        """Return a set as a FHIR Bundle of ConceptMaps."""
        return concept_maps(self.rules(version), self._nomenclature.structures, base)

    def vocabulary(self) -> PublishedVocabulary:
        """Return the words of structure names that free text may keep, with their version."""
        mapper = self.mapper()
        words = {word.text for word in self._nomenclature.words if word.text}
        names = {structure.name for structure in self._nomenclature.structures}
        rules = mapper.rules
        return PublishedVocabulary(
            version=f"{self._nomenclature.edition} matcher {MATCHER_VERSION} rules {rules.version}",
            names=tuple(sorted(names)),
            words=tuple(sorted(words | {rule.local_name for rule in rules.rules})),
        )

    def _checked(self, rule: Rule) -> Rule:
        """Return the rule with its centre as we spell it. Raises `RefusedError`, `bad-rule`."""
        if not rule.scope[2] or len(rule.local_name) > LONGEST_NAME:
            raise RefusedError("bad-rule", "a rule needs a local name of at most 256 characters")
        if rule.tg263_name != HELPER and not self._mapper.is_standard(rule.tg263_name):
            raise RefusedError("bad-rule", f"'{rule.tg263_name}' is no name of the standard")
        if not rule.reason.strip() or len(rule.reason) > LONGEST_TEXT:
            raise RefusedError("bad-rule", "a rule needs a reason of at most 500 characters")
        centre = self._centres.get(rule.centre.lower(), None if rule.centre else "")
        if centre is None:
            raise RefusedError("bad-rule", f"there is no centre '{rule.centre}'")
        return replace(rule, centre=centre, site=rule.site.strip().lower())

    def _draft(self, by: str) -> Release:
        if self._open(ReleaseState.PROPOSED):
            text = "a rule set is proposed: release or refuse it before you decide more"
            raise RefusedError("set-is-proposed", text, CONFLICT)
        draft = self._open(ReleaseState.DRAFT)
        if draft is None:
            rules = self._records.rules(self._records.in_force())
            draft = self._records.open_draft(by, self._clock.now(), rules, "")
        return draft

    def _open(self, state: ReleaseState) -> Release | None:
        return next((r for r in self._records.releases() if r.state is state), None)

    def _any_open(self) -> Release:
        found = self.open_set()
        if found is None:
            raise NotFoundError("no rule set is being drafted or proposed")
        return found

    def _release(self, version: int) -> Release:
        for release in self._records.releases():
            if release.version == version:
                return release
        raise NotFoundError(f"there is no rule set {version}")

    def _rule_set(self, version: int) -> RuleSet:
        return RuleSet(version, tuple(self._records.rules(version)))

    def _refuse_conflicts(self, version: int) -> None:
        against = obstacles(self._records.rules(version), self._mapper.is_standard)
        if against:
            more = f" (and {len(against) - 1} more)" if len(against) > 1 else ""
            raise RefusedError("rules-conflict", against[0].text + more, CONFLICT)

    def _move(
        self,
        release: Release,
        after: ReleaseState,
        by: str,
        note: str = "",
        work: Mapping[str, Iterable[str]] = MappingProxyType({}),
    ) -> Release:
        done = self._records.move(
            release.version, release.state, after, by, self._clock.now(), note, work
        )
        if not done:
            text = f"rule set {release.version} was changed by someone else; look again"
            raise RefusedError("changed-meanwhile", text, CONFLICT)
        return self._release(release.version)


def _merged(kept: Iterable[Rule], rules: Iterable[Rule]) -> Sequence[Rule]:
    """Return the rules with those of a file, which replace the ones of their scopes."""
    by_scope = {rule.scope: rule for rule in kept}
    by_scope.update({rule.scope: rule for rule in rules})
    return list(by_scope.values())

"""Redacted terms in SQL."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import Engine, func
from sqlmodel import Session, col, delete, select

from gateway.adapters.database import reading
from gateway.adapters.tables.index import InstanceRow
from gateway.adapters.tables.terms import TermRow, TermUseRow
from gateway.domain.courses import InstanceState
from gateway.domain.deid import Decision, SealedTerm, Term, TermUse
from gateway.ports import Clock

_IN_FORCE = (Decision.APPROVED.value, Decision.MAPPED.value)

_INSTANCES = select(
    TermUseRow.replacement, func.count(func.distinct(TermUseRow.orthanc_id))
).group_by(TermUseRow.replacement)
_TAGS = select(TermUseRow.replacement, TermUseRow.tag).distinct()
"""Counted in the database: a term stands in thousands of instances."""


class SqlTerms:
    """The `Terms` port."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._clock = clock

    def note(self, found: Sequence[TermUse]) -> None:
        """One transaction for a whole batch: intake waits for it."""
        uses = {(u.term.replacement, u.orthanc_id, u.term.tag): u for u in found}
        if not uses:
            return
        terms = {use.term.replacement: use.term for use in found}
        with Session(self._engine) as session:
            known = select(TermRow.replacement).where(col(TermRow.replacement).in_(terms))
            for name in terms.keys() - set(session.exec(known)):
                session.add(self._row(terms[name]))
            session.flush()
            ids = {use.orthanc_id for use in found}
            rows = session.exec(select(TermUseRow).where(col(TermUseRow.orthanc_id).in_(ids)))
            here = {(row.replacement, row.orthanc_id, row.tag) for row in rows}
            session.add_all(_use_row(uses[key]) for key in sorted(uses.keys() - here))
            session.commit()

    def _row(self, term: SealedTerm) -> TermRow:
        return TermRow(
            replacement=term.replacement,
            sealed=term.sealed,
            decision=Decision.OPEN.value,
            text="",
            seen_at=self._clock.now(),
        )

    def find(self, decision: Decision | None = None) -> list[Term]:
        query = select(TermRow)
        if decision is not None:
            query = query.where(TermRow.decision == decision.value)
        with Session(self._reading) as session:
            rows = session.exec(query).all()
            instances = dict(session.exec(_INSTANCES).all())
            tags: defaultdict[str, set[str]] = defaultdict(set)
            for replacement, tag in session.exec(_TAGS):
                tags[replacement].add(tag)
        terms = [
            Term(
                replacement=row.replacement,
                sealed=row.sealed,
                decision=Decision(row.decision),
                text=row.text,
                instances=instances[row.replacement],
                tags=tuple(sorted(tags[row.replacement])),
            )
            for row in rows
            if row.replacement in instances
        ]
        return sorted(terms, key=lambda term: (-term.instances, term.replacement))

    def decide(self, replacements: Collection[str], decision: Decision, text: str) -> None:
        now = self._clock.now()
        with Session(self._engine) as session:
            for replacement in replacements:
                row = session.get(TermRow, replacement)
                if row is not None:
                    row.decision, row.text, row.decided_at = decision.value, text, now
            session.commit()

    def in_force(self) -> dict[str, str]:
        query = select(TermRow).where(col(TermRow.decision).in_(_IN_FORCE))
        with Session(self._reading) as session:
            return {row.replacement: row.text for row in session.exec(query)}

    def patients(self, replacements: Collection[str]) -> set[str]:
        query = select(TermUseRow.pseudonym).where(col(TermUseRow.replacement).in_(replacements))
        with Session(self._reading) as session:
            return set(session.exec(query.distinct()))

    def courses(self, replacements: Collection[str]) -> set[int]:
        query = (
            select(InstanceRow.course_id)
            .join(TermUseRow, col(TermUseRow.orthanc_id) == col(InstanceRow.orthanc_id))
            .where(
                col(TermUseRow.replacement).in_(replacements),
                InstanceRow.state != InstanceState.GONE,
            )
        )
        with Session(self._reading) as session:
            return {found for found in session.exec(query.distinct()) if found is not None}

    def forget(self, pseudonym: str) -> None:
        with Session(self._engine) as session:
            session.exec(delete(TermUseRow).where(col(TermUseRow.pseudonym) == pseudonym))
            used = select(TermUseRow.replacement)
            session.exec(
                delete(TermRow).where(
                    col(TermRow.replacement).not_in(used),
                    col(TermRow.decision).in_((Decision.OPEN.value, Decision.LEFT.value)),
                )
            )
            session.commit()


def _use_row(use: TermUse) -> TermUseRow:
    return TermUseRow(
        replacement=use.term.replacement,
        orthanc_id=use.orthanc_id,
        tag=use.term.tag,
        pseudonym=use.pseudonym,
    )

"""The `ClinicalStore` port on the gateway's database. Bulk statements: a file has many rows."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from gateway.adapters.database import chunks, insert_many, reading
from gateway.adapters.tables.clinical import (
    ClinicalBatchRow,
    ClinicalHeldRow,
    ClinicalOutboxRow,
    ClinicalWithdrawalRow,
)
from gateway.contract.clinical import BatchReceipt, ClinicalBatch, RowKind, WithdrawalReceipt
from gateway.contract.facts import FACTS
from gateway.domain.clinical import Addition, Forgotten, Problem, RowState, Stored

rows = ClinicalOutboxRow.__table__  # type: ignore[attr-defined]
batches = ClinicalBatchRow.__table__  # type: ignore[attr-defined]
withdrawals = ClinicalWithdrawalRow.__table__  # type: ignore[attr-defined]
held = ClinicalHeldRow.__table__  # type: ignore[attr-defined]


class SqlClinicalStore:
    """Rows, batches and receipts in the gateway's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def add(self, additions: Sequence[Addition], at: datetime, dry: bool = False) -> Stored:
        with (self._reading if dry else self._engine).begin() as db:
            gone = set(db.scalars(select(withdrawals.c.pseudonym)))
            skipped = tuple(a.line for a in additions if a.pseudonym in gone)
            additions = [a for a in additions if a.pseudonym not in gone]
            current = _current(db, [a.row.row_key for a in additions])
            new: list[dict[str, Any]] = []
            replaced: list[int] = []
            disagreements: list[Problem] = []
            unchanged = 0
            for addition in additions:
                known = current.get(addition.row.row_key)
                if known is not None and known.digest == addition.digest:
                    unchanged += 1
                elif known is not None and known.source != addition.row.source:
                    disagreements.append(_disagreement(addition, known.source))
                else:
                    if known is not None:
                        replaced.append(known.id)
                    new.append(_values(addition, at))
            if not dry and not disagreements:
                _supersede(db, replaced, at)
                insert_many(db, rows, new)
        fresh = len(new) - len(replaced)
        return Stored(fresh, unchanged, len(replaced), tuple(disagreements), skipped)

    def hold(self, source: str, problems: Mapping[int, Sequence[Problem]], at: datetime) -> None:
        values = [
            {
                "source": source,
                "line": line,
                "problems": [asdict(problem) for problem in found],
                "imported_at": at,
            }
            for line, found in problems.items()
        ]
        with self._engine.begin() as db:
            db.execute(insert(held), values)

    def next_batch(
        self, centre: str, most: int, at: datetime, consenting: Set[str]
    ) -> ClinicalBatch | None:
        with self._engine.begin() as db:
            begun = select(batches.c.batch_id).where(batches.c.receipt_at.is_(None))
            batch_id = db.scalar(begun.order_by(batches.c.created_at).limit(1))
            if batch_id is not None and _withhold(db, batch_id, consenting):
                _dissolve(db, batch_id, at)
                batch_id = None
            if batch_id is None:
                batch_id = _begin(db, centre, most, at, consenting)
            if batch_id is None:
                return None
            mine = rows.c.batch_id == batch_id
            query = select(rows.c.kind, rows.c.payload).where(mine).order_by(rows.c.id)
            return _batch(batch_id, centre, db.execute(query).all())

    def record(self, receipt: BatchReceipt, at: datetime) -> None:
        with self._engine.begin() as db:
            mine = rows.c.batch_id == receipt.batch_id
            if receipt.problems:
                for problem in receipt.problems:
                    which = mine & (rows.c.row_key == problem.row_key)
                    reason = f"{problem.field}: {problem.reason}"[:500]
                    db.execute(
                        update(rows).where(which).values(state=RowState.REFUSED, reason=reason)
                    )
                rest = mine & (rows.c.state == RowState.SENDING)
                db.execute(update(rows).where(rest).values(state=RowState.WAITING, batch_id=None))
            else:
                db.execute(update(rows).where(mine).values(state=RowState.SENT))
            answer = receipt.model_dump(mode="json")
            which = batches.c.batch_id == receipt.batch_id
            db.execute(update(batches).where(which).values(receipt=answer, receipt_at=at))

    def dissolve(self, batch_id: str, at: datetime) -> None:
        with self._engine.begin() as db:
            _dissolve(db, batch_id, at)

    def set_aside(self, batch_id: str, reason: str, at: datetime) -> None:
        with self._engine.begin() as db:
            mine = rows.c.batch_id == batch_id
            db.execute(update(rows).where(mine).values(state=RowState.REFUSED, reason=reason[:500]))
            _close(db, batch_id, at)

    def refused_again(self) -> int:
        which = (rows.c.state == RowState.REFUSED) & rows.c.superseded_at.is_(None)
        again = update(rows).where(which).values(state=RowState.WAITING, batch_id=None, reason=None)
        with self._engine.begin() as db:
            return db.execute(again).rowcount

    def release(self, consenting: Set[str]) -> int:
        withheld = rows.c.state == RowState.WITHHELD
        with self._engine.begin() as db:
            found = db.scalars(select(rows.c.pseudonym).where(withheld).distinct()).all()
            returned = consenting & set(found)
            for part in chunks(returned):
                which = withheld & rows.c.pseudonym.in_(part)
                old = which & rows.c.superseded_at.is_not(None)
                db.execute(update(rows).where(old).values(state=RowState.SUPERSEDED))
                db.execute(update(rows).where(which).values(state=RowState.WAITING))
            return len(returned)

    def forget(self, pseudonym: str, at: datetime) -> int:
        with self._engine.begin() as db:
            gone = db.execute(delete(rows).where(rows.c.pseudonym == pseudonym)).rowcount
            mine = withdrawals.c.pseudonym == pseudonym
            more = update(withdrawals).where(mine).values(rows=withdrawals.c.rows + gone)
            if not db.execute(more).rowcount:
                values = {"pseudonym": pseudonym, "rows": gone, "deleted_at": at}
                db.execute(insert(withdrawals).values(**values))
            return gone

    def here_of(self, pseudonyms: Collection[str]) -> set[str]:
        found: set[str] = set()
        with self._reading.begin() as db:
            for part in chunks(pseudonyms):
                theirs = select(rows.c.pseudonym).where(rows.c.pseudonym.in_(part))
                found.update(db.scalars(theirs.distinct()))
        return found

    def forgotten(self) -> Mapping[str, Forgotten]:
        with self._reading.begin() as db:
            return {row.pseudonym: _forgotten(row) for row in db.execute(select(withdrawals))}

    def came_since(self, pseudonym: str, when: datetime) -> bool:
        which = (rows.c.pseudonym == pseudonym) & (rows.c.imported_at >= when)
        with self._reading.begin() as db:
            return db.execute(select(rows.c.id).where(which).limit(1)).first() is not None

    def archive_forgot(self, pseudonyms: Collection[str], at: datetime) -> None:
        with self._engine.begin() as db:
            for part in chunks(pseudonyms):
                which = withdrawals.c.pseudonym.in_(part)
                db.execute(update(withdrawals).where(which).values(archive_told_at=at))

    def tell_again(self, pseudonyms: Collection[str]) -> None:
        with self._engine.begin() as db:
            for part in chunks(pseudonyms):
                which = withdrawals.c.pseudonym.in_(part)
                db.execute(
                    update(withdrawals).where(which).values(archive_told_at=None, receipt=None)
                )

    def keep_receipt(self, pseudonym: str, receipt: WithdrawalReceipt) -> None:
        which = withdrawals.c.pseudonym == pseudonym
        with self._engine.begin() as db:
            answer = receipt.model_dump(mode="json")
            db.execute(update(withdrawals).where(which).values(receipt=answer))

    def readmit(self, pseudonyms: Collection[str]) -> None:
        with self._engine.begin() as db:
            for part in chunks(pseudonyms):
                db.execute(delete(withdrawals).where(withdrawals.c.pseudonym.in_(part)))

    def counts(self) -> dict[str, int]:
        with self._reading.begin() as db:
            query = select(rows.c.state, func.count()).group_by(rows.c.state)
            counted = {state: int(number) for state, number in db.execute(query)}
            counted["held"] = int(db.scalar(select(func.count()).select_from(held)) or 0)
            return counted


def _forgotten(row: Row[Any]) -> Forgotten:
    kept = WithdrawalReceipt.model_validate(row.receipt) if row.receipt else None
    return Forgotten(row.rows, row.deleted_at, row.archive_told_at, kept)


def _current(db: Connection, keys: Sequence[str]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for part in chunks(keys):
        which = rows.c.row_key.in_(part) & rows.c.superseded_at.is_(None)
        query = select(rows.c.id, rows.c.row_key, rows.c.digest, rows.c.source).where(which)
        found.update({row.row_key: row for row in db.execute(query)})
    return found


def _disagreement(addition: Addition, source: str) -> Problem:
    reason = f"{source} says something else of the same patient and day"
    return Problem(addition.line, "", reason, "find out which one is right and correct the other")


def _values(addition: Addition, at: datetime) -> dict[str, Any]:
    return {
        "row_key": addition.row.row_key,
        "kind": str(addition.kind),
        "digest": addition.digest,
        "source": addition.row.source,
        "pseudonym": addition.pseudonym,
        "payload": addition.row.model_dump_json(),
        "state": RowState.WAITING,
        "imported_at": at,
    }


def _supersede(db: Connection, ids: Sequence[int], at: datetime) -> None:
    for part in chunks(ids):
        which = rows.c.id.in_(part)
        db.execute(update(rows).where(which).values(superseded_at=at))
        unsent = which & rows.c.state.in_((RowState.WAITING, RowState.WITHHELD))
        db.execute(update(rows).where(unsent).values(state=RowState.SUPERSEDED))


def _withhold(db: Connection, batch_id: str, consenting: Set[str]) -> int:
    """Take out of a batch that was begun whoever's consent has ended since; returns how many."""
    mine = rows.c.batch_id == batch_id
    found = db.scalars(select(rows.c.pseudonym).where(mine).distinct()).all()
    ended = [pseudonym for pseudonym in found if pseudonym not in consenting]
    for part in chunks(ended):
        which = mine & rows.c.pseudonym.in_(part)
        db.execute(update(rows).where(which).values(state=RowState.WITHHELD, batch_id=None))
    return len(ended)


def _dissolve(db: Connection, batch_id: str, at: datetime) -> None:
    """Let its rows wait again. If it had arrived, the archive knows each row by its key."""
    mine = rows.c.batch_id == batch_id
    db.execute(update(rows).where(mine).values(state=RowState.WAITING, batch_id=None))
    _close(db, batch_id, at)


def _close(db: Connection, batch_id: str, at: datetime) -> None:
    """No receipt will come."""
    db.execute(update(batches).where(batches.c.batch_id == batch_id).values(receipt_at=at))


def _begin(
    db: Connection, centre: str, most: int, at: datetime, consenting: Set[str]
) -> str | None:
    """Begin the next batch, of people whose consent is in force; withhold what others have."""
    query = select(rows.c.id, rows.c.digest, rows.c.pseudonym).where(
        rows.c.state == RowState.WAITING
    )
    while waiting := db.execute(query.order_by(rows.c.id).limit(most)).all():
        for part in chunks([row.id for row in waiting if row.pseudonym not in consenting]):
            db.execute(update(rows).where(rows.c.id.in_(part)).values(state=RowState.WITHHELD))
        leaving = [row for row in waiting if row.pseudonym in consenting]
        if leaving:
            return _named(db, centre, leaving, at)
    return None


def _named(db: Connection, centre: str, leaving: Sequence[Row[Any]], at: datetime) -> str:
    """Name a batch after its rows and this database's numbers for them."""
    # Row ids come again after rows were deleted; a batch must not be taken for an earlier one.
    before = db.scalar(select(func.count()).select_from(batches))
    named = hashlib.sha256(f"{centre}\x1f{before}".encode())
    for row in leaving:
        named.update(f"\x1f{row.id}:{row.digest}".encode())
    batch_id = named.hexdigest()
    db.execute(insert(batches).values(batch_id=batch_id, rows=len(leaving), created_at=at))
    for part in chunks([row.id for row in leaving]):
        which = rows.c.id.in_(part)
        db.execute(update(rows).where(which).values(state=RowState.SENDING, batch_id=batch_id))
    return batch_id


def _batch(batch_id: str, centre: str, found: Sequence[Row[Any]]) -> ClinicalBatch:
    """Put the stored rows together as JSON and read them in one go: there may be thousands."""
    parts = [f'"batch_id":{json.dumps(batch_id)}', f'"centre":{json.dumps(centre)}']
    texts: dict[str, list[str]] = {}
    for row in found:
        field = "facts" if RowKind(row.kind) in FACTS else row.kind
        texts.setdefault(field, []).append(row.payload)
    parts += [f'"{field}":[{",".join(rows)}]' for field, rows in texts.items()]
    return ClinicalBatch.model_validate_json("{" + ",".join(parts) + "}")

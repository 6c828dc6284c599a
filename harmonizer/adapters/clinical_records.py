"""Clinical, toxicity and PROM rows in the harmonizer's database. Bulk statements throughout."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, delete, func, insert, select, update

from gateway.contract.clinical import BatchReceipt, ClinicalBatch, PromRow, SourceRecord
from gateway.contract.facts import FactRow
from harmonizer.adapters.database import chunks, insert_many, one_writer, reading
from harmonizer.adapters.tables.clinical import (
    ClinicalBatchTable,
    ClinicalFactTable,
    ClinicalPatientTable,
    ClinicalRecordTable,
    PromRecordTable,
    ToxicityRecordTable,
    WithdrawnPatientTable,
)
from harmonizer.adapters.tables.studies import StudyTable, SubmissionTable
from harmonizer.errors import RefusedError, RetryError

Scored = tuple[PromRow, Mapping[str, float | None], str]

clinical: Table = ClinicalRecordTable.__table__  # type: ignore[attr-defined]
toxicity: Table = ToxicityRecordTable.__table__  # type: ignore[attr-defined]
prom: Table = PromRecordTable.__table__  # type: ignore[attr-defined]
facts: Table = ClinicalFactTable.__table__  # type: ignore[attr-defined]
batches: Table = ClinicalBatchTable.__table__  # type: ignore[attr-defined]
patients: Table = ClinicalPatientTable.__table__  # type: ignore[attr-defined]
gone: Table = WithdrawnPatientTable.__table__  # type: ignore[attr-defined]
studies: Table = StudyTable.__table__  # type: ignore[attr-defined]
submissions: Table = SubmissionTable.__table__  # type: ignore[attr-defined]

KINDS: Final[Mapping[str, tuple[Table, str]]] = {
    "clinical": (clinical, "recorded_on"),
    "toxicity": (toxicity, "assessed_on"),
    "prom": (prom, "answered_on"),
    "fact": (facts, "happened_on"),
}
HEAD: Final = {*SourceRecord.model_fields, "kind", "happened_on"}


class SqlClinicalRecords:
    """The `Records` port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def receipt(self, batch_id: str, centre: str) -> BatchReceipt | None:
        with self._reading.begin() as db:
            return _receipt(db, batch_id, centre)

    def withdraw(self, national_ids: Collection[str], centre: str, at: datetime) -> int:
        with self._engine.begin() as db:
            one_writer(db, gone.name)  # a batch that is being stored ends first, or sees this
            already = _withdrawn(db, national_ids)
            rows = 0
            for patient in sorted(set(national_ids) - _foreign(db, national_ids, centre)):
                since = held_since(db, patient)
                here = delete_rows(db, patient)
                if patient in already:
                    count = update(gone).where(gone.c.national_id == patient)
                    db.execute(count.values(rows=gone.c.rows + here))
                else:
                    values = {"centre": centre, "withdrawn_at": at, "rows": here}
                    values |= {"national_id": patient, "held_since": since}
                    db.execute(insert(gone).values(**values))
                rows += here
        return rows

    def withdrawn(self, national_ids: Collection[str]) -> set[str]:
        with self._reading.begin() as db:
            return _withdrawn(db, national_ids)

    def centres(self, national_ids: Collection[str]) -> Mapping[str, str]:
        with self._reading.begin() as db:
            return _centres(db, national_ids)

    def store(
        self, batch: ClinicalBatch, scored: Sequence[Scored], withdrawn: int, at: datetime
    ) -> BatchReceipt:
        with self._engine.begin() as db:
            one_writer(db, gone.name)
            found = _receipt(db, batch.batch_id, batch.centre)
            if found is not None:  # another request with the same batch was faster
                return found
            if _withdrawn(db, _patients_of(batch)):
                raise RetryError("a patient withdrew while the batch was checked; send it again")
            empty = BatchReceipt(batch_id=batch.batch_id, stored=0, unchanged=0, superseded=0)
            _keep(db, empty, batch.centre, at)
            _know_patients(db, batch)
            counts = [
                _store(db, clinical, batch, ((row, row.model_dump()) for row in batch.clinical)),
                _store(db, toxicity, batch, ((row, row.model_dump()) for row in batch.toxicity)),
                _store(db, facts, batch, ((row, _fact(row)) for row in batch.facts)),
                _store(db, prom, batch, (_with_scores(one) for one in scored)),
            ]
            stored, unchanged, superseded = (sum(numbers) for numbers in zip(*counts, strict=True))
            receipt = BatchReceipt(
                batch_id=batch.batch_id,
                stored=stored,
                unchanged=unchanged,
                superseded=superseded,
                withdrawn=withdrawn,
            )
            which = batches.c.batch_id == batch.batch_id
            answer = receipt.model_dump(mode="json")
            db.execute(update(batches).where(which).values(receipt=answer))
        return receipt

    def refuse(self, receipt: BatchReceipt, centre: str, at: datetime) -> None:
        with self._engine.begin() as db:
            _keep(db, receipt, centre, at)

    def of_patient(self, national_id: str) -> Sequence[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        with self._reading.begin() as db:
            for kind, (table, on) in KINDS.items():
                query = select(table).where(table.c.national_id == national_id, table.c.current)
                query = query.where(table.c.national_id.not_in(select(gone.c.national_id)))
                found = db.execute(query.order_by(table.c[on], table.c.id)).mappings()
                rows += [{**row, "kind": kind, "on": row[on]} for row in found]
        return sorted(rows, key=lambda row: row["on"])

    def clinical_of(self, national_ids: Collection[str]) -> Iterable[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        with self._reading.begin() as db:
            for part in chunks(sorted(set(national_ids))):
                query = select(clinical).where(clinical.c.national_id.in_(part), clinical.c.current)
                query = query.where(clinical.c.national_id.not_in(select(gone.c.national_id)))
                ordered = query.order_by(clinical.c.recorded_on, clinical.c.id)
                rows += [dict(row) for row in db.execute(ordered).mappings()]
        return rows

    def grades(self) -> Sequence[tuple[str, str, str, int, int]]:
        which = (toxicity.c.centre, toxicity.c.term, toxicity.c.ctcae_version, toxicity.c.grade)
        query = select(*which, func.count()).where(toxicity.c.current).group_by(*which)
        with self._reading.begin() as db:
            return sorted((row[0], row[1], row[2], row[3], row[4]) for row in db.execute(query))

    def counts(self) -> dict[str, int]:
        with self._reading.begin() as db:
            counts = {
                kind: int(db.scalar(select(func.count()).where(table.c.current)) or 0)
                for kind, (table, _) in KINDS.items()
            }
            counts["withdrawn"] = int(db.scalar(select(func.count()).select_from(gone)) or 0)
        return counts


class SqlPromRecords:
    """The `PromRecords` port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def outdated(self, instrument: str, version: str, most: int) -> Sequence[Mapping[str, Any]]:
        old = (prom.c.instrument == instrument) & (prom.c.scoring_version != version)
        query = select(prom.c.id, prom.c.answers).where(old).order_by(prom.c.id).limit(most)
        with self._reading.begin() as db:
            return [dict(row) for row in db.execute(query).mappings()]

    def rescore(self, scores: Mapping[int, Mapping[str, float | None]], version: str) -> None:
        with self._engine.begin() as db:
            for number, values in scores.items():
                change = update(prom).where(prom.c.id == number)
                db.execute(change.values(scores=dict(values), scoring_version=version))

    def treated(self) -> Iterable[Mapping[str, Any]]:
        names = ("national_id", "centre", "rt_start", "rt_end", "site")
        query = select(*(clinical.c[name] for name in names)).where(clinical.c.current)
        with self._reading.begin() as db:
            ordered = query.order_by(clinical.c.recorded_on, clinical.c.id)
            return [dict(row) for row in db.execute(ordered).mappings()]

    def deaths(self) -> Mapping[str, date]:
        query = select(facts.c.national_id, facts.c.happened_on, facts.c.said)
        which = (facts.c.fact == "vital-status") & facts.c.current
        with self._reading.begin() as db:
            found = db.execute(query.where(which).order_by(facts.c.happened_on.desc())).all()
        return {who: on for who, on, said in found if said["status"] == "dead"}

    def answered(self) -> Iterable[tuple[str, str, date, str | None]]:
        names = ("national_id", "instrument", "answered_on", "not_answered")
        query = select(*(prom.c[name] for name in names))
        with self._reading.begin() as db:
            return [tuple(row) for row in db.execute(query.where(prom.c.current))]


def held_since(db: Connection, national_id: str) -> datetime | None:
    """Return since when a reader could see something of a patient; None if there is nothing."""
    received = func.min(batches.c.received_at)
    asked = [
        select(received)
        .join(table, table.c.batch_id == batches.c.batch_id)
        .where(table.c.national_id == national_id)
        for table, _ in KINDS.values()
    ]
    whole = func.min(submissions.c.stored_at)
    asked.append(select(whole).where(submissions.c.national_id == national_id))
    return min((at for query in asked if (at := db.scalar(query))), default=None)


def delete_rows(db: Connection, national_id: str) -> int:
    """Delete every row of a patient, superseded ones too. Returns how many."""
    return sum(
        db.execute(delete(table).where(table.c.national_id == national_id)).rowcount
        for table, _ in KINDS.values()
    )


def _with_scores(one: Scored) -> tuple[SourceRecord, dict[str, Any]]:
    row, scores, version = one
    return row, row.model_dump() | {"scores": dict(scores), "scoring_version": version}


def _fact(row: FactRow) -> dict[str, Any]:
    values = row.model_dump()
    said = row.model_dump(mode="json", exclude=HEAD)
    head = {name: values[name] for name in (*SourceRecord.model_fields, "happened_on")}
    return head | {"fact": values["kind"], "said": said}


def _store(
    db: Connection,
    table: Table,
    batch: ClinicalBatch,
    rows: Iterable[tuple[SourceRecord, dict[str, Any]]],
) -> tuple[int, int, int]:
    """Insert the rows that say something new, given with their columns.

    Returns stored, unchanged, superseded.
    """
    given = list(rows)
    known = _current(db, table, [row.row_key for row, _ in given])
    new: dict[str, dict[str, Any]] = {}
    for row, columns in given:
        digest = row.digest()
        if row.row_key in known and known[row.row_key] == digest:
            continue
        ours = {"centre": batch.centre, "batch_id": batch.batch_id, "current": True}
        new[row.row_key] = columns | ours | {"digest": digest}
    replaced = [key for key in new if key in known]
    for part in chunks(replaced):
        which = table.c.row_key.in_(part) & table.c.current
        db.execute(update(table).where(which).values(current=False))
    insert_many(db, table, list(new.values()))
    return len(new) - len(replaced), len(given) - len(new), len(replaced)


def _current(db: Connection, table: Table, keys: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in chunks(keys):
        which = table.c.row_key.in_(part) & table.c.current
        for key, digest in db.execute(select(table.c.row_key, table.c.digest).where(which)):
            found[key] = digest
    return found


def _receipt(db: Connection, batch_id: str, centre: str) -> BatchReceipt | None:
    query = select(batches.c.receipt, batches.c.centre).where(batches.c.batch_id == batch_id)
    found = db.execute(query).first()
    if found is None:
        return None
    if found.centre != centre:
        raise RefusedError("other-centre", "a batch of another centre has this name", 409)
    return BatchReceipt.model_validate(found.receipt)


def _patients_of(batch: ClinicalBatch) -> set[str]:
    rows = (*batch.clinical, *batch.toxicity, *batch.prom, *batch.facts)
    return {row.national_id for row in rows}


def _know_patients(db: Connection, batch: ClinicalBatch) -> None:
    seen = _patients_of(batch)
    new = sorted(seen - set(_centres(db, seen)))
    insert_many(db, patients, [{"national_id": p, "centre": batch.centre} for p in new])


def _centres(db: Connection, national_ids: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in chunks(sorted(set(national_ids))):
        query = select(patients.c.national_id, patients.c.centre)
        for patient, centre in db.execute(query.where(patients.c.national_id.in_(part))):
            found[patient] = centre
    return found


def _foreign(db: Connection, national_ids: Collection[str], centre: str) -> set[str]:
    """Return whose rows or studies are from another centre."""
    found = {p for p, c in _centres(db, national_ids).items() if c != centre}
    for part in chunks(sorted(set(national_ids))):
        query = select(studies.c.national_id).where(studies.c.centre != centre)
        found.update(db.scalars(query.where(studies.c.national_id.in_(part))))
    return found


def _withdrawn(db: Connection, national_ids: Collection[str]) -> set[str]:
    found: set[str] = set()
    for part in chunks(sorted(set(national_ids))):
        query = select(gone.c.national_id).where(gone.c.national_id.in_(part))
        found.update(db.scalars(query))
    return found


def _keep(db: Connection, receipt: BatchReceipt, centre: str, at: datetime) -> None:
    values = {
        "batch_id": receipt.batch_id,
        "centre": centre,
        "received_at": at,
        "receipt": receipt.model_dump(mode="json"),
    }
    db.execute(insert(batches), [values])

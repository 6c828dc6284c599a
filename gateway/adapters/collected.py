"""The `Collected` port in SQL."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from gateway.adapters.database import reading
from gateway.adapters.tables.collection import AskedPatientRow, FetchedSeriesRow
from gateway.domain.collection import Earlier


class SqlCollected:
    """Remembers what was asked for, under keyed hashes only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def asked(self) -> dict[str, datetime]:
        with Session(self._reading) as session:
            rows = session.exec(select(AskedPatientRow))
            return {row.pseudonym: row.asked_at for row in rows}

    def note_asked(self, pseudonym: str, now: datetime) -> None:
        with Session(self._engine) as session:
            session.merge(AskedPatientRow(pseudonym=pseudonym, asked_at=now))
            session.commit()

    def earlier(self, series_keys: Collection[str]) -> dict[str, Earlier]:
        query = select(FetchedSeriesRow).where(col(FetchedSeriesRow.series_key).in_(series_keys))
        with Session(self._reading) as session:
            rows = session.exec(query)
            return {row.series_key: Earlier(row.attempts, row.fetched_at) for row in rows}

    def note_fetched(self, series_key: str, instances: int, now: datetime) -> None:
        with Session(self._engine) as session:
            row = session.get(FetchedSeriesRow, series_key)
            attempts = row.attempts + 1 if row else 1
            session.merge(
                FetchedSeriesRow(
                    series_key=series_key, attempts=attempts, instances=instances, fetched_at=now
                )
            )
            session.commit()

    def fetched_since(self, when: datetime) -> int:
        counted = select(func.sum(FetchedSeriesRow.instances)).where(
            FetchedSeriesRow.fetched_at > when
        )
        with Session(self._reading) as session:
            return int(session.exec(counted).one() or 0)

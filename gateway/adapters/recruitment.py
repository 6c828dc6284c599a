"""The screening log in the gateway's database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, Table, delete, func, insert, select

from gateway.adapters.database import reading
from gateway.adapters.tables.recruitment import ScreeningRow
from gateway.domain.recruitment import Screened

rows: Table = ScreeningRow.__table__  # type: ignore[attr-defined]
SAID: Final = ("step", "month", "diagnosis", "age_band", "sex", "count")


class SqlScreening:
    """The `Screening` port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def replace(self, source: str, events: Sequence[Screened], at: datetime) -> None:
        with self._engine.begin() as db:
            db.execute(delete(rows).where(rows.c.source == source))
            values = [{**vars(e), "source": source, "imported_at": at} for e in events]
            if values:
                db.execute(insert(rows), values)

    def events(self) -> Sequence[Screened]:
        with self._reading.begin() as db:
            columns = [rows.c[name] for name in SAID]
            return [Screened(*row) for row in db.execute(select(*columns).order_by(rows.c.id))]

    def version(self) -> str:
        with self._reading.begin() as db:
            query = select(func.count(), func.max(rows.c.id), func.max(rows.c.imported_at))
            return ":".join(str(value) for value in db.execute(query).one())

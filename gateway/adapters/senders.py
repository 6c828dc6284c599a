"""Who has called, and who is in quarantine, in SQL."""

from datetime import datetime

from sqlalchemy import Engine, func
from sqlmodel import Session, col, delete, select

from gateway.adapters.database import reading
from gateway.adapters.tables.senders import QuarantineRow, SenderRow
from gateway.ports import Call, Quarantine

MOST_CALLERS = 1000
"""A port scan must not fill the table: beyond these, callers are counted together."""
OTHERS = "(others)"


class SqlCallers:
    """The `Callers` port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def note(self, aet: str, host: str, now: datetime, *, accepted: bool) -> None:
        with Session(self._engine) as session:
            row = session.get(SenderRow, (aet, host))
            if row is None:
                known = session.exec(select(func.count()).select_from(SenderRow)).one()
                key = (aet, host) if known < MOST_CALLERS else (OTHERS, OTHERS)
                row = session.get(SenderRow, key) or SenderRow(
                    aet=key[0], host=key[1], first_at=now, last_at=now
                )
            row.last_at = now
            row.accepted += accepted
            row.refused += not accepted
            session.add(row)
            session.commit()

    def calls(self) -> list[Call]:
        with Session(self._reading) as session:
            rows = session.exec(select(SenderRow).order_by(col(SenderRow.last_at).desc()))
            return [
                Call(row.aet, row.host, row.first_at, row.last_at, row.accepted, row.refused)
                for row in rows
            ]

    def quarantined(self) -> dict[str, Quarantine]:
        with Session(self._reading) as session:
            rows = session.exec(select(QuarantineRow))
            return {row.aet: Quarantine(row.since, row.comment) for row in rows}

    def quarantine(self, aet: str, given: Quarantine) -> None:
        with Session(self._engine) as session:
            session.merge(QuarantineRow(aet=aet, since=given.since, comment=given.comment))
            session.commit()

    def lift(self, aet: str) -> None:
        with Session(self._engine) as session:
            session.exec(delete(QuarantineRow).where(col(QuarantineRow.aet) == aet))
            session.commit()

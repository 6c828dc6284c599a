"""What operators watch: alerts, and the plugin's running totals."""

from datetime import datetime

from sqlalchemy import Engine, func
from sqlmodel import Session, col, delete, select

from gateway.adapters.database import reading
from gateway.adapters.tables.index import AlertRow, PluginDayRow, PluginTotalRow
from gateway.contract.site import PluginReport, RefusalCount
from gateway.ports import Clock

RECEIVED = "received"


class SqlAlerts:
    """The `Alerts` port."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._clock = clock

    def raise_alert(self, code: str, text: str) -> None:
        with Session(self._engine) as session:
            row = session.get(AlertRow, code)
            if row is None:
                row = AlertRow(code=code, text=text, since=self._clock.now())
            row.text = text
            session.add(row)
            session.commit()

    def clear(self, code: str) -> None:
        with Session(self._reading) as session:
            if session.get(AlertRow, code) is None:
                return
        with Session(self._engine) as session:
            session.exec(delete(AlertRow).where(col(AlertRow.code) == code))
            session.commit()

    def open(self) -> list[dict[str, str]]:
        with Session(self._reading) as session:
            rows = session.exec(select(AlertRow).order_by(col(AlertRow.since)))
            return [
                {"code": row.code, "text": row.text, "since": row.since.isoformat()} for row in rows
            ]


class SqlPluginTotals:
    """The `PluginTotals` port: totals of each start of Orthanc, added up over starts."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._clock = clock

    def record(self, report: PluginReport) -> None:
        now = self._clock.now()
        rows = [RefusalCount(reason=RECEIVED, dimse_status=0, sender="", count=report.received)]
        with Session(self._engine) as session:
            for refusal in [*rows, *report.refused]:
                sender = refusal.sender or ""
                row = session.get(PluginTotalRow, (report.boot_id, refusal.reason, sender))
                self._add_to_day(session, now, refusal, row.count if row else 0)
                session.merge(
                    PluginTotalRow(
                        boot_id=report.boot_id,
                        reason=refusal.reason,
                        sender=sender,
                        dimse_status=refusal.dimse_status,
                        count=refusal.count,
                        reported_at=now,
                    )
                )
            session.commit()

    @staticmethod
    def _add_to_day(session: Session, now: datetime, refusal: RefusalCount, before: int) -> None:
        key = (now.date(), refusal.reason, refusal.sender or "")
        row = session.get(PluginDayRow, key) or PluginDayRow(
            day=key[0], reason=key[1], sender=key[2], count=0
        )
        row.count += refusal.count - before
        session.add(row)
        session.flush()

    def received(self) -> int:
        query = select(func.sum(PluginTotalRow.count)).where(PluginTotalRow.reason == RECEIVED)
        with Session(self._reading) as session:
            return int(session.exec(query).one() or 0)

    def refused(self) -> list[RefusalCount]:
        query = (
            select(
                PluginTotalRow.reason,
                PluginTotalRow.sender,
                func.max(PluginTotalRow.dimse_status),
                func.sum(PluginTotalRow.count),
            )
            .where(PluginTotalRow.reason != RECEIVED)
            .group_by(PluginTotalRow.reason, PluginTotalRow.sender)
            .order_by(PluginTotalRow.reason)
        )
        with Session(self._reading) as session:
            return [
                RefusalCount(reason=reason, dimse_status=status, sender=sender or None, count=count)
                for reason, sender, status, count in session.exec(query)
            ]

    def last_report(self) -> datetime | None:
        with Session(self._reading) as session:
            return session.exec(select(func.max(PluginTotalRow.reported_at))).one()

"""What operators watch: alerts, and the plugin's running totals."""

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func
from sqlmodel import Session, col, delete, select

from gateway.adapters.database import reading
from gateway.adapters.tables.index import (
    AlertRow,
    PluginDayRow,
    PluginTotalRow,
    RefusedPatientRow,
)
from gateway.contract.site import PluginReport, RefusalCount
from gateway.ports import Clock

RECEIVED, AGAIN, ENDED = "received", "again", "ended"
OWN = (RECEIVED, AGAIN, ENDED)
"""What the plugin counts beside refusals."""


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
        own = {RECEIVED: report.received, AGAIN: report.again, ENDED: int(report.ended)}
        rows = [
            RefusalCount(reason=reason, dimse_status=0, sender="", count=count)
            for reason, count in own.items()
        ]
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
            for one in report.refused_of:
                key = (one.pseudonym, one.reason)
                found = session.get(RefusedPatientRow, key) or RefusedPatientRow(
                    pseudonym=one.pseudonym, reason=one.reason, count=0, last_at=now
                )
                found.count, found.last_at = found.count + one.count, now
                session.add(found)
            session.commit()

    def refused_of(self, pseudonym: str) -> list[dict[str, Any]]:
        theirs = select(RefusedPatientRow).where(RefusedPatientRow.pseudonym == pseudonym)
        latest = col(RefusedPatientRow.last_at).desc()
        with Session(self._reading) as session:
            return [
                {"reason": row.reason, "count": row.count, "last_at": row.last_at.isoformat()}
                for row in session.exec(theirs.order_by(latest, RefusedPatientRow.reason))
            ]

    def forget(self, pseudonym: str) -> None:
        theirs = col(RefusedPatientRow.pseudonym) == pseudonym
        with Session(self._engine) as session:
            session.exec(delete(RefusedPatientRow).where(theirs))
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

    def stored(self) -> tuple[int, int, int] | None:
        columns = (PluginTotalRow.boot_id, PluginTotalRow.reason, PluginTotalRow.count)
        query = select(*columns).where(col(PluginTotalRow.reason).in_(OWN))
        latest = select(PluginTotalRow.boot_id).order_by(col(PluginTotalRow.reported_at).desc())
        with Session(self._reading) as session:
            now = session.exec(latest.limit(1)).first()
            told = session.exec(query).all()
        if now is None:
            return None
        added = {which: sum(n for _, reason, n in told if reason == which) for which in OWN}
        ended = {boot for boot, reason, n in told if reason == ENDED and n}
        silent = {boot for boot, _, _ in told} - ended - {now}
        return added[RECEIVED], added[AGAIN], len(silent)

    def refused(self) -> list[RefusalCount]:
        query = (
            select(
                PluginTotalRow.reason,
                PluginTotalRow.sender,
                func.max(PluginTotalRow.dimse_status),
                func.sum(PluginTotalRow.count),
            )
            .where(col(PluginTotalRow.reason).not_in(OWN))
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

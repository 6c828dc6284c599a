"""The `Erasures` port in SQL."""

from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select, update

from gateway.adapters.database import reading
from gateway.adapters.tables.erasure import ErasureReceiptRow, RecallRow
from gateway.domain.erasure import SignedReceipt


class SqlErasures:
    """Open recalls are kept in memory: every snapshot asks for them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._revision = 0
        self._open: tuple[int, frozenset[str]] | None = None

    def recall(self, pseudonym: str, comment: str, now: datetime) -> None:
        if pseudonym in self.recalled():
            return
        with Session(self._engine) as session:
            session.add(RecallRow(pseudonym=pseudonym, comment=comment, ordered_at=now))
            session.commit()
        self._revision += 1

    def recalled(self) -> frozenset[str]:
        revision, kept = self._revision, self._open  # before reading: a change meanwhile counts
        if kept is not None and kept[0] == revision:
            return kept[1]
        query = select(RecallRow.pseudonym).where(col(RecallRow.closed_at).is_(None))
        with Session(self._reading) as session:
            found = frozenset(session.exec(query))
        self._open = revision, found
        return found

    def close(self, pseudonym: str, now: datetime) -> None:
        which = (col(RecallRow.pseudonym) == pseudonym) & col(RecallRow.closed_at).is_(None)
        with Session(self._engine) as session:
            session.exec(update(RecallRow).where(which).values(closed_at=now))
            session.commit()
        self._revision += 1

    def keep(self, pseudonym: str, erased_at: datetime, receipt: SignedReceipt) -> None:
        with Session(self._engine) as session:
            session.add(
                ErasureReceiptRow(pseudonym=pseudonym, erased_at=erased_at, **vars(receipt))
            )
            session.commit()

    def has_receipt(self, pseudonym: str, erased_at: datetime) -> bool:
        query = select(ErasureReceiptRow.id).where(
            ErasureReceiptRow.pseudonym == pseudonym, ErasureReceiptRow.erased_at == erased_at
        )
        with Session(self._reading) as session:
            return session.exec(query).first() is not None

    def receipts(self, pseudonym: str | None = None) -> list[SignedReceipt]:
        query = select(ErasureReceiptRow).order_by(col(ErasureReceiptRow.id).desc())
        if pseudonym is not None:
            query = query.where(ErasureReceiptRow.pseudonym == pseudonym)
        with Session(self._reading) as session:
            return [
                SignedReceipt(row.body, row.signature, row.public_key_id)
                for row in session.exec(query)
            ]

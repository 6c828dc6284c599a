"""Local accounts in SQL."""

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from gateway.adapters.database import reading
from gateway.adapters.tables.accounts import AccountRow
from gateway.domain.accounts import Account, AccountRole
from gateway.ports import Clock


class SqlAccounts:
    """The `Accounts` port."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._clock = clock

    def get(self, name: str) -> Account | None:
        with Session(self._reading) as session:
            row = session.get(AccountRow, name)
        return None if row is None else _account(row)

    def find(self) -> list[Account]:
        with Session(self._reading) as session:
            rows = session.exec(select(AccountRow).order_by(col(AccountRow.name)))
            return [_account(row) for row in rows]

    def put(self, name: str, role: AccountRole, password: str) -> None:
        now = self._clock.now()
        with Session(self._engine) as session:
            row = session.get(AccountRow, name) or AccountRow(
                name=name, role=role.value, password=password, created_at=now, changed_at=now
            )
            row.role, row.password, row.changed_at = role.value, password, now
            session.add(row)
            session.commit()

    def remove(self, name: str) -> None:
        with Session(self._engine) as session:
            row = session.get(AccountRow, name)
            if row is not None:
                session.delete(row)
                session.commit()


def _account(row: AccountRow) -> Account:
    return Account(row.name, AccountRole(row.role), row.password, row.created_at, row.changed_at)

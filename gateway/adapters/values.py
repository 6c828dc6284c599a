"""The `Values` port in SQL, with what is known already in memory."""

from collections.abc import Collection
from threading import Lock

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from gateway.adapters.database import reading
from gateway.adapters.tables.texts import TextRow
from gateway.ports import MANY, LeavingText, TextPlace


class SqlValues:
    """Remembers of each text up to `MANY` patients: more say that it names nobody."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._lock = Lock()
        self._known: dict[TextPlace, frozenset[str]] | None = None

    def note(self, places: Collection[TextPlace], pseudonym: str) -> None:
        with self._lock:
            known = self._loaded()
            new = {
                place: known.get(place, frozenset()) | {pseudonym}
                for place in places
                if pseudonym not in known.get(place, frozenset())
                and len(known.get(place, frozenset())) < MANY
            }
            if not new:
                return
            with Session(self._engine) as session:
                for (path, vr, text), patients in new.items():
                    session.merge(TextRow(path=path, vr=vr, text=text, patients=sorted(patients)))
                session.commit()
            known.update(new)

    def find(self, at_most: int) -> list[LeavingText]:
        order = (col(TextRow.path), col(TextRow.text))
        query = select(TextRow).order_by(*order)
        with Session(self._reading) as session:
            rows = session.exec(query)
            found = [LeavingText(r.path, r.vr, r.text, len(r.patients)) for r in rows]
        return [one for one in found if one.patients <= at_most]

    def forget(self, pseudonym: str) -> None:
        with self._lock, Session(self._engine) as session:
            for row in session.exec(select(TextRow)):
                if pseudonym not in row.patients:
                    continue
                left = [patient for patient in row.patients if patient != pseudonym]
                if left:
                    row.patients = left
                    session.add(row)
                else:
                    session.delete(row)
            session.commit()
            self._known = None

    def _loaded(self) -> dict[TextPlace, frozenset[str]]:
        if self._known is None:
            with Session(self._reading) as session:
                self._known = {
                    (row.path, row.vr, row.text): frozenset(row.patients)
                    for row in session.exec(select(TextRow))
                }
        return self._known

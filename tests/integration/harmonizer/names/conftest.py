"""The names' router on a real database, with courses of two centres in it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlmodel import Session

from harmonizer.adapters.audit import SqlAudit
from harmonizer.adapters.database import open_engine, upgrade
from harmonizer.adapters.nomenclature_rules import SqlNameRules, SqlNameUses
from harmonizer.adapters.rule_files import TextRuleFiles
from harmonizer.adapters.tables.studies import CourseTable, StructureTable
from harmonizer.api import errors, nomenclature
from harmonizer.api.access import Access, Caller
from harmonizer.data.tg263 import load_nomenclature
from harmonizer.domain.nomenclature import Context, Mapper, RoiName
from harmonizer.services.nomenclature import NomenclatureService

TOKENS = {
    "token-of-anna-000": Caller("anna", "curator"),
    "token-of-bert-000": Caller("bert", "curator"),
    "token-of-rita-000": Caller("rita", "researcher"),
    "token-of-adam-000": Caller("adam", "admin"),
    "token-of-site-000": Caller("KUH", "site", "KUH"),
}
COURSES = {
    "1.1": ("KUH", "P1", ["Lung_L", "OAR 7", "Qwerty 12"]),
    "1.2": ("KUH", "P1", ["left lung", "OAR 7"]),
    "1.3": ("KUH", "P2", ["oar_7", "Ring PTV"]),
    "2.1": ("Tyks", "P3", ["OAR 7", "Heart"]),
}


class TickingClock:
    """Moves on by a second with every look."""

    def __init__(self, hour: int = 8) -> None:
        self._now = datetime(2026, 5, 4, hour, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'archive.db'}")
    upgrade(engine)
    mapper = Mapper(load_nomenclature())
    with Session(engine) as session:
        for uid, (centre, patient, names) in COURSES.items():
            at = datetime(2026, 5, 1, tzinfo=UTC)
            session.add(
                CourseTable(
                    course_uid=uid,
                    version=1,
                    centre=centre,
                    national_id=patient,
                    state="harmonized",
                    stored_at=at,
                    made_by={},
                )
            )
            session.flush()
            for number, name in enumerate(names, start=1):
                mapping = mapper.map_name(RoiName(number, name), Context(centre=centre))
                session.add(
                    StructureTable(
                        course_uid=uid,
                        roi_number=number,
                        local_name=name,
                        standard_name=mapping.tg263_name if mapping.auto else None,
                        suggestion=mapping.tg263_name,
                        kind=str(mapping.kind),
                        confidence=mapping.confidence,
                        status=str(mapping.status),
                        reason=mapping.reason,
                        alternatives=[],
                        dose_status="none",
                        curve=[],
                    )
                )
        session.commit()
    yield engine
    engine.dispose()


@pytest.fixture
def service(engine: Engine) -> NomenclatureService:
    return NomenclatureService(
        SqlNameRules(engine),
        SqlNameUses(engine),
        TextRuleFiles(),
        load_nomenclature(),
        ["KUH", "Tyks"],
        TickingClock(),
    )


@pytest.fixture
def app(engine: Engine, service: NomenclatureService) -> FastAPI:
    app = FastAPI()
    app.state.access, app.state.clock = Access(TOKENS), TickingClock()
    app.state.names, app.state.audit = service, SqlAudit(engine, TickingClock())
    settings = SimpleNamespace(public_url="http://archive.example")
    app.state.service = SimpleNamespace(settings=settings)
    errors.install(app)
    app.include_router(nomenclature.router)
    return app


@pytest.fixture
def client_of(app: FastAPI):
    """Return a function that opens a client for a person."""

    def open_client(name: str) -> httpx.AsyncClient:
        token = next(token for token, caller in TOKENS.items() if caller.name == name)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://archive/api/v1/names",
            headers={"authorization": f"Bearer {token}"},
        )

    return open_client

"""Building the application: the only place where the service meets HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from gateway.api import (
    accounts,
    clinical,
    collection,
    consents,
    courses,
    erasures,
    errors,
    guard,
    internal,
    merges,
    recruitment,
    senders,
    status,
    terms,
    values,
)
from gateway.api.access import Passwords, Sessions
from gateway.collecting import Schedule, collection_of, pacs_of
from gateway.config import Settings
from gateway.errors import ConfigError
from gateway.loops import Background
from gateway.opening import KeyedNaming, World, open_database, open_ring, open_world
from gateway.secret_files import read_secret
from gateway.service import Service
from gateway.web import (
    account_pages,
    audit_pages,
    clinical_pages,
    consent_pages,
    course_pages,
    erasure_pages,
    frame,
    patient_pages,
    people_pages,
    sender_pages,
    status_pages,
    term_pages,
    value_pages,
)

__all__ = ["KeyedNaming", "Service", "World", "create_app", "open_database", "open_ring"]

APIS = (
    internal,
    status,
    accounts,
    consents,
    courses,
    merges,
    terms,
    clinical,
    recruitment,
    senders,
    collection,
    values,
    erasures,
)
PAGES = (
    people_pages,
    status_pages,
    course_pages,
    patient_pages,
    account_pages,
    consent_pages,
    clinical_pages,
    term_pages,
    value_pages,
    sender_pages,
    erasure_pages,
    audit_pages,
)


def create_app(
    settings: Settings, world: World | None = None, *, background: bool = True
) -> FastAPI:
    """Build the application. Raises `ConfigError` rather than start unsafely."""
    ring = open_ring(settings)
    operator = read_secret(settings.operator_token_file, "operator_token_file")
    plugin = read_secret(settings.plugin_token_file, "plugin_token_file")
    if operator == plugin:
        raise ConfigError("plugin_token_file: must hold another secret than operator_token_file")
    engine = open_database(settings)
    service = Service(settings, engine, ring, world or open_world(settings, ring))
    loops, collected = Background(service), None
    if settings.collection is not None and settings.dicom is not None:
        pacs = service.world.pacs or pacs_of(settings.collection, settings.dicom)
        collected = collection_of(service, settings.collection, pacs, ring.site_keys())
        loops.schedule = Schedule(settings.collection, collected)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if background:
            loops.start()
        yield
        if background:
            loops.stop()
        service.close()

    app = FastAPI(title=f"KaSARi gateway {settings.centre}", lifespan=lifespan, openapi_url=None)
    app.state.operator_token, app.state.plugin_token = operator, plugin
    _publish(app, service, loops)
    guard.install(app)
    app.state.collection = collected
    errors.install(app, frame.trouble)
    for part in (*APIS, *PAGES):
        app.include_router(part.router)
    frame.install(app)
    return app


def _publish(app: FastAPI, service: Service, loops: Background) -> None:
    """Put on `app.state` what the routers ask for."""
    app.state.service = service
    app.state.sessions = Sessions()
    app.state.passwords = Passwords(service.accounts)
    app.state.previews = consent_pages.Previews()
    app.state.poke = loops.intake.poke
    published = (
        "clock",
        "audit",
        "consents",
        "course_service",
        "decisions",
        "sending",
        "inquiry",
        "status",
    )
    others = (
        "recheck",
        "recall",
        "deletion",
        "terms",
        "values",
        "clinical",
        "clinical_sending",
        "annulment",
        "recruitment",
        "accounts",
        "ledger",
        "merging",
        "finder",
        "courses",
    )
    for name in (*published, *others):
        setattr(app.state, name, getattr(service, name))
    app.state.senders = service.door.senders if service.door else None
    app.state.centre = service.settings.centre

"""Building the gateway service: the only place where objects meet settings."""

import hmac
import socket
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from fastapi import FastAPI

from gateway.adapters.archive import HttpArchive, open_archive_client
from gateway.adapters.audit import SqlAudit
from gateway.adapters.clinical_archive import HttpClinicalArchive
from gateway.adapters.clinical_codelists import load_code_lists
from gateway.adapters.clinical_people import VaultPeople
from gateway.adapters.clinical_store import SqlClinicalStore
from gateway.adapters.clock import SystemClock
from gateway.adapters.courses import SqlCourses
from gateway.adapters.database import Engine, open_engine
from gateway.adapters.index import SqlIndex
from gateway.adapters.orthanc import OrthancSiteStore, open_site_client
from gateway.adapters.outbox import SqlOutbox
from gateway.adapters.schema import upgrade
from gateway.adapters.second_stage import EngineSecondStage, open_profile
from gateway.adapters.spool import FolderSpool
from gateway.adapters.terms import SqlTerms
from gateway.adapters.vault import SqlVault
from gateway.adapters.watch import SqlAlerts, SqlPluginTotals
from gateway.api import clinical, consents, courses, errors, internal, terms
from gateway.api.access import Sessions
from gateway.background import Loop
from gateway.config import Settings, read_root_key, read_secret
from gateway.contract.manifest import Role
from gateway.domain.courses import Needs
from gateway.domain.identity import KeyRing, lookup_hash, site_pseudonym, unseal
from gateway.domain.validation import RULES, with_severities
from gateway.errors import ConfigError, GatewayError, HoldError
from gateway.ports import Archive, Clock, SecondStage, SiteStore, StoredInstance
from gateway.services.canary import CanaryService
from gateway.services.clinical import ClinicalSender, ClinicalService
from gateway.services.clinical_ports import ClinicalArchive
from gateway.services.consent import ConsentService
from gateway.services.courses import CoursePolicy, CourseService
from gateway.services.inquiry import InquiryService
from gateway.services.intake import IntakeService
from gateway.services.preparation import Preparer
from gateway.services.status import StatusService
from gateway.services.submission import SubmissionService
from gateway.services.terms import TermService
from gateway.services.withdrawal import ERASE, WithdrawalService
from gateway.web import pages

READERS = 4
REWRITERS = 4
CLINICAL_PAUSE_S = 2.0
WITHDRAWAL_PAUSE_S = 5.0


@dataclass(frozen=True)
class World:
    """What lies outside the service. Tests bring their own."""

    site: SiteStore
    archive: Archive
    stage: SecondStage
    clinical: ClinicalArchive
    clock: Clock = field(default_factory=SystemClock)


class KeyedNaming:
    """The `Naming` of the consent service, bound to this centre's keys."""

    def __init__(self, ring: KeyRing) -> None:
        self._keys = ring.site_keys()

    def lookup(self, patient_id: str) -> str:
        return lookup_hash(self._keys, patient_id)

    def pseudonym(self, patient_id: str) -> str:
        return site_pseudonym(self._keys, patient_id)


def open_ring(settings: Settings) -> KeyRing:
    """Derive this centre's keys from its root key file."""
    return KeyRing.from_root(read_root_key(settings.root_key_file), settings.centre)


def open_world(settings: Settings, ring: KeyRing) -> World:
    """Connect to the real site Orthanc and archive."""
    site = settings.site_orthanc
    door = settings.archive
    client = open_archive_client(
        door.url,
        read_secret(door.token_file, "archive.token_file"),
        door.ca_file,
        door.client_certificate,
    )
    return World(
        site=OrthancSiteStore(
            open_site_client(
                site.url,
                site.username,
                read_secret(site.password_file, "site_orthanc.password_file"),
            )
        ),
        archive=HttpArchive(client),
        stage=EngineSecondStage(open_profile(settings.policy_file), ring),
        clinical=HttpClinicalArchive(client),
    )


def open_database(settings: Settings) -> Engine:
    """Open the database and bring it to this version's schema."""
    try:
        settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"data_folder: {settings.data_folder} cannot be made ({type(error).__name__})"
        ) from None
    engine = open_engine(settings.database)
    upgrade(engine)
    return engine


def policy_of(settings: Settings) -> CoursePolicy:
    """Translate the centre's choices."""
    try:
        needs = Needs(tuple(Role(role) for role in settings.course_needs))
        rules = with_severities(RULES, settings.rule_severities)
    except ValueError as error:
        raise ConfigError(f"course_needs / rule_severities: {error}") from None
    return CoursePolicy(settings.settle_seconds, needs, rules)


class Service:
    """Every object of one running gateway."""

    def __init__(self, settings: Settings, engine: Engine, ring: KeyRing, world: World) -> None:
        self.settings = settings
        self.engine = engine
        self.world = world
        self.clock = world.clock
        self.naming = KeyedNaming(ring)
        self.readers = ThreadPoolExecutor(READERS, thread_name_prefix="read")
        self.rewriters = ThreadPoolExecutor(REWRITERS, thread_name_prefix="rewrite")
        self._open_stores(ring)
        self.consents = ConsentService(
            self.vault,
            self.naming,
            self.clock,
            self.audit,
            world.stage.profile,
            self._consent_changed,
        )
        self.canary = CanaryService(world.site, self.alerts, self.clock)
        self.preparer = self._preparer()
        self.terms = self._terms(ring)
        self.intake = IntakeService(
            world.site, self.index, self.alerts, self.clock, self.readers, self._indexed
        )
        self.course_service = self._course_service()
        self.sending = self._sending()
        self.withdrawal = WithdrawalService(
            self.consents.withdrawn,
            self.vault,
            self.index,
            self.courses,
            self.outbox,
            world.site,
            self.audit,
            self.terms.forget,
        )
        self._add_clinical(ring)
        self._add_answers()

    def _open_stores(self, ring: KeyRing) -> None:
        engine, clock = self.engine, self.clock
        self.audit = SqlAudit(engine, clock)
        self.alerts = SqlAlerts(engine, clock)
        self.totals = SqlPluginTotals(engine, clock)
        self.vault = SqlVault(engine, ring.vault_key, ring.key_id, clock)
        self.vault.check_key()
        self.index = SqlIndex(engine, clock)
        self.courses = SqlCourses(engine)
        self.outbox = SqlOutbox(engine, clock)
        self.spool = FolderSpool(self.settings.data_folder / "spool")
        self.spool.empty()

    def _add_answers(self) -> None:
        self.inquiry = InquiryService(
            self.vault, self.naming, self.index, self.courses, self.outbox, self.audit
        )
        self.status = StatusService(
            self.settings.centre,
            self.consents,
            self.index,
            self.courses,
            self.outbox,
            self.totals,
            self.alerts,
            self.canary,
            self.clock,
        )

    def _preparer(self) -> Preparer:
        return Preparer(
            self.world.site,
            self.world.stage,
            self.spool,
            self.rewriters,
            self.clock,
            self.vault.person,
            self.settings.centre,
        )

    def _terms(self, ring: KeyRing) -> TermService:
        return TermService(
            SqlTerms(self.engine, self.clock),
            self.courses,
            self.vault,
            partial(unseal, ring.site_keys()),
            self._use_terms,
            self.alerts,
            self.audit,
        )

    def _use_terms(self, texts: Mapping[str, str]) -> None:
        self.world.stage.use_terms(texts)
        self.preparer.begin_again()

    def _indexed(self, stored: StoredInstance, data: bytes) -> None:
        self.terms.note(stored, data)
        self.preparer.begin(stored, data)

    def _course_service(self) -> CourseService:
        return CourseService(
            self.index,
            self.courses,
            self.outbox,
            self.vault,
            self.consents.is_admitted,
            self.clock,
            self.audit,
            policy_of(self.settings),
            self.world.stage.uid,
        )

    def _sending(self) -> SubmissionService:
        return SubmissionService(
            self.outbox,
            self.courses,
            self.index,
            self.world.archive,
            self.spool,
            self.preparer,
            self.alerts,
            self.audit,
            self.consents.is_admitted,
            self._hold,
        )

    def _add_clinical(self, ring: KeyRing) -> None:
        rows = SqlClinicalStore(self.engine)
        people = VaultPeople(self.vault, ring)
        key = hmac.digest(ring.vault_key, b"clinical rows", "sha256")
        self.clinical = ClinicalService(rows, people, load_code_lists(), self.clock, key)
        self.clinical_sending = ClinicalSender(
            rows, people, self.world.clinical, self.clock, self.settings.centre
        )

    def _hold(self, course_id: int, error: HoldError) -> None:
        self.course_service.hold(course_id, error)

    def _consent_changed(self, pseudonym: str) -> None:
        if not self.consents.is_admitted(pseudonym):
            self.outbox.cancel(pseudonym)
        self.courses.reopen(pseudonym)

    def close(self) -> None:
        """Let go of threads and connections."""
        self.readers.shutdown(cancel_futures=True)
        self.rewriters.shutdown(cancel_futures=True)
        self.engine.dispose()


class Background:
    """The service's loops: intake, courses, senders, canary."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._reconciled = False
        self._failing: dict[str, bool] = {}
        pause = service.settings.poll_seconds
        every = service.settings.canary_minutes * 60
        names = [f"{socket.gethostname()}-sender-{n}" for n in range(service.settings.senders)]
        self.intake = self._loop("intake", self._take_in, pause)
        self.loops = [
            self.intake,
            self._loop("courses", service.course_service.step, pause),
            self._loop("canary", partial(service.canary.step_if_due, every), min(every, 5.0)),
            self._loop("clinical", self._send_clinical, CLINICAL_PAUSE_S),
            self._loop("withdrawal", self._erase, WITHDRAWAL_PAUSE_S),
            *(self._loop(name, partial(service.sending.step, name), pause) for name in names),
        ]

    def start(self) -> None:
        self._service.outbox.release_leases()
        for loop in self.loops:
            loop.start()

    def stop(self) -> None:
        for loop in self.loops:
            loop.ask_to_stop()
        for loop in self.loops:
            loop.stop()

    def _loop(self, name: str, step: object, pause_s: float) -> Loop:
        return Loop(name, step, pause_s, self._failed, self._succeeded)  # type: ignore[arg-type]

    def _take_in(self) -> int:
        if not self._reconciled:
            self._service.intake.reconcile()
            self._reconciled = True
        return self._service.intake.step()

    def _erase(self) -> None:
        if self._service.settings.on_withdrawal == ERASE:
            self._service.withdrawal.step()

    def _send_clinical(self) -> None:
        if self._service.sending.stopped:
            return
        self._service.clinical.forget_withdrawn()
        self._service.clinical_sending.send()

    def _failed(self, name: str, error: Exception) -> None:
        self._failing[name] = True
        text = str(error) if isinstance(error, GatewayError) else type(error).__name__
        self._service.alerts.raise_alert(f"{name}-failing", f"{text}; tried again by itself")

    def _succeeded(self, name: str) -> None:
        if self._failing.get(name, True):  # also after a start: an old alert may stand
            self._service.alerts.clear(f"{name}-failing")
            self._failing[name] = False


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
    loops = Background(service)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if background:
            loops.start()
        yield
        if background:
            loops.stop()
        service.close()

    app = FastAPI(title=f"KaSARi gateway {settings.centre}", lifespan=lifespan, docs_url=None)
    app.state.operator_token, app.state.plugin_token = operator, plugin
    _publish(app, service, loops)
    errors.install(app)
    for part in (internal, consents, courses, terms, clinical):
        app.include_router(part.router)
    pages.install(app)
    return app


def _publish(app: FastAPI, service: Service, loops: Background) -> None:
    """Put on `app.state` what the routers ask for."""
    app.state.service = service
    app.state.sessions = Sessions()
    app.state.poke = loops.intake.poke
    published = ("clock", "audit", "consents", "course_service", "sending", "inquiry", "status")
    for name in (*published, "terms", "clinical"):
        setattr(app.state, name, getattr(service, name))
    app.state.centre = service.settings.centre

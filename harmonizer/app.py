"""Building the harmonizer: the only place where objects meet settings."""

import socket
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from harmonizer.adapters.audit import SqlAudit
from harmonizer.adapters.clinical_records import SqlClinicalRecords, SqlPromRecords
from harmonizer.adapters.clinical_tables import SqlTableRecords
from harmonizer.adapters.clock import SystemClock
from harmonizer.adapters.cohorts import SqlCohorts
from harmonizer.adapters.course_series import SqlCourseSeries
from harmonizer.adapters.courses import SqlCourses
from harmonizer.adapters.database import Engine, open_engine, upgrade
from harmonizer.adapters.derived_records import SqlDerived
from harmonizer.adapters.dicomrt.course import read_course
from harmonizer.adapters.dicomrt.identity import described
from harmonizer.adapters.dicomrt.pixels import read_picture
from harmonizer.adapters.dicomrt.renaming import StructureSetRenamer
from harmonizer.adapters.dicomrt.report_objects import DicomReports
from harmonizer.adapters.dicomrt.thumbnail import paint_region
from harmonizer.adapters.dicomweb import OrthancDicomWeb, open_reading_client
from harmonizer.adapters.dose_metrics import SqlDoseMetrics
from harmonizer.adapters.holdings import SqlHoldings
from harmonizer.adapters.kept_names import SqlKeptNames
from harmonizer.adapters.nomenclature_rules import SqlNameRules, SqlNameUses
from harmonizer.adapters.orthanc import OrthancArchive, open_orthanc_client
from harmonizer.adapters.overview import SqlOverview
from harmonizer.adapters.printing import can_print, print_pdf
from harmonizer.adapters.quality_marks import SqlQualityMarks
from harmonizer.adapters.recruitment import SqlRecruitment
from harmonizer.adapters.registry import SqlRegistry
from harmonizer.adapters.rule_files import TextRuleFiles
from harmonizer.adapters.seals import CentreSeals
from harmonizer.adapters.submissions import SqlSubmissions
from harmonizer.adapters.usual import SqlUsual
from harmonizer.adapters.work import SqlWork
from harmonizer.api import (
    audit,
    bias,
    clinical,
    dicomweb,
    errors,
    fhir,
    guard,
    nomenclature,
    quality,
    registry,
    reports,
    stow,
    studies,
    submissions,
)
from harmonizer.api.access import Access, Caller
from harmonizer.api.attempts import Attempts
from harmonizer.api.refusals import Refusals
from harmonizer.background import WORK, Background, Intake
from harmonizer.config import Settings, read_secret
from harmonizer.data.ctcae import load_ctcae
from harmonizer.data.instruments import load_instruments
from harmonizer.data.quality import load_knowledge
from harmonizer.data.schedules import load_schedule
from harmonizer.data.tg263 import load_nomenclature
from harmonizer.domain.cohorts import Words, make_words
from harmonizer.domain.dose.metric_sets import metric_set
from harmonizer.domain.studies import DerivedKind
from harmonizer.errors import ConfigError
from harmonizer.ports import ArchiveStore, Clock, DicomWeb
from harmonizer.services.bias import BiasService
from harmonizer.services.clinical import ClinicalService
from harmonizer.services.cohorts import CohortService
from harmonizer.services.derived import DerivedService, Maker
from harmonizer.services.fhir import FhirService
from harmonizer.services.harmonization import HarmonizationService
from harmonizer.services.nomenclature import NomenclatureService
from harmonizer.services.proms import PromService
from harmonizer.services.quality import QualityService
from harmonizer.services.reconciliation import ReconciliationService
from harmonizer.services.registry import RegistryService
from harmonizer.services.remapping import RemappingService
from harmonizer.services.renamed import RenamedStructureSets
from harmonizer.services.reports import ReportService
from harmonizer.services.studies import StudyService
from harmonizer.services.submission import SubmissionService
from harmonizer.services.tables import TableService
from harmonizer.services.thumbnails import ThumbnailService
from harmonizer.services.withdrawal import WithdrawalService
from harmonizer.web import pages, worklist

STORERS: Final = 8
MEGABYTE: Final = 1 << 20


@dataclass(frozen=True)
class World:
    """What lies outside the service. Tests bring their own."""

    store: ArchiveStore
    clock: Clock = field(default_factory=SystemClock)
    dicomweb: DicomWeb | None = None
    """Without it nothing is searched or retrieved."""
    prints: bool = False
    """Whether reports are stored as printed pages too: that takes Pango and a second each."""


def open_world(settings: Settings) -> World:
    """Connect to the archive's Orthanc."""
    archive = settings.archive_orthanc
    password = read_secret(archive.password_file, "archive_orthanc.password_file")
    login = (archive.url, archive.username, password)
    return World(
        OrthancArchive(open_orthanc_client(*login)),
        dicomweb=OrthancDicomWeb(open_reading_client(*login, settings.public_url)),
        prints=can_print(),
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


def open_access(settings: Settings) -> Access:
    """Read every token. Two callers with one token could not be told apart."""
    tokens: dict[str, Caller] = {}
    for centre in settings.centres:
        key = f"centres.{centre.name}.token_file"
        caller = Caller(centre.name, "site", centre.name)
        tokens[_fresh(tokens, read_secret(centre.token_file, key), key)] = caller
    for reader in settings.readers:
        key = f"readers.{reader.name}.token_file"
        tokens[_fresh(tokens, read_secret(reader.token_file, key), key)] = Caller(
            reader.name, reader.role
        )
    return Access(tokens)


def _fresh(tokens: dict[str, Caller], token: str, key: str) -> str:
    if token in tokens:
        raise ConfigError(f"{key}: has the same token as another; give each its own")
    return token


class Service:
    """Every object of one running harmonizer."""

    def __init__(self, settings: Settings, engine: Engine, world: World) -> None:
        self.settings = settings
        self.engine = engine
        self.world = world
        self.clock = world.clock
        self.audit = SqlAudit(engine, self.clock)
        self.work = SqlWork(engine, f"{socket.gethostname()}:{settings.listen.port}")
        self.courses = SqlCourses(engine)
        self._open_clinical()
        self.studies = StudyService(
            SqlOverview(engine),
            self.work,
            self.clinical.counts,
            [centre.name for centre in settings.centres],
        )
        announced = SqlSubmissions(engine)
        self.reconciliation = ReconciliationService(announced, world.store, self.clock)
        self.intake = Intake()
        self.submissions = SubmissionService(
            announced,
            world.store,
            CentreSeals({centre.name: centre.public_keys for centre in settings.centres}),
            self.work,
            self.records,
            self.clock,
        )
        self.names = self._open_names()
        self.harmonization = HarmonizationService(
            self.courses,
            world.store,
            read_course,
            self.clinical,
            self.names.mapper,
            load_knowledge(),
            self.work,
            self.clock,
            SqlUsual(engine),
        )

        self._open_derived()

    def _open_derived(self) -> None:
        """Everything that the archive makes of a course and stores beside it."""
        self.remapping = RemappingService(
            SqlKeptNames(self.engine), self.names.mapper, self.work, self.clock
        )
        rename = StructureSetRenamer(self.names.mapper().structure_of)
        overview, store = SqlOverview(self.engine), self.world.store
        self.renamed = RenamedStructureSets(overview, self.courses, store, rename)
        self.reports = ReportService(
            self.courses,
            store,
            self.harmonization.analysis,
            read_picture,
            DicomReports(print_pdf),
            self.clock,
        )
        makers: dict[DerivedKind, Maker] = {
            DerivedKind.NAMES: self.renamed.if_any,
            DerivedKind.REPORT: self.reports.structured_to_store,
        }
        if self.world.prints:
            makers[DerivedKind.PRINTED] = self.reports.printed_to_store
        self.derived = DerivedService(
            SqlDerived(self.engine), store, described, makers, self.work, self.clock
        )

    def _open_names(self) -> NomenclatureService:
        return NomenclatureService(
            SqlNameRules(self.engine),
            SqlNameUses(self.engine),
            TextRuleFiles(),
            load_nomenclature(),
            [centre.name for centre in self.settings.centres],
            self.clock,
        )

    def _open_clinical(self) -> None:
        self.records = SqlClinicalRecords(self.engine)
        self.withdrawal = WithdrawalService(
            SqlHoldings(self.engine), self.world.store, self.work, self.audit, self.clock
        )
        ctcae, instruments, schedule = load_ctcae(), load_instruments(), load_schedule()
        self.clinical = ClinicalService(
            self.records, ctcae, instruments, schedule, self.clock, self.withdrawal
        )
        self.proms = PromService(SqlPromRecords(self.engine), instruments, schedule)
        self.bias = BiasService(SqlRecruitment(self.engine), self.records, self.proms)
        self.tables = TableService(
            SqlTableRecords(self.engine), schedule, ctcae, SqlDoseMetrics(self.engine)
        )

    def cohorts(self, dicomweb: DicomWeb) -> CohortService:
        """Build searching and retrieving."""
        return CohortService(
            SqlCohorts(self.engine), dicomweb, load_words(), self.settings.public_url
        )

    def work_through(self, intake: Intake | None = None) -> None:
        """Do everything that is due; with an intake given, as far as it lets us.

        New rules for names have a job of their own: they wait for no course.
        """
        while (
            self.withdrawal.step()
            or ((intake is None or intake.lets_harmonize()) and self.harmonization.step())
            or ((intake is None or intake.lets_derive()) and self.derived.step())
        ):
            pass


def load_words() -> Words:
    """Return what may stand in a search: names, metrics, terms and scales of the tables."""
    constraints = load_knowledge().constraints
    return make_words(
        [structure.name for structure in load_nomenclature().structures],
        [metric.text for metric in metric_set(True, [one.metric for one in constraints])],
        [
            term.term
            for edition in load_ctcae().versions.values()
            for term in edition.by_name.values()
        ],
        {name: instrument.codes for name, instrument in load_instruments().items()},
    )


def create_app(
    settings: Settings, world: World | None = None, *, background: bool = True
) -> FastAPI:
    """Build the application. Raises `ConfigError` rather than start unsafely."""
    access = open_access(settings)
    service = Service(settings, open_database(settings), world or open_world(settings))
    jobs = _jobs(service)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.storers = ThreadPoolExecutor(STORERS, thread_name_prefix="store")
        if background:
            service.work.release_leases()
            jobs.start()
        yield
        jobs.stop()
        app.state.storers.shutdown()
        if service.world.dicomweb:
            await service.world.dicomweb.close()
        service.engine.dispose()

    app = FastAPI(title="KaSARi archive", lifespan=lifespan, openapi_url=None)
    app.state.access, app.state.poke = access, jobs.poke
    app.state.attempts, app.state.refusals = Attempts(), Refusals()
    _publish(app, service)
    app.add_middleware(guard.Guard)
    errors.install(app)
    readable = (audit, clinical, studies, nomenclature, reports, registry, quality, bias, fhir)
    for part in (stow, submissions, *readable):
        app.include_router(part.router)
    if service.world.dicomweb:
        app.state.cohorts = service.cohorts(service.world.dicomweb)
        app.include_router(dicomweb.router)
    pages.install(app, is_secure=settings.public_url.startswith("https:"))
    app.include_router(worklist.router)
    app.add_api_route("/health", _health, include_in_schema=False)
    return app


def _jobs(service: Service) -> Background:
    settings, jobs = service.settings, Background()
    jobs.every(WORK, settings.poll_seconds, partial(service.work_through, service.intake))
    jobs.every("names", settings.poll_seconds, service.remapping.step)
    jobs.every("erasures", settings.scan_minutes * 60, service.withdrawal.reconcile)
    jobs.every("store", settings.scan_minutes * 60, service.reconciliation.scan)
    jobs.every("scrub", 60, partial(service.reconciliation.scrub, settings.scrub_per_minute))
    jobs.every("reconcile", settings.scan_minutes * 60, service.harmonization.reconcile)
    jobs.every("derived", settings.scan_minutes * 60, service.derived.reconcile)
    jobs.every("scores", 24 * 3600, service.proms.rescore)
    return jobs


def _publish(app: FastAPI, service: Service) -> None:
    """Put on `app.state` what the routers ask for."""
    app.state.service, app.state.intake = service, service.intake
    outcomes = ("clinical", "proms", "bias", "tables")
    parts = ("submissions", "harmonization", "studies", "names", *outcomes)
    for name in ("clock", "audit", "withdrawal", "reconciliation", *parts):
        setattr(app.state, name, getattr(service, name))
    app.state.quality = QualityService(SqlQualityMarks(service.engine))
    app.state.fhir = FhirService(
        service.studies,
        SqlCourseSeries(service.engine),
        service.records,
        service.settings.public_url,
    )
    app.state.registry = RegistryService(SqlRegistry(service.engine))
    app.state.parquet = _parquet_parts
    app.state.reports = service.reports
    store = service.world.store
    app.state.thumbnails = ThumbnailService(service.courses, store, paint_region)
    app.state.renamed = service.renamed
    app.state.turns = stow.Turns(service.settings.stores_per_centre)
    app.state.largest_instance = service.settings.largest_instance_mb * MEGABYTE


def _health(request: Request) -> JSONResponse:
    """Say whether the service and its store answer."""
    alive = request.app.state.service.world.store.is_alive()
    status = "ok" if alive else "the archive's Orthanc does not answer"
    return JSONResponse({"status": status}, 200 if alive else 503)


def _parquet_parts(*table: Any) -> Iterator[bytes]:
    """Tables as Parquet: loaded when one is first asked for, as it takes 40 MB."""
    from harmonizer.adapters.parquet import parquet_parts

    return parquet_parts(*table)

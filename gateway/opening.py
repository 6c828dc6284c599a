"""Opening what one gateway stands on: keys, database, the site Orthanc, the archive."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.adapters.accounts import SqlAccounts
from gateway.adapters.archive import HttpArchive, open_archive_client
from gateway.adapters.audit import SqlAudit
from gateway.adapters.audit_seals import AuditSeals, Verified
from gateway.adapters.certificate import end_of
from gateway.adapters.clinical_archive import HttpClinicalArchive
from gateway.adapters.clock import SystemClock
from gateway.adapters.database import Engine, open_engine
from gateway.adapters.disk import measure
from gateway.adapters.orthanc import OrthancSiteStore, open_site_client
from gateway.adapters.restore_mark import RestoreMark
from gateway.adapters.schema import upgrade
from gateway.adapters.second_stage import EngineSecondStage, open_profile
from gateway.config import Settings
from gateway.contract.manifest import Role
from gateway.domain.checker import UnreadableError, read_elements, texts_of
from gateway.domain.clinical.sources import READERS, Reader, read_fhir
from gateway.domain.courses import WAITING_CODES, Needs
from gateway.domain.identity import KeyRing, lookup_hash, site_pseudonym
from gateway.domain.submission import Window
from gateway.domain.validation import RULES, with_severities
from gateway.errors import ConfigError
from gateway.ports import Alerts, Archive, Clock, Pacs, SecondStage, SiteStore, TextPlace
from gateway.secret_files import read_private, read_root_key, read_secret
from gateway.services.accounts import AccountService
from gateway.services.certificates import PortCertificates
from gateway.services.clinical_ports import ClinicalArchive
from gateway.services.courses import CoursePolicy
from gateway.services.departure import Departure, Throttle
from gateway.services.disk import GIGABYTE, DiskGuard, DiskLimits, DiskUse

MEGABYTE = 10**6


@dataclass(frozen=True)
class World:
    """What lies outside the service. Tests bring their own."""

    site: SiteStore
    archive: Archive
    stage: SecondStage
    clinical: ClinicalArchive
    clock: Clock = field(default_factory=SystemClock)
    disk: Callable[[Path], tuple[int, int]] = measure
    """Size and what may still be written, in bytes, of a folder's volume."""
    throttle: Throttle = field(default_factory=lambda: Throttle(None))
    pacs: Pacs | None = None
    """Where prospective collection asks; None for what the settings name."""


def disk_guard(settings: Settings, world: World, alerts: Alerts) -> DiskGuard:
    """Watch the volumes that intake fills."""
    folders = {"the gateway's data": settings.data_folder}
    if settings.disk.orthanc_folder is not None:
        folders["the site Orthanc's storage"] = settings.disk.orthanc_folder
    limits = DiskLimits(settings.disk.full_percent, int(settings.disk.reserve_gb * GIGABYTE))

    def use(folder: Path) -> DiskUse:
        return DiskUse(*world.disk(folder))

    measures = {name: partial(use, folder) for name, folder in folders.items()}
    return DiskGuard(measures, limits, alerts)


def departure(settings: Settings, world: World, alerts: Alerts) -> Departure:
    """Translate the centre's hours and certificate, and look whether a backup was put back."""
    hours, certificate = settings.sending, settings.archive.client_certificate
    return Departure(
        world.clock,
        alerts,
        [Window.parse(window) for window in hours.windows],
        ZoneInfo(hours.time_zone) if hours.windows else None,
        end_of(certificate) if certificate else None,
        RestoreMark(settings.data_folder),
    )


def port_certificates(settings: Settings, clock: Clock, alerts: Alerts) -> PortCertificates:
    ends = {name: end_of(path, name) for name, path in settings.port_certificates.items()}
    return PortCertificates(ends, alerts, clock)


class KeyedNaming:
    """The `Naming` of the consent service, bound to this centre's keys."""

    def __init__(self, ring: KeyRing) -> None:
        self._keys = ring.site_keys()

    def lookup(self, patient_id: str) -> str:
        return lookup_hash(self._keys, patient_id)

    def pseudonym(self, patient_id: str) -> str:
        return site_pseudonym(self._keys, patient_id)


def open_ring(settings: Settings) -> KeyRing:
    """Derive this centre's keys from its root key files."""
    files = (*settings.former_root_key_files, settings.root_key_file)
    return KeyRing.from_roots([read_root_key(path) for path in files], settings.centre)


def open_world(settings: Settings, ring: KeyRing) -> World:
    """Connect to the real site Orthanc and archive."""
    site = settings.site_orthanc
    door = settings.archive
    rate = settings.sending.megabytes_per_second
    if door.client_certificate is not None:  # its key is in the same file
        read_private(door.client_certificate, "archive.client_certificate")
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
        throttle=Throttle(rate * MEGABYTE if rate else None),
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


def forms(settings: Settings) -> Mapping[str, Reader]:
    """Return what reads other systems' exports: FHIR by the identifiers that consents go by."""
    return READERS | {"fhir": partial(read_fhir, system=settings.patient_identifier_system)}


def policy_of(settings: Settings) -> CoursePolicy:
    """Translate the centre's choices."""
    try:
        needs = Needs(tuple(Role(role) for role in settings.course_needs))
        rules = with_severities(RULES, settings.rule_severities)
    except ValueError as error:
        raise ConfigError(f"course_needs / rule_severities: {error}") from None
    waits = {code: 60 * minutes for code, minutes in settings.waiting_minutes.items()}
    unknown = set(waits) - set(WAITING_CODES)
    if unknown:
        raise ConfigError(
            f"waiting_minutes: {sorted(unknown)[0]} is none of {', '.join(WAITING_CODES)}"
        )
    return CoursePolicy(settings.settle_seconds, needs, rules, waits)


def open_seals(settings: Settings, engine: Engine, ring: KeyRing, clock: Clock) -> AuditSeals:
    """Open what seals the audit and checks it."""
    keys = {**ring.former_vault_keys, ring.key_id: ring.vault_key}
    return AuditSeals(engine, settings.data_folder, keys, ring.key_id, clock)


def verify_audit(settings: Settings) -> Verified:
    """Check the audit beside the service, which may be running. Raises `TamperedError`."""
    engine = open_database(settings)
    try:
        return open_seals(settings, engine, open_ring(settings), SystemClock()).verify()
    finally:
        engine.dispose()


@contextmanager
def open_accounts(settings: Settings) -> Iterator[AccountService]:
    """Open the accounts beside the service, which may be running."""
    engine = open_database(settings)
    try:
        clock = SystemClock()
        yield AccountService(SqlAccounts(engine, clock), clock, SqlAudit(engine, clock))
    finally:
        engine.dispose()


def leaving_texts(leaves: bytes) -> frozenset[TextPlace]:
    """Read the texts of one object; one that cannot be read to its end has been refused before."""
    try:
        return texts_of(read_elements(leaves))
    except UnreadableError:
        return frozenset()

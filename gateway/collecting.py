"""Building prospective collection and its schedule."""

import logging
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from gateway.adapters.collected import SqlCollected
from gateway.adapters.pacs import DicomPacs
from gateway.config import Collection, DicomDoor
from gateway.domain.identity import SiteKeys, site_uid
from gateway.errors import ConfigError
from gateway.ports import Pacs
from gateway.service import Service
from gateway.services.collection import CollectionLimits, CollectionService
from gateway.tls import peer_tls

logger = logging.getLogger(__name__)


def pacs_of(collection: Collection, door: DicomDoor) -> Pacs:
    """Return the PACS that the centre's settings name."""
    return DicomPacs(
        collection.pacs.host,
        collection.pacs.port or 104,
        collection.pacs.aet,
        ae_title=collection.ae_title or door.ae_title,
        destination=door.ae_title,
        tls=peer_tls(collection.pacs, door),
    )


def collection_of(
    service: Service, collection: Collection, pacs: Pacs, keys: SiteKeys
) -> CollectionService:
    return CollectionService(
        pacs,
        SqlCollected(service.engine),
        service.vault,
        service.consents.admitted,
        service.consents.is_admitted,
        service.index,
        partial(site_uid, keys),
        CollectionLimits(
            collection.instances_per_hour,
            collection.patients_per_run,
            timedelta(hours=collection.again_hours),
            collection.quiet_days,
        ),
        lambda: takes_in(service),
        service.alerts,
        service.audit,
        service.clock,
    )


def takes_in(service: Service) -> bool:
    """Whether what a PACS is asked to send would be taken."""
    closed = service.departure.restored or service.disk.closed
    return closed is None and bool(service.door and service.door.gate.is_open)


class Schedule:
    """Runs collection at the times of a crontab line, never twice at once."""

    def __init__(self, collection: Collection, service: CollectionService) -> None:
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(
            job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": 3600}
        )
        self._service = service
        self._scheduler.add_job(self._run, crontab(collection), id="collection")

    def _run(self) -> None:
        try:
            self._service.step()
        except Exception as error:  # noqa: BLE001 - tried again at the next turn
            logger.warning("collection: %s", type(error).__name__)

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


def crontab(collection: Collection) -> CronTrigger:
    """Return when to collect.

    Raises
    ------
    ConfigError
        It is no crontab line.
    """
    try:
        return CronTrigger.from_crontab(collection.cron, ZoneInfo(collection.time_zone))
    except ValueError:
        raise ConfigError(
            "collection.cron: must be five fields as in a crontab, e.g. 0 20-23 * * *"
        ) from None

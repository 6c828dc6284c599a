"""Telling how it stands: numbers for the console, for a probe and for the person who asks why."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.contract.site import PluginReport
from gateway.domain.ledger import Place
from gateway.errors import RetryError
from gateway.ports import Alerts, Clock, Courses, Index, Outbox, PluginTotals
from gateway.services.canary import CanaryService
from gateway.services.consent import ConsentService
from gateway.services.departure import Departure
from gateway.services.disk import DiskGuard
from gateway.services.ledger import Ledger

PLUGIN_SILENT_S = 120.0
PLUGIN_DIFFERS = "plugin-differs"
OPEN, CLOSED = "open", "closed"
RATE_WINDOW_S = 60.0


@dataclass(frozen=True)
class Account:
    """Where every instance that was ever offered is now. `sums_up` is what must always hold."""

    received: int
    """Stored after the first stage, those that were set aside as well."""
    delivered: int
    held: int
    on_the_way: int
    refused_here: int
    set_aside: int
    gone: int
    refused_at_the_door: int
    """By the plugin, with a code that the sender heard."""
    withheld: int
    """Stored once, now without consent in force."""
    deleted_on_request: int
    """Deletions on request; not among the received any more, or again if it came again."""
    in_the_store: int | None
    """What the site store itself says that it holds; None while it cannot be asked."""
    unseen_in_the_store: int | None
    """Of these, how many are not counted above yet; below 0, how many are gone unnoticed."""

    @property
    def sums_up(self) -> bool:
        parts = self.delivered + self.held + self.on_the_way + self.refused_here + self.withheld
        return self.received == parts + self.set_aside + self.gone

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "sums_up": self.sums_up}


class StatusService:
    """Counts, health and the account."""

    def __init__(
        self,
        centre: str,
        consents: ConsentService,
        index: Index,
        courses: Courses,
        outbox: Outbox,
        totals: PluginTotals,
        alerts: Alerts,
        canary: CanaryService,
        disk: DiskGuard,
        departure: Departure,
        ledger: Ledger,
        clock: Clock,
        count_store: Callable[[], int],
        port_open: Callable[[], bool] | None = None,
        keys: Callable[[], Mapping[str, datetime | None]] = dict,
    ) -> None:
        self._centre = centre
        self._consents = consents
        self._index = index
        self._courses = courses
        self._outbox = outbox
        self._totals = totals
        self._alerts = alerts
        self._canary = canary
        self._disk = disk
        self._departure = departure
        self._ledger = ledger
        self._clock = clock
        self._count_store = count_store
        self._port_open = port_open
        self._keys = keys
        self._rates: list[tuple[datetime, int]] = []
        self._differs: str | None = None

    def take_report(self, report: PluginReport) -> None:
        """Remember the plugin's running totals, and tell if it follows something else than we."""
        self._totals.record(report)
        self._differs = self._consents.differs(report.policy_hash, report.identities)
        if self._differs is None:
            self._alerts.clear(PLUGIN_DIFFERS)
        else:
            text = f"the plugin of the site's Orthanc {self._differs}; nothing is taken in"
            self._alerts.raise_alert(PLUGIN_DIFFERS, text)

    def status(self) -> dict[str, Any]:
        """Return counts only: nobody is named here."""
        courses = self._courses.counts()
        indexed, outbox = self._index.counts(), self._outbox.counts()
        here = indexed["indexed"] + indexed["set_aside"]
        delivered = outbox["instances_verified"]
        canary = self._canary.last
        return {
            "centre": self._centre,
            "consents": self._consents.counts(),
            "consent_snapshot": self._consents.snapshot_tag(),
            "instances": {
                "received": max(self._totals.received(), here),
                **indexed,
                "delivered": delivered,
            },
            "courses": courses,
            "refused": [
                refusal.model_dump(include={"reason", "dimse_status", "sender", "count"})
                for refusal in self._totals.refused()
            ],
            "waiting": courses["collecting"] + courses["ready"] + courses["sending"],
            "delivered": courses["delivered"],
            "held": courses["held"],
            "rate": self._rate(delivered),
            "submissions": {k: v for k, v in outbox.items() if k != "instances_verified"},
            "alerts": self._alerts.open(),
            "canary": {
                "healthy": canary.healthy if canary else None,
                "text": canary.text if canary else "not yet asked",
                "at": canary.at.isoformat() if canary else None,
            },
            "plugin": self._plugin(),
            "dicom_port": self._port(),
            "keys": self._key_ages(),
            "disk": self._disk.as_json(),
            "departure": self._departure.as_json(),
        }

    def health(self) -> dict[str, Any]:
        """Return whether intake may be trusted and goes on: canary refused, room on the disk."""
        canary = self._canary.last
        refused = bool(canary and canary.healthy)
        takes_in = self._disk.closed is None and self._differs is None
        good = refused and takes_in and self._port() != CLOSED
        return {
            "status": "ok" if good else "unhealthy",
            "canary": refused,
            "dicom_port": self._port(),
            "disk": self._disk.closed or "ok",
            "alerts": [alert["code"] for alert in self._alerts.open()],
        }

    def account(self) -> Account:
        """Add up what became of every instance."""
        where: Counter[Place] = Counter()
        for one in self._ledger.stored():
            where[one.place] += one.count
        in_store = self._in_the_store()  # first: what comes meanwhile is no difference
        counts = self._index.counts()
        known = counts["indexed"] - counts["gone"] + counts["set_aside"]
        return Account(
            received=counts["indexed"] + counts["set_aside"],
            delivered=where[Place.DELIVERED],
            held=where[Place.HELD],
            on_the_way=where[Place.ON_THE_WAY],
            refused_here=where[Place.REFUSED_HERE],
            set_aside=where[Place.SET_ASIDE],
            gone=where[Place.GONE],
            refused_at_the_door=sum(refusal.count for refusal in self._totals.refused()),
            withheld=where[Place.WITHHELD],
            deleted_on_request=sum(erased.count for erased in self._ledger.erased()),
            in_the_store=in_store,
            unseen_in_the_store=None if in_store is None else in_store - known,
        )

    def _in_the_store(self) -> int | None:
        try:
            return self._count_store()
        except RetryError:
            return None

    def _port(self) -> str:
        """`open` or `closed` by the gate, or `unguarded` if the port is Orthanc's own."""
        if self._port_open is None:
            return "unguarded"
        return OPEN if self._port_open() else CLOSED

    def _key_ages(self) -> list[dict[str, Any]]:
        now = self._clock.now()
        return [
            {
                "name": name,
                "since": at.date().isoformat() if at else None,
                "days": max(0, (now - at).days) if at else None,
            }
            for name, at in self._keys().items()
        ]

    def _plugin(self) -> dict[str, Any]:
        last = self._totals.last_report()
        age = None if last is None else (self._clock.now() - last).total_seconds()
        return {
            "last_report_seconds_ago": None if age is None else round(age, 1),
            "heard": age is not None and abs(age) < PLUGIN_SILENT_S,
        }

    def _rate(self, delivered: int) -> float:
        """Instances verified per second over the last minute of being asked."""
        now = self._clock.now()
        self._rates = [
            (at, n) for at, n in self._rates if (now - at).total_seconds() < RATE_WINDOW_S
        ]
        self._rates.append((now, delivered))
        first_at, first = self._rates[0]
        span = (now - first_at).total_seconds()
        return round((delivered - first) / span, 2) if span > 0 else 0.0

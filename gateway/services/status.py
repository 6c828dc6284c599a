"""Telling how it stands: numbers for the console, for a probe and for the person who asks why."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from gateway.contract.site import PluginReport
from gateway.domain.courses import CourseState
from gateway.ports import Alerts, Clock, Courses, Index, Outbox, PluginTotals
from gateway.services.accounting import Account, Accounting
from gateway.services.canary import CanaryService
from gateway.services.consent import ConsentService
from gateway.services.departure import Departure
from gateway.services.disk import DiskGuard

PLUGIN_SILENT_S = 120.0
PLUGIN_DIFFERS = "plugin-differs"
OPEN, CLOSED = "open", "closed"
RATE_WINDOW_S = 60.0
_WAITING = (CourseState.COLLECTING, CourseState.READY, CourseState.SENDING)


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
        accounting: Accounting,
        clock: Clock,
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
        self._accounting = accounting
        self._clock = clock
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
                "received": here,
                **indexed,
                "delivered": delivered,
            },
            "courses": courses,
            "refused": [
                refusal.model_dump(include={"reason", "dimse_status", "sender", "count"})
                for refusal in self._totals.refused()
            ],
            "waiting": sum(courses[state] for state in _WAITING),
            "delivered": courses[CourseState.DELIVERED],
            "held": courses[CourseState.HELD],
            "rate": self._rate(delivered),
            "submissions": {k: v for k, v in outbox.items() if not k.endswith("_verified")},
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
        return self._accounting.account()

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

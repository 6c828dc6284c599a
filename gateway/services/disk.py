"""The disk guard: no more is taken in before the disk is full. Sending goes on and makes room."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.errors import RetryError
from gateway.ports import Alerts

FULL: Final = "disk-full"
UNKNOWN: Final = "disk-unknown"
GIGABYTE: Final = 10**9
AGAIN_PERCENT: Final = 1.0
"""Intake begins again this much below the limit, so that it does not flutter."""


@dataclass(frozen=True)
class DiskUse:
    """One volume, in bytes. `free_bytes` is what this user may still write."""

    total_bytes: int
    free_bytes: int

    @property
    def used_percent(self) -> float:
        return 100.0 * (1 - self.free_bytes / self.total_bytes)


@dataclass(frozen=True)
class DiskLimits:
    """Intake stops at either."""

    full_percent: float
    reserve_bytes: int

    def allows(self, use: DiskUse, *, again: bool) -> bool:
        """Tell whether more may be taken in; with `again`, after it had been stopped."""
        percent = self.full_percent - (AGAIN_PERCENT if again else 0.0)
        reserve = self.reserve_bytes * (1.1 if again else 1.0)
        return use.used_percent < percent and use.free_bytes >= reserve


Measure = Callable[[], DiskUse]
"""Measures one volume; raises `RetryError` when that cannot be done."""


class DiskGuard:
    """Measures the volumes that intake fills. `step` is called again and again."""

    def __init__(self, volumes: Mapping[str, Measure], limits: DiskLimits, alerts: Alerts) -> None:
        self._volumes = volumes
        self._limits = limits
        self._alerts = alerts
        self._uses: dict[str, DiskUse] = {}
        self.closed: str | None = None
        """Why nothing is taken in now: `disk-full`, or `disk-unknown` if that cannot be told."""

    def step(self) -> None:
        """Measure every volume, and stop or begin intake."""
        try:
            self._uses = {name: measure() for name, measure in self._volumes.items()}
        except RetryError as error:
            self._close(UNKNOWN, f"{error}; nothing is taken in until that is mended")
            return
        again = self.closed is not None
        full = [n for n, use in self._uses.items() if not self._limits.allows(use, again=again)]
        if full:
            use = self._uses[full[0]]
            self._close(
                FULL,
                f"{full[0]}: {use.used_percent:.0f} % used, {use.free_bytes / GIGABYTE:.1f} GB "
                "free; senders are told to try later (0xA700), sending goes on. Make room",
            )
            return
        self.closed = None
        for code in (FULL, UNKNOWN):
            self._alerts.clear(code)

    def as_json(self) -> dict[str, Any]:
        return {
            "closed": self.closed,
            "volumes": {
                name: {
                    "used_percent": round(use.used_percent, 1),
                    "free_gb": round(use.free_bytes / GIGABYTE, 1),
                }
                for name, use in self._uses.items()
            },
        }

    def _close(self, code: str, text: str) -> None:
        self.closed = code
        self._alerts.raise_alert(code, text)
        self._alerts.clear(UNKNOWN if code == FULL else FULL)

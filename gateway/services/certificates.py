"""Certificates of the gateway's own ports: whoever calls it is turned away once one has ended."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from gateway.ports import Alerts, Clock
from gateway.services.departure import WARNED

ENDS: Final = "port-certificate-expires"


class PortCertificates:
    """Raises an alert while one of them ends within 30 days, or has ended.

    Parameters
    ----------
    ends
        What a certificate is for, to when it ends.
    """

    def __init__(self, ends: Mapping[str, datetime], alerts: Alerts, clock: Clock) -> None:
        self._ends = ends
        self._alerts = alerts
        self._clock = clock

    def step(self) -> None:
        now = self._clock.now()
        told = [
            f"the {name} {'ended' if end <= now else 'ends'} on {end:%Y-%m-%d %H:%M} UTC"
            for name, end in sorted(self._ends.items())
            if end - now <= WARNED
        ]
        if told:
            text = f"{'; '.join(told)}: put a new one in its place and start the gateway again"
            self._alerts.raise_alert(ENDS, text)
        else:
            self._alerts.clear(ENDS)

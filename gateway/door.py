"""The DICOM port as a whole: the gate that senders see, and what answers storage commitment."""

import socket
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from gateway.adapters.commitment_scp import CommitmentScp
from gateway.adapters.commitments import SqlCommitments
from gateway.adapters.database import Engine
from gateway.adapters.dicom_gate import DicomGate, Listening
from gateway.adapters.senders import SqlCallers
from gateway.config import DicomDoor, read_senders
from gateway.domain.dicomnet import Asked
from gateway.domain.identity import SiteKeys, seal, site_uid, unseal
from gateway.ports import Alerts, Audit, Clock
from gateway.services.canary import CanaryService
from gateway.services.commitment import CommitmentService
from gateway.services.senders import KnownSender, SenderService
from gateway.tls import door_context, peer_tls

PORT_TAKEN = "dicom-port-taken"


class KeyedSealing:
    """The `Sealing` of the commitment service, bound to this centre's keys."""

    def __init__(self, keys: SiteKeys) -> None:
        self.uid: Callable[[str], str] = partial(site_uid, keys)
        self.seal: Callable[[bytes], bytes] = partial(seal, keys)
        self.unseal: Callable[[bytes], bytes] = partial(unseal, keys)


class Door:
    """Opens and closes the DICOM port by the canary's word."""

    def __init__(
        self,
        settings: DicomDoor,
        engine: Engine,
        keys: SiteKeys,
        canary: CanaryService,
        alerts: Alerts,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._canary = canary
        self._alerts = alerts
        known = read_senders(settings)
        called = {one.aet: peer_tls(one, settings) for one in reversed(known) if one.port}
        self._scp = CommitmentScp(settings.ae_title, self._take, called)
        self.senders = SenderService(
            [KnownSender(one.aet, one.host, one.port) for one in known],
            settings.ae_title,
            ((settings.orthanc_host, settings.orthanc_port), self._scp.address),
            SqlCallers(engine),
            canary.proven,
            _addresses,
            lambda aet: self.gate.hang_up(aet),
            alerts,
            audit,
            clock,
        )
        self.commitments = CommitmentService(
            SqlCommitments(engine),
            self._scp,
            self.senders.of,
            KeyedSealing(keys),
            timedelta(hours=settings.commitment_hours),
            alerts,
            audit,
            clock,
        )
        listening = Listening((settings.listen.host, settings.listen.port), door_context(settings))
        self.gate = DicomGate(listening, self.senders.judge)

    def _take(self, aet: str, transaction: str, asked: list[Asked]) -> None:
        self.commitments.take(aet, transaction, asked)

    def start(self) -> None:
        self._scp.start()

    def step(self) -> None:
        """Open while the canary was refused the last time, else close."""
        last = self._canary.last
        if last is None or not last.healthy:
            self.gate.close()
            return
        try:
            self.gate.open()
        except OSError as error:
            text = f"the DICOM port cannot be opened ({error.strerror}): is it taken?"
            self._alerts.raise_alert(PORT_TAKEN, text)
        else:
            self._alerts.clear(PORT_TAKEN)

    def stop(self) -> None:
        self.gate.close()
        self._scp.stop()


def _addresses(host: str) -> frozenset[str]:
    """Return every address that a name leads to now; none if it leads nowhere."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return frozenset()
    return frozenset(str(entry[4][0]) for entry in found)

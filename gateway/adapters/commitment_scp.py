"""Storage commitment over DICOM: takes N-ACTION requests and hands N-EVENT-REPORTs over."""

import logging
import ssl
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from pydicom import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import StorageCommitmentPushModel  # type: ignore[attr-defined]

from gateway.contract.dimse import DimseStatus
from gateway.domain.dicomnet import Asked, Verdict
from gateway.errors import RetryError

WELL_KNOWN = "1.2.840.10008.1.20.1.1"
REQUEST_COMMITMENT = 1
ALL_COMMITTED, SOME_FAILED = 1, 2
LIMIT_S = 20.0

logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # it would log original UIDs
Take = Callable[[str, str, list[Asked]], None]


class CommitmentScp:
    """Listens on loopback for what the gate passes on; `answer` is the other direction."""

    def __init__(
        self, ae_title: str, take: Take, tls: Mapping[str, tuple[ssl.SSLContext, str] | None]
    ) -> None:
        self._ae_title = ae_title
        self._take = take
        self._tls = tls
        """How each sender is called, by AE title."""
        self._server: Any = None
        self._asked_in: dict[str, Any] = {}
        """By transaction, the association that asked: it may still be open for the answer."""

    def start(self) -> None:
        ae = self._ae()
        ae.add_supported_context(StorageCommitmentPushModel)
        handlers = [(evt.EVT_N_ACTION, self._requested)]
        self._server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server = None

    def address(self) -> tuple[str, int]:
        """Where it listens; the system chose."""
        if self._server is None:
            return "127.0.0.1", 0
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    def _requested(self, event: Any) -> tuple[int, None]:
        try:
            wanted = event.action_information
            asked = [
                Asked(str(item.ReferencedSOPClassUID), str(item.ReferencedSOPInstanceUID))
                for item in wanted.ReferencedSOPSequence
            ]
            transaction = str(wanted.TransactionUID)
        except (AttributeError, TypeError, ValueError):
            return DimseStatus.INVALID_ARGUMENT_VALUE, None
        if event.action_type != REQUEST_COMMITMENT or not asked:
            return DimseStatus.INVALID_ARGUMENT_VALUE, None
        try:
            self._take(event.assoc.requestor.ae_title, transaction, asked)
        except Exception:  # noqa: BLE001 - no record, no promise: the sender asks again
            return DimseStatus.PROCESSING_FAILURE, None
        still_open = {key: link for key, link in self._asked_in.items() if link.is_established}
        self._asked_in = {**still_open, transaction: event.assoc}
        return DimseStatus.SUCCESS, None

    def answer(self, host: str, port: int, aet: str, transaction: str, verdict: Verdict) -> None:
        """Say it in the association that asked, if that is still open, else in one of our own.

        PS3.4 J.3.3 allows both.
        """
        link = self._asked_in.pop(transaction, None)
        if link is None or not link.is_established or not _report(link, transaction, verdict):
            self._call(host, port, aet, transaction, verdict)

    def _call(self, host: str, port: int, aet: str, transaction: str, verdict: Verdict) -> None:
        ae = self._ae()
        ae.add_requested_context(StorageCommitmentPushModel)
        role = build_role(StorageCommitmentPushModel, scp_role=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tls = self._tls.get(aet)
            link = ae.associate(host, port, ae_title=aet, ext_neg=[role], tls_args=tls)
            if not link.is_established:
                raise RetryError("the sender does not take the answer to storage commitment")
            try:
                taken = _report(link, transaction, verdict)
            finally:
                link.release()
        if not taken:
            raise RetryError("the sender refused the answer to storage commitment")

    def _ae(self) -> Any:
        ae = AE(ae_title=self._ae_title)
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = LIMIT_S
        return ae


def _report(link: Any, transaction: str, verdict: Verdict) -> bool:
    """Send N-EVENT-REPORT. Returns whether it was taken."""
    kind = SOME_FAILED if verdict.failed else ALL_COMMITTED
    told = _event(transaction, verdict)
    try:
        status, _ = link.send_n_event_report(told, kind, StorageCommitmentPushModel, WELL_KNOWN)
    except (ValueError, RuntimeError):  # we may not speak as the provider; or it has just ended
        return False
    return bool(status.get("Status") == DimseStatus.SUCCESS)


def _event(transaction: str, verdict: Verdict) -> Dataset:
    event = Dataset()
    event.TransactionUID = transaction
    if verdict.committed:
        event.ReferencedSOPSequence = [_item(one) for one in verdict.committed]
    if verdict.failed:
        event.FailedSOPSequence = [_item(one, reason) for one, reason in verdict.failed]
    return event


def _item(one: Asked, reason: int | None = None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = one.sop_class_uid
    item.ReferencedSOPInstanceUID = one.sop_instance_uid
    if reason is not None:
        item.FailureReason = int(reason)
    return item

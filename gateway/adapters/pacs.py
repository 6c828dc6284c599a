"""The `Pacs` port over C-FIND and C-MOVE, Study Root (PS3.4 C.6.2)."""

import logging
import ssl
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Final

from pydicom import Dataset
from pynetdicom import AE
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelMove,
)
from pynetdicom.status import QR_FIND_SERVICE_CLASS_STATUS, QR_MOVE_SERVICE_CLASS_STATUS

from gateway.contract.dimse import DimseStatus
from gateway.domain.collection import OfferedSeries
from gateway.errors import RejectError, RetryError
from gateway.ports import Moved

PENDING: Final = {DimseStatus.PENDING, DimseStatus.PENDING_WITH_WARNING}
DONE: Final = {DimseStatus.SUCCESS, DimseStatus.SUB_OPERATIONS_COMPLETE_WITH_FAILURES}
LIMIT_S: Final = 60.0
MOVE_LIMIT_S: Final = 3600.0
WILD: Final = set("*?\\")

logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # it would log identifiers


class DicomPacs:
    """Asks one PACS or OIS, and has it send to the site's own AE title."""

    def __init__(
        self,
        host: str,
        port: int,
        aet: str,
        *,
        ae_title: str,
        destination: str,
        tls: tuple[ssl.SSLContext, str] | None = None,
    ) -> None:
        self._address = host, port
        self._aet = aet
        self._ae_title = ae_title
        self._destination = destination
        self._tls = tls

    def find(self, patient_id: str, modalities: Collection[str]) -> list[OfferedSeries]:
        if not patient_id.strip() or set(patient_id) & WILD:
            return []  # it would be a pattern, and match other people
        with self._link(StudyRootQueryRetrieveInformationModelFind) as link:
            return [
                found
                for study in self._studies(link, patient_id)
                for found in self._series(link, study, modalities)
            ]

    def _studies(self, link: Any, patient_id: str) -> list[str]:
        query = _query("STUDY", PatientID=patient_id, StudyInstanceUID="")
        return [
            str(answer.StudyInstanceUID)
            for answer in self._ask(link, query)
            # a PACS that matches more than it was asked for must not lead to other people
            if str(answer.get("PatientID", "")).strip() == patient_id.strip()
            and answer.get("StudyInstanceUID")
        ]

    def _series(
        self, link: Any, study: str, modalities: Collection[str]
    ) -> Iterator[OfferedSeries]:
        query = _query(
            "SERIES", StudyInstanceUID=study, SeriesInstanceUID="", Modality="", SeriesDate=""
        )
        for answer in self._ask(link, query):
            modality, series = str(answer.get("Modality", "")), answer.get("SeriesInstanceUID")
            if modality not in modalities or not series:
                continue
            images = _query(
                "IMAGE", StudyInstanceUID=study, SeriesInstanceUID=series, SOPInstanceUID=""
            )
            uids = tuple(
                str(image.SOPInstanceUID)
                for image in self._ask(link, images)
                if image.get("SOPInstanceUID")
            )
            yield OfferedSeries(study, str(series), modality, _day(answer), uids)

    def _ask(self, link: Any, query: Dataset) -> list[Dataset]:
        found: list[Dataset] = []
        model = StudyRootQueryRetrieveInformationModelFind
        for status, identifier in link.send_c_find(query, model):
            code = status.get("Status")
            if code in PENDING and identifier is not None:
                found.append(identifier)
            elif code != DimseStatus.SUCCESS:
                raise RejectError("pacs-refused", _words(code, QR_FIND_SERVICE_CLASS_STATUS))
        return found

    def move(self, series: OfferedSeries) -> Moved:
        query = _query(
            "SERIES", StudyInstanceUID=series.study_uid, SeriesInstanceUID=series.series_uid
        )
        model = StudyRootQueryRetrieveInformationModelMove
        with self._link(model) as link:
            last = Dataset()
            for status, _ in link.send_c_move(query, self._destination, model):
                last = status
        code = last.get("Status")
        if code == DimseStatus.MOVE_DESTINATION_UNKNOWN:
            raise RetryError(
                "the PACS does not know where to send (C-MOVE, 0xA801): our AE title, with the "
                "gateway's address and port, must be in its list of destinations"
            )
        return moved(last)

    @contextmanager
    def _link(self, model: str) -> Iterator[Any]:
        ae = AE(ae_title=self._ae_title)
        ae.acse_timeout = ae.connection_timeout = LIMIT_S
        ae.dimse_timeout = ae.network_timeout = MOVE_LIMIT_S
        ae.add_requested_context(model)
        link = ae.associate(*self._address, ae_title=self._aet, tls_args=self._tls)
        if not link.is_established:
            raise RetryError("the PACS cannot be reached, or does not let us ask")
        try:
            yield link
        finally:
            link.release()


def moved(last: Dataset) -> Moved:
    """Read the last answer of a C-MOVE. What was sent with a warning has come."""
    code = last.get("Status")
    failed = _count(last, "Failed")
    came, warned = _count(last, "Completed"), _count(last, "Warning")
    if code not in DONE:
        return Moved(came + warned, failed, _words(code, QR_MOVE_SERVICE_CLASS_STATUS))
    problem = ""
    if failed:
        problem = f"{failed} of {came + warned + failed} objects were not sent (0x{code:04X})"
    elif code != DimseStatus.SUCCESS and not warned:
        problem = f"not all objects were sent, it does not say how many (0x{code:04X})"
    return Moved(came + warned, failed, problem)


def _count(answer: Dataset, kind: str) -> int:
    return int(answer.get(f"NumberOf{kind}Suboperations", 0) or 0)


def _words(code: int | None, known: Mapping[int, tuple[str, str]]) -> str:
    """Name a status by the words of the standard."""
    if code is None or code in PENDING:
        return "the answer broke off"
    _, text = known.get(code, ("", "a status of its own"))
    return f"{text[0].lower()}{text[1:]} (0x{code:04X})"


def _query(level: str, **keys: Any) -> Dataset:
    query = Dataset()
    query.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(query, keyword, value)
    return query


def _day(answer: Dataset) -> date | None:
    try:
        return datetime.strptime(str(answer.get("SeriesDate", "")), "%Y%m%d").date()  # noqa: DTZ007
    except ValueError:
        return None

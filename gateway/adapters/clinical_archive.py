"""The archive's door for clinical rows and recruitment counts, over HTTP."""

from collections.abc import Sequence
from typing import Any, Final

import httpx
from pydantic import TypeAdapter

from gateway.adapters.archive import ask, raise_for, understood
from gateway.contract.clinical import BatchReceipt, ClinicalBatch, WithdrawalReceipt
from gateway.contract.recruitment import RecruitmentCounts

_RECEIPT: Final = TypeAdapter(BatchReceipt)
_RECEIPTS: Final = TypeAdapter(list[WithdrawalReceipt])


class HttpClinicalArchive:
    """Sends batches to the harmonizer. The client carries base URL, token and time-outs."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def send(self, batch: ClinicalBatch) -> BatchReceipt:
        body = batch.model_dump_json().encode()
        headers = {"content-type": "application/json"}
        answer = self._ask("POST", "/api/v1/clinical-batches", content=body, headers=headers)
        return understood(_RECEIPT, answer, "answer to a clinical batch")

    def withdrawals(self) -> Sequence[WithdrawalReceipt]:
        answer = self._ask("GET", "/api/v1/withdrawals")
        return understood(_RECEIPTS, answer, "list of withdrawals")

    def tell_recruitment(self, counts: RecruitmentCounts) -> None:
        body = counts.model_dump_json().encode()
        headers = {"content-type": "application/json"}
        self._ask("PUT", "/api/v1/recruitment", content=body, headers=headers)

    def _ask(self, method: str, path: str, **how: Any) -> httpx.Response:
        answer = ask(self._client, method, path, **how)
        raise_for(answer, "clinical rows")
        return answer

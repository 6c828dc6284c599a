"""The archive's door for clinical rows and recruitment counts, over HTTP."""

from collections.abc import Sequence
from typing import Any, Final

import httpx
from pydantic import TypeAdapter, ValidationError

from gateway.adapters.archive import ask, raise_for
from gateway.contract.clinical import BatchReceipt, ClinicalBatch, WithdrawalReceipt
from gateway.contract.recruitment import RecruitmentCounts
from gateway.errors import RetryError

_RECEIPTS: Final = TypeAdapter(list[WithdrawalReceipt])


class HttpClinicalArchive:
    """Sends batches to the harmonizer. The client carries base URL, token and time-outs."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def send(self, batch: ClinicalBatch) -> BatchReceipt:
        body = batch.model_dump_json().encode()
        headers = {"content-type": "application/json"}
        answer = self._ask("POST", "/api/v1/clinical-batches", content=body, headers=headers)
        try:
            return BatchReceipt.model_validate_json(answer.content)
        except ValidationError as error:
            raise RetryError("the archive's answer to a clinical batch is no receipt") from error

    def withdrawals(self) -> Sequence[WithdrawalReceipt]:
        answer = self._ask("GET", "/api/v1/withdrawals")
        try:
            return _RECEIPTS.validate_json(answer.content)
        except ValidationError as error:
            raise RetryError("the archive's receipts of withdrawals are not understood") from error

    def tell_recruitment(self, counts: RecruitmentCounts) -> None:
        body = counts.model_dump_json().encode()
        headers = {"content-type": "application/json"}
        self._ask("PUT", "/api/v1/recruitment", content=body, headers=headers)

    def _ask(self, method: str, path: str, **how: Any) -> httpx.Response:
        answer = ask(self._client, method, path, **how)
        raise_for(answer, "clinical rows")
        return answer

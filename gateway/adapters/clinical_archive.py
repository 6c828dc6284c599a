"""The `ClinicalArchive` port over HTTP."""

import httpx
from pydantic import ValidationError

from gateway.contract.clinical import BatchReceipt, ClinicalBatch
from gateway.errors import RetryError


class HttpClinicalArchive:
    """Sends batches to the harmonizer. The client carries base URL, token and time-outs."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def send(self, batch: ClinicalBatch) -> BatchReceipt:
        body = batch.model_dump_json().encode()
        headers = {"content-type": "application/json"}
        try:
            answer = self._client.post("/api/v1/clinical-batches", content=body, headers=headers)
        except httpx.HTTPError as error:
            # The type only: a transport message can quote URLs and payloads.
            raise RetryError(f"clinical batch not sent: {type(error).__name__}") from error
        if answer.status_code != httpx.codes.OK:
            raise RetryError(f"the archive answered {answer.status_code} to a clinical batch")
        try:
            return BatchReceipt.model_validate_json(answer.content)
        except ValidationError as error:
            raise RetryError("the archive's answer to a clinical batch is no receipt") from error

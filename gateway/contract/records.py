"""What every row of a centre has, whatever it says, and which kinds of rows there are."""

import hashlib
from enum import StrEnum
from typing import Final

from pydantic import Field

from gateway.contract.manifest import WireModel


class RowKind(StrEnum):
    CLINICAL = "clinical"
    TOXICITY = "toxicity"
    PROM = "prom"
    SURGERY = "surgery"
    SYSTEMIC_THERAPY = "systemic-therapy"
    COMORBIDITY = "comorbidity"
    LABORATORY = "laboratory"
    SAMPLE = "sample"
    FOLLOW_UP = "follow-up"
    RECURRENCE = "recurrence"
    VITAL_STATUS = "vital-status"


WORDS: Final = {("ctcae" if kind is RowKind.TOXICITY else kind.value): kind for kind in RowKind}
"""The kind of a file, as people say it."""


class SourceRecord(WireModel):
    """What every row has, whatever it says."""

    national_id: str = Field(
        max_length=80, description="The patient's id in the archive; keyed, not reversible there"
    )
    row_key: str = Field(
        max_length=80,
        description="Keyed hash of the row's identity: the same row sent again has the same key",
    )
    source: str = Field(
        max_length=40, pattern=r"^[\w .-]+$", description="The system at the centre that it is from"
    )

    def digest(self) -> str:
        """Return the SHA-256 of what the row says, whoever says it: two sources may agree."""
        said = self.model_dump_json(exclude={"row_key", "source"})
        return hashlib.sha256(said.encode()).hexdigest()

"""What every row of a centre has, whatever it says, and which kinds of rows there are."""

import hashlib
from enum import StrEnum
from typing import Final

from pydantic import Field

from gateway.contract.model import WireModel


class RowKind(StrEnum):
    CLINICAL = "clinical"
    TOXICITY = "toxicity"
    PROM = "prom"
    DIAGNOSIS = "diagnosis"
    RT_COURSE = "rt-course"
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


SOURCE: Final = r"^[a-z]([0-9]{0,3}[a-z-])*[0-9]{0,3}$"
SOURCE_CHARACTERS: Final = 20
"""What the name of a system may be: too little for a date, a number or a name with its blanks."""

PROVENANCE: Final = {"row_key", "source", "form", "code_lists", "import_batch"}
"""Fields that say where a row is from, not what it says."""


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
        max_length=SOURCE_CHARACTERS,
        pattern=SOURCE,
        description="The system at the centre that it is from",
    )

    form: str = Field(
        default="",
        pattern="^[a-z]{0,16}$",
        description="Form of the file that it came in: csv, kaiku, redcap or fhir",
    )
    code_lists: str = Field(
        default="",
        pattern="^[0-9a-f]{0,16}$",
        description="Version of the code lists (CTCAE, instruments) that the centre checked it by",
    )
    import_batch: str = Field(
        default="",
        pattern="^[0-9a-f]{0,16}$",
        description="Keyed hash of the file: rows that were imported together have the same one",
    )

    def digest(self) -> str:
        """Return the SHA-256 of what the row says, whoever says it: two sources may agree."""
        said = self.model_dump_json(exclude=PROVENANCE)
        return hashlib.sha256(said.encode()).hexdigest()

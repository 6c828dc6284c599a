"""Other systems' exports, turned into the same tables as our own files.

Each reader takes bytes and gives sections: rows of one kind with our column names. What they say
is checked afterwards, the same way for every source; so three sources of the same answers give
the same rows.
"""

from collections.abc import Callable, Sequence
from typing import Final

from gateway.domain.clinical.codelists import CodeLists
from gateway.domain.clinical.sources.fhir import read_fhir
from gateway.domain.clinical.sources.kaiku import read_kaiku
from gateway.domain.clinical.sources.redcap import read_redcap
from gateway.domain.clinical.sources.section import Section

Reader = Callable[[bytes, CodeLists], Sequence[Section]]

READERS: Final[dict[str, Reader]] = {
    "kaiku": read_kaiku,
    "redcap": read_redcap,
    "fhir": read_fhir,
}

__all__ = ["READERS", "Reader", "Section", "read_fhir", "read_kaiku", "read_redcap"]

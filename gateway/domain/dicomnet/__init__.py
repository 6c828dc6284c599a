"""What passes on the DICOM port before an association stands (PS3.8), and storage commitment."""

from gateway.domain.dicomnet.association import (
    HEADER_BYTES,
    LARGEST_REQUEST,
    Refused,
    Request,
    length_of,
    read_request,
    rejection,
)
from gateway.domain.dicomnet.commitment import LONGEST_RETRY, Asked, Kept, Verdict, decide

__all__ = [
    "HEADER_BYTES",
    "LARGEST_REQUEST",
    "LONGEST_RETRY",
    "Asked",
    "Kept",
    "Refused",
    "Request",
    "Verdict",
    "decide",
    "length_of",
    "read_request",
    "rejection",
]

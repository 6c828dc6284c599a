"""Who took data away with him: what the audit trail says of downloads."""

from harmonizer.domain.access.exports import LONGEST_EXPORT as LONGEST_EXPORT
from harmonizer.domain.access.exports import MOST_TOLD as MOST_TOLD
from harmonizer.domain.access.exports import OF_COURSE as OF_COURSE
from harmonizer.domain.access.exports import OF_EVERYBODY as OF_EVERYBODY
from harmonizer.domain.access.exports import OF_STUDY as OF_STUDY
from harmonizer.domain.access.exports import FlaggedExport as FlaggedExport
from harmonizer.domain.access.exports import Taken as Taken
from harmonizer.domain.access.exports import gathered as gathered

"""What an alert says when a loop fails: what stands still meanwhile, and what to do about it."""

from typing import Final, NamedTuple

from gateway.errors import GatewayError


class Standstill(NamedTuple):
    still: str
    """What does not happen while the loop fails."""
    do: str


_LOOK: Final = "make room if a disk is full; else see the gateway's log"
SENDER: Final = "sender"
STANDSTILLS: Final = {
    "intake": Standstill(
        "what has come is not indexed and goes no further; senders may go on",
        "start the site's Orthanc if it does not run",
    ),
    "courses": Standstill("no course is judged or queued anew; what is queued goes on", _LOOK),
    "consent": Standstill(
        "courses held for want of a consent that is there are not judged again", _LOOK
    ),
    "canary": Standstill("nobody proves that the plugin is in force", _LOOK),
    "disk": Standstill("how full the volumes are is not measured", "see whether they are mounted"),
    "clinical": Standstill(
        "clinical rows, recruitment counts and the archive's word on deletions wait; objects go",
        "ask whether the archive runs",
    ),
    "inbox": Standstill(
        "files in the inbox are not imported and not deleted",
        "see whether the folder is there and may be read and written",
    ),
    "recheck": Standstill("the archive is not asked what it still holds", _LOOK),
    "withdrawal": Standstill(
        "what was withdrawn or recalled is not deleted here yet; nothing more of it leaves",
        "start the site's Orthanc if it does not run",
    ),
    "audit": Standstill(
        "the audit is not sealed, or is not what was written",
        "`kasari audit verify` says which; if it is whole, see the disk and the log",
    ),
    "certificates": Standstill("nobody looks when the certificates of own ports end", _LOOK),
    "spool": Standstill("old copies on their way to the archive are not removed", _LOOK),
    "refusals": Standstill("nobody looks which courses the archive has refused", _LOOK),
    "unknown-patients": Standstill(
        "objects of patients in no list stay longer than `hold_days`",
        "start the site's Orthanc if it does not run",
    ),
    "dicom-port": Standstill("the DICOM port stays as it is, open or closed", _LOOK),
    "commitment": Standstill("who asks for storage commitment gets no answer", _LOOK),
    SENDER: Standstill("one of the senders sends nothing; the others go on", _LOOK),
}
"""By loop. Senders are numbered and have one entry."""


def standstill_of(loop: str) -> Standstill:
    return STANDSTILLS[SENDER if loop.startswith(f"{SENDER}-") else loop]


def told_of(loop: str, error: Exception) -> str:
    """Say it in a sentence. What is not ours tells its kind only: its text may quote anything."""
    said = str(error) if isinstance(error, GatewayError) else type(error).__name__
    still, do = standstill_of(loop)
    return f"{still}. Tried again by itself; if that does not help: {do} ({said})"

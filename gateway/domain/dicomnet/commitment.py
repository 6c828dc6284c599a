"""Storage commitment (PS3.4 annex J): what may be said of each object that a sender asks about.

Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from gateway.contract.dimse import DimseStatus

LONGEST_RETRY: Final = timedelta(hours=1)
"""Between two attempts to hand an answer over."""


@dataclass(frozen=True)
class Asked:
    """One object of a request, by its original UIDs: they identify, and lie encrypted at rest."""

    sop_class_uid: str
    sop_instance_uid: str = field(repr=False)


@dataclass(frozen=True)
class Kept:
    """What is known of one object here."""

    sop_class_uid: str
    verified: bool
    """The archive has read it back, with the digest that was sent."""


@dataclass(frozen=True)
class Verdict:
    committed: tuple[Asked, ...]
    failed: tuple[tuple[Asked, DimseStatus], ...]
    """Each with its failure reason (0008,1197)."""


def decide(
    asked: Sequence[tuple[Asked, str]],
    kept: Mapping[str, Kept],
    *,
    settled: bool,
    expired: bool,
) -> Verdict | None:
    """Return the answer, or None while there is none yet.

    Parameters
    ----------
    asked
        Each object with the UID by which it is known here.
    kept
        What is known of these UIDs.
    settled
        What was sent before the request has had the time to be indexed.
    expired
        Nobody waits any longer: what is not verified by now has failed.
    """
    committed: list[Asked] = []
    failed: list[tuple[Asked, DimseStatus]] = []
    for one, uid in asked:
        here = kept.get(uid)
        if here is None and (settled or expired):
            failed.append((one, DimseStatus.NO_SUCH_SOP_INSTANCE))
        elif here is not None and here.sop_class_uid != one.sop_class_uid:
            failed.append((one, DimseStatus.CLASS_INSTANCE_CONFLICT))
        elif here is not None and here.verified:
            committed.append(one)
        elif expired:
            failed.append((one, DimseStatus.PROCESSING_FAILURE))
        else:
            return None
    return Verdict(tuple(committed), tuple(failed))

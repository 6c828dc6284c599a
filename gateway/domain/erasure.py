"""The signed receipt of a deletion: what was deleted of one patient, here and at the archive.

Pure. It names the patient by the site pseudonym, which only this centre can lead back.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.domain.identity import KeyRing, signed_text


class ErasureCause(StrEnum):
    """Why instances were deleted."""

    WITHDRAWN = "withdrawn"
    RECALLED = "recalled"
    MERGED = "merged"
    """It came under an identifier that was merged into another one's patient."""
    UNCONSENTED = "unconsented"
    BY_HAND = "by-hand"
    """Somebody deleted it in the site store itself."""


@dataclass(frozen=True)
class SignedReceipt:
    """`body` is canonical JSON; `signature` is Ed25519 over its UTF-8 bytes, base64."""

    body: str
    signature: str
    public_key_id: str

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "says": json.loads(self.body)}


def sign_receipt(
    ring: KeyRing,
    *,
    pseudonym: str,
    why: ErasureCause,
    site: Mapping[str, Any],
    archive: Mapping[str, Any],
    made_at: datetime,
) -> SignedReceipt:
    """Sign what was deleted where.

    Parameters
    ----------
    why
        Withdrawn, recalled or merged: of the others nobody asked for a receipt.
    site, archive
        Counts and the time of the deletion.
    """
    says = {
        "kind": "kasari-erasure-receipt/1",
        "centre": ring.centre,
        "patient": pseudonym,
        "why": why,
        "site": dict(site),
        "archive": dict(archive),
        "made_at": made_at.isoformat(),
    }
    return SignedReceipt(*signed_text(ring, says), ring.public_key_id)

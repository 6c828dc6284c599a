"""The centre's signature on what it says: on course certificates and receipts of deletions."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from gateway.domain.identity.keys import KeyRing


def signed_text(ring: KeyRing, says: Mapping[str, Any]) -> tuple[str, str]:
    """Return canonical JSON, and the Ed25519 signature over its UTF-8 bytes in base64."""
    text = json.dumps(says, sort_keys=True, separators=(",", ":"))
    return text, base64.b64encode(ring.signing_key.sign(text.encode())).decode()

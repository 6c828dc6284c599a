"""What it means that an object was refused at the door, in the words of a person. Pure."""

from typing import Final

_LATER = "Senders may try again later."
_DAMAGED = "The object is damaged or not as DICOM says: have it sent again, or ask its maker."

MEANINGS: Final = {
    "no-consent": "The patient is in no consent list, or has not consented.",
    "no-consent-snapshot": f"The plugin had not yet heard who has consented. {_LATER}",
    "stale-consent-snapshot": f"The plugin had not heard of the gateway for minutes. {_LATER}",
    "policy-differs": f"Plugin and gateway follow different policies: start both again. {_LATER}",
    "keys-differ": "The plugin has other keys than the gateway: write the site keys again and "
    f"start the site's Orthanc. {_LATER}",
    "restored": "The gateway was restored from a backup: import the consent lists of since, then "
    f"resume sending. {_LATER}",
    "disk-full": f"The disk is full. {_LATER}",
    "disk-unknown": f"The disk cannot be measured. {_LATER}",
    "memory": f"There was too little memory. {_LATER}",
    "failure": "De-identification failed, so nothing was kept. Ask the developers.",
    "no-patient-id": "The object names no patient.",
    "no-study": "The object names no study or no series.",
    "no-uid": "The object does not say what it is.",
    "sop-class": "Such objects are not taken: it is no image or RT object.",
    "transfer-syntax": "The transfer syntax is not taken: have it sent in little endian.",
    "head": "The centre's policy refuses images of the head, which can show the face.",
    "localizer": "The centre's policy refuses localizers.",
    "burned-in": "The image has text burned into its pixels.",
    "not-marked": "The first stage has not written the object.",
    "not-dicom": "It is no DICOM file.",
    "truncated": "The object ends in the middle: have it sent again.",
    "lying-length": "The object ends in the middle: have it sent again.",
    "too-deep": "Sequences are nested too deep: nobody makes such objects in earnest.",
    "deflate-bomb": "Unpacked it is larger than any RT object: nobody makes such in earnest.",
    "pixel-length": "Something hides behind the pixel data.",
    "pixel-comment": "The compressed pixels hold more than images: a comment, a thumbnail or the "
    "like. Have it sent uncompressed.",
    "pixel-bits": "Something hides in bits that no pixel uses.",
    **dict.fromkeys(
        (
            "meta-contradicts",
            "bad-value",
            "wrong-vr",
            "unknown-vr",
            "not-an-item",
            "bad-fragment",
            "bad-deflate",
            "tag-order",
            "bad-seal",
        ),
        _DAMAGED,
    ),
}
"""By the code of the refusal."""


def meaning_of(code: str) -> str:
    """Return what it means, or the code itself of one that we do not know."""
    return MEANINGS.get(code, code)

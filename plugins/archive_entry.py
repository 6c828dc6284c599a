"""Loaded by the archive's Orthanc: keeps what carries both marks and refuses everything else.

Orthanc keeps the object when this callback fails in any way: hence the outermost `except`.
"""

# mypy: disable-error-code="attr-defined, no-untyped-def"
# Only Orthanc's interpreter has the module `orthanc`.

import json

import orthanc
from plugins.archive_admission import refusal_of

refused: dict[str, int] = {}


def receive(data, _origin):
    """Orthanc's question for every instance, from whatever side it comes."""
    try:
        reason = refusal_of(data)
        if reason is None:
            return orthanc.ReceivedInstanceAction.KEEP_AS_IS, None
        refused[reason] = refused.get(reason, 0) + 1
        orthanc.LogWarning(f"KaSARi: an object was refused: {reason}")
    except BaseException:  # noqa: BLE001 - anything that leaves here stores the object
        return orthanc.ReceivedInstanceAction.MODIFY, b""
    return orthanc.ReceivedInstanceAction.MODIFY, b""


def show(output, _uri, **_request):
    """`GET /kasari/admission`: what was refused since the start, by reason."""
    output.AnswerBuffer(json.dumps({"open": True, "refused": refused}), "application/json")


orthanc.RegisterReceivedInstanceCallback(receive)
orthanc.RegisterRestCallback("/kasari/admission", show)

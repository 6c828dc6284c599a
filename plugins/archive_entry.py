"""Loaded by the archive's Orthanc: keeps what carries both marks and refuses everything else.

It also reads what it keeps: digests or headings of many files in one answer, where they lie.

Orthanc keeps the object when this callback fails in any way: hence the outermost `except`.
"""

# mypy: disable-error-code="attr-defined, no-untyped-def, no-untyped-call"
# Only Orthanc's interpreter has the module `orthanc`.

import json

import orthanc
from plugins.archive_admission import refusal_of
from plugins.archive_reading import digests, headings

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


def read(orthanc_id):
    """A file's bytes; None if it is not there or cannot be read."""
    try:
        return orthanc.GetDicomForInstance(orthanc_id)
    except orthanc.OrthancException:
        return None


def telling(what):
    """`POST`, a list of Orthanc ids: an object of what each one's file gives."""

    def answer(output, _uri, **request):
        if request["method"] != "POST":
            output.SendMethodNotAllowed("POST")
            return
        found = what(read, json.loads(request["body"]))
        output.AnswerBuffer(json.dumps(found), "application/json")

    return answer


orthanc.RegisterReceivedInstanceCallback(receive)
orthanc.RegisterRestCallback("/kasari/admission", show)
orthanc.RegisterRestCallback("/kasari/digests", telling(digests))
orthanc.RegisterRestCallback("/kasari/headings", telling(headings))

"""Loaded by the hospital's Orthanc: wires the admission to its callbacks, and nothing more.

Orthanc keeps the ORIGINAL when the receive callback fails in any way, and tells the sender
Success when it answers DISCARD. Hence the only answers here are MODIFY with what may be stored,
with a stub that the C-STORE filter turns into a status, or with nothing.
"""

# mypy: disable-error-code="attr-defined, no-untyped-def"
# Only Orthanc's interpreter has the module `orthanc`.

import json
import logging
import warnings
from pathlib import Path

import orthanc
from gateway.contract.dimse import DimseStatus
from gateway.data.deid import load_profile
from gateway.domain.identity import SiteKeys
from gateway.secret_files import read_private
from plugins.site_admission import (
    Admission,
    Admitted,
    carries_site_mark,
    is_canary,
    read_stub,
    refusal_stub,
)
from plugins.site_config import read_settings
from plugins.site_watch import Totals, Watch, open_link

# a library's warning may quote a value, and what is said here ends in Orthanc's log
warnings.simplefilter("ignore")
logging.disable()

NOTHING = (orthanc.ReceivedInstanceAction.MODIFY, b"")
# plain numbers, as Orthanc's interface names them
ACCEPT, FAILED = int(DimseStatus.SUCCESS), int(DimseStatus.PROCESSING_FAILURE)


def open_door() -> tuple[Admission, Totals, Watch]:
    """Build everything from the settings; whatever is wrong with them stops Orthanc's start."""
    section = json.loads(orthanc.GetConfiguration())["KaSARi"]
    settings = read_settings(Path(section["Settings"]))
    keys = SiteKeys.from_json(read_private(settings.site_keys_file, "site_keys_file").decode())
    admission, totals = Admission(load_profile(settings.policy_file), keys), Totals()
    link = open_link(
        settings.gateway_url,
        settings.gateway_token_file,
        settings.gateway_ca_file,
        allow_plain_http=settings.allow_plain_http,
    )
    watch = Watch(admission, totals, link, orthanc.LogWarning)
    watch.meet()
    return admission, totals, watch


admission, totals, watch = open_door()


def receive(data, origin):
    """Orthanc's question for every instance, from whatever side it comes."""
    try:
        verdict = admission.decide(data)
        if isinstance(verdict, Admitted):
            totals.coming(verdict.orthanc_id, again=is_here(verdict.orthanc_id))
            return orthanc.ReceivedInstanceAction.MODIFY, verdict.data
        totals.refused_of(verdict)
        if origin == orthanc.InstanceOrigin.DICOM_PROTOCOL:
            return orthanc.ReceivedInstanceAction.MODIFY, refusal_stub(verdict)
        if not is_canary(data):
            totals.refused(verdict, None)
            watch.poke()
    except BaseException:  # noqa: BLE001 - anything that leaves here stores the original
        return NOTHING
    return NOTHING


def is_here(orthanc_id: str) -> bool:
    """Whether Orthanc holds an instance of this id: only asked to count what comes again."""
    try:
        orthanc.RestApiGet(f"/instances/{orthanc_id}/metadata")
    except orthanc.OrthancException:
        return False
    return True


def answer(instance):
    """Accept over C-STORE only what the first stage wrote; tell the sender the stub's status."""
    try:
        data = instance.GetInstanceData()
        refusal = read_stub(data)
        if refusal is not None:
            totals.refused(refusal, instance.GetInstanceRemoteAet() or None)
            watch.poke()
            return int(refusal.dimse_status)
        return ACCEPT if carries_site_mark(data) else FAILED
    except BaseException:  # noqa: BLE001 - as in `receive`
        return FAILED


def stored(_instance, instance_id):
    """Count what has been committed, and let the gateway look at once."""
    totals.stored(instance_id)
    watch.poke()


def changed(change, _level, _resource):
    """Begin after the start, end with the stop."""
    if change == orthanc.ChangeType.ORTHANC_STARTED:
        watch.start()
    elif change == orthanc.ChangeType.ORTHANC_STOPPED:
        watch.stop()


def show(output, _uri, **_request):
    """`GET /kasari/admission`: whether the door is open, for probes. Counts only."""
    snapshot = admission.snapshot
    closed = admission.in_force() if snapshot else None
    output.AnswerBuffer(
        json.dumps(
            {
                "open": snapshot is not None and closed is snapshot,
                "reason": getattr(closed, "reason", None) if snapshot else "no-consent-snapshot",
                "snapshot": snapshot.tag if snapshot else None,
                "admitted": len(snapshot.admitted) if snapshot else 0,
                "boot_id": totals.boot_id,
            }
        ),
        "application/json",
    )


orthanc.RegisterReceivedInstanceCallback(receive)
orthanc.RegisterIncomingCStoreInstanceFilter(answer)
orthanc.RegisterOnStoredInstanceCallback(stored)
orthanc.RegisterOnChangeCallback(changed)
orthanc.RegisterRestCallback("/kasari/admission", show)

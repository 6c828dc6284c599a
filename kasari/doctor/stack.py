"""How the stack in a folder does: processes, health, the doors of the sites, alerts."""

from collections.abc import Iterator
from pathlib import Path

from kasari.doctor.check import Check, Verdict, judged
from kasari.doors import Door, door_of
from kasari.errors import StackError
from kasari.stack import Centre, Stack, open_stack
from kasari.stack.consents import admission, told_by


def checks_of_stack(folder: Path) -> Iterator[Check]:
    """Nothing wrong is found in a stack that was never started."""
    try:
        stack = open_stack(folder)
    except StackError:
        yield Check("stack", Verdict.OPTIONAL, f"none in {folder}", "kasari up starts one")
        return
    processes = stack.processes()
    if not any(processes.values()):
        yield Check("stack", Verdict.OPTIONAL, f"stopped, in {folder}", "kasari up starts it")
        return
    for name, pid in processes.items():
        mend = f"kasari up starts it again; why it ended is in {folder}/logs/{name}.log"
        yield judged(name, pid is not None, f"pid {pid}" if pid else "does not run", mend)
    yield _health(stack)
    yield from _secrets(stack)
    for centre in stack.centres.values():
        yield from _site(centre)


def _health(stack: Stack) -> Check:
    answer = told_by(Door(stack.archive_url), "/health")
    log = stack.folder / "logs/harmonizer.log"
    good = answer.get("status") == "ok"
    return judged("archive's health", good, str(answer.get("status", "no answer")), f"see {log}")


def _secrets(stack: Stack) -> Iterator[Check]:
    secrets = stack.folder / "secrets"
    loose = [p for p in secrets.rglob("*") if p.is_file() and p.stat().st_mode & 0o077]
    found = f"others may read {len(loose)}" if loose else "for the owner only"
    yield judged("secret files", not loose, found, f"chmod -R go= {secrets}")


def _site(centre: Centre) -> Iterator[Check]:
    door = admission(centre)
    found = f"open for {door['admitted']} people" if door.get("open") else "closed"
    reason = door.get("reason") or "the site Orthanc does not answer"
    yield judged(f"{centre.name}: door", bool(door.get("open")), found, f"because: {reason}")
    told = told_by(door_of(centre), "/api/v1/status")
    canary = told.get("canary", {})
    text = str(canary.get("text", "the gateway does not answer"))
    mend = "docs/gateway.md tells what the canary means"
    yield judged(f"{centre.name}: canary", canary.get("healthy") is True, text, mend)
    for alert in told.get("alerts", []):
        mend = "docs/gateway.md tells what to do"
        yield Check(f"{centre.name}: {alert['code']}", Verdict.MISSING, alert["text"], mend)

"""`kasari gateway`: ask a centre's gateway how it stands, and decide on what it holds."""

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from gateway.domain.refusals import meaning_of
from kasari.gateway import accounts, audit, backups, erasures, vocabulary
from kasari.gateway.asking import (
    STACK,
    AsJson,
    Centre,
    StackFile,
    ask,
    described,
    login,
    read_identifier,
)
from kasari.gateway.tables import print_table

app = typer.Typer(no_args_is_help=True, help="A centre's gateway: status, held courses, account.")

app.command("account-add")(accounts.add)
app.command("account-list")(accounts.show)
app.command("account-reset")(accounts.reset)
app.command("account-remove")(accounts.remove)
app.add_typer(audit.app, name="audit")
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.command("recall")(erasures.recall)
app.command("receipts")(erasures.receipts)
app.command("vocabulary")(vocabulary.vocabulary)


@app.command()
def status(centre: Centre = "", stack: StackFile = STACK, as_json: AsJson = False) -> None:
    """Received, refused, held, sent, verified. Example: kasari gateway status --centre KUH"""
    told = ask(stack, centre, "GET", "/api/v1/status")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    rows = [
        ("instances received", told["instances"]["received"]),
        ("refused at the door", sum(r["count"] for r in told["refused"])),
        ("instances verified at the archive", told["instances"]["delivered"]),
        *((f"courses {state}", count) for state, count in told["courses"].items()),
        ("canary", told["canary"]["text"]),
        ("DICOM port", told["dicom_port"]),
        ("sending", told["departure"]["obstacle"] or "open"),
        *((f"refused, {r['sender'] or 'HTTP'}", _told(r)) for r in told["refused"]),
    ]
    print_table(("", told["centre"]), rows)
    for alert in told["alerts"]:
        typer.echo(f"ALERT {alert['code']}: {alert['text']}")


@app.command()
def courses(
    *,
    centre: Centre = "",
    state: Annotated[str | None, typer.Option(help="Only this state, e.g. held.")] = None,
    stack: StackFile = STACK,
    as_json: AsJson = False,
) -> None:
    """Courses and why they wait. Example: kasari gateway courses --centre KUH --state held"""
    query = f"?state={state}" if state else ""
    told = ask(stack, centre, "GET", f"/api/v1/courses{query}")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    rows = [(c["id"], c["state"], c["version"], c["instances"], _texts(c["reasons"])) for c in told]
    print_table(("id", "state", "version", "instances", "why it waits"), rows)


@app.command()
def course(
    course: Annotated[int, typer.Argument(help="The course's id.")],
    *,
    centre: Centre = "",
    stack: StackFile = STACK,
    as_json: AsJson = False,
) -> None:
    """One course: why it waits, what was found, which plans revise which, what was sent.

    Example: kasari gateway course 3 --centre KUH
    """
    told = ask(stack, centre, "GET", f"/api/v1/courses/{course}")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    verified = sum(one["verified"] for one in told["sent"])
    rows = [
        ("state", told["state"]),
        ("name in the archive", told["course_uid"]),
        ("version", told["version"]),
        ("instances", told["instances"]),
        ("what has come", ", ".join(f"{c['instances']} {c['modality']}" for c in told["contents"])),
        ("sent and verified", f"{verified} of {len(told['sent'])}"),
        *(("why it waits", reason["text"]) for reason in told["reasons"]),
        *((f["severity"], f"{f['code']}: {f['text']}") for f in told["findings"]),
        *(("revises", _other_plan(link)) for link in told["revises"]),
        *(("revised by", _other_plan(link)) for link in told["revised_by"]),
    ]
    print_table((f"course {course}", ""), rows)


def _told(refusal: dict[str, Any]) -> str:
    return f"{refusal['count']}: {meaning_of(refusal['reason'])}"


def _other_plan(link: dict[str, Any]) -> str:
    where = "a plan that has not come" if link["course"] is None else f"course {link['course']}"
    return f"{where} ({link['basis']})"


@app.command()
def release(
    course: Annotated[int, typer.Argument(help="The course's id.")],
    *,
    centre: Centre = "",
    comment: Annotated[str, typer.Option(help="Why it may go; name nobody in it.")],
    stack: StackFile = STACK,
) -> None:
    """Let a held course go.

    Example: kasari gateway release 3 --centre KUH --comment "the other slices are lost"
    """
    path = f"/api/v1/courses/{course}/release"
    told = ask(stack, centre, "POST", path, {"comment": comment})
    typer.echo(f"course {course} is {told['state']}")


@app.command()
def refuse(
    course: Annotated[int, typer.Argument(help="The course's id.")],
    *,
    centre: Centre = "",
    comment: Annotated[str, typer.Option(help="Why it stays; name nobody in it.")],
    stack: StackFile = STACK,
) -> None:
    """Keep a held course here for good.

    Example: kasari gateway refuse 3 --centre KUH --comment "a verification plan"
    """
    path = f"/api/v1/courses/{course}/refuse"
    told = ask(stack, centre, "POST", path, {"comment": comment})
    typer.echo(f"course {course} is {told['state']}")


@app.command()
def account(
    centre: Annotated[str | None, typer.Option(help="The centre; without it, every one.")] = None,
    day: Annotated[str, typer.Option(help="Only this day (UTC): the courses behind it.")] = "",
    sender: Annotated[str | None, typer.Option(help="Of this sender only; with --day.")] = None,
    stack: StackFile = STACK,
    as_json: AsJson = False,
) -> None:
    """Where every instance is, by day and sender; exit code 1 if the sums do not add up.

    With --day, and --sender, the courses behind it; `kasari gateway course` shows one.

    Example: kasari gateway account --centre KUH
    Example: kasari gateway account --centre KUH --day 2026-03-02 --sender ARIA
    Example: kasari gateway account --config gateway.yml --json
    """
    if day:
        only = "" if sender is None else f"?{urlencode({'sender': sender})}"
        _print_day(stack, centre or "", f"{day}{only}", as_json)
        return
    centres = [centre] if centre else list(described(stack)["centres"])
    found = {name: _account(stack, name) for name in centres}
    if as_json:
        typer.echo(json.dumps(found[centre] if centre else found, indent=2))
    else:
        for name, told in found.items():
            _print_account(name, told)
    if not all(told["sums_up"] for told in found.values()):
        raise typer.Exit(1)


def _print_day(stack: Path, centre: str, asked: str, as_json: bool) -> None:
    told = ask(stack, centre, "GET", f"/api/v1/account/days/{asked}")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    rows = [
        (c["course"] or "", c["place"].replace("_", " "), c["instances"], _texts(c["reasons"]))
        for c in told
    ]
    print_table(("course", "where", "instances", "why it waits"), rows)


def _account(stack: Path, centre: str) -> dict[str, Any]:
    told: dict[str, Any] = ask(stack, centre, "GET", "/api/v1/account")
    return told | {"days": ask(stack, centre, "GET", "/api/v1/account/days")}


def _print_account(centre: str, told: dict[str, Any]) -> None:
    numbers = [(n.replace("_", " "), v) for n, v in told.items() if n not in {"sums_up", "days"}]
    print_table(("", centre), numbers)
    parts = (
        "offered",
        "stored",
        "delivered",
        "on_the_way",
        "held",
        "withheld",
        "refused_here",
        "set_aside",
        "gone",
        "deleted",
        "refused_at_the_door",
    )
    lines = [(d["day"], d["sender"] or "HTTP", *(d[part] for part in parts)) for d in told["days"]]
    print_table(("day (UTC)", "sender", *(part.replace("_", " ") for part in parts)), lines)
    typer.echo("the sums add up" if told["sums_up"] else "the sums do NOT add up")


@app.command("confirm-gone")
def confirm_gone(
    *,
    centre: Centre = "",
    comment: Annotated[str, typer.Option(help="Why they were deleted; name nobody in it.")],
    stack: StackFile = STACK,
) -> None:
    """Say that what is gone from the site's Orthanc was deleted there on purpose.

    Example: kasari gateway confirm-gone --centre KUH --comment "a phantom's study"
    """
    told = ask(stack, centre, "POST", "/api/v1/gone", {"comment": comment})
    typer.echo(f"{told['deleted']} instances count as deleted from now on")


@app.command()
def why(
    *,
    centre: Centre = "",
    user: Annotated[str, typer.Option(help="A data steward's account.")],
    patient: Annotated[
        str, typer.Argument(help="The identifier that the sender uses; asked for if left out.")
    ] = "",
    stack: StackFile = STACK,
    as_json: AsJson = False,
) -> None:
    """Why is this patient not in the archive? The question is audited without the identifier.

    Identifier and password are asked for, or read from standard input in this order: other users
    of the machine can read what stands on a command line.
    Example: kasari gateway why --centre KUH --user maija
    """
    body = {"patient_id": read_identifier(patient, "Identifier")}
    told = ask(stack, centre, "POST", "/api/v1/why", body, login(user))
    typer.echo(json.dumps(told, indent=2) if as_json else told["verdict"])


@app.command()
def merge(
    *,
    centre: Centre = "",
    user: Annotated[str, typer.Option(help="A data steward's account.")],
    patient: Annotated[
        str, typer.Argument(help="The identifier to keep; asked for if left out.")
    ] = "",
    other: Annotated[str, typer.Argument(help="The same patient's other identifier.")] = "",
    stack: StackFile = STACK,
) -> None:
    """Let two identifiers mean one patient.

    Identifiers and password are asked for, or read from standard input in this order.
    Example: kasari gateway merge --centre KUH --user maija
    """
    body = {
        "patient_id": read_identifier(patient, "Identifier to keep"),
        "other_id": read_identifier(other, "Other identifier"),
    }
    told = ask(stack, centre, "POST", "/api/v1/merges", body, login(user))
    if told["already"]:
        typer.echo("they are one patient already")
        return
    typer.echo("merged")
    if told["send_again"]:
        typer.echo(f"{told['send_again']} instances are erased; send them again from the source")


@app.command()
def resume(centre: Centre = "", stack: StackFile = STACK) -> None:
    """Send again after the archive had not let this centre in and that was mended."""
    ask(stack, centre, "POST", "/api/v1/sending/resume")
    typer.echo("sending goes on")


@app.command()
def senders(centre: Centre = "", stack: StackFile = STACK, as_json: AsJson = False) -> None:
    """Who may call the DICOM port, and who else has.

    Example: kasari gateway senders --centre KUH
    """
    told = ask(stack, centre, "GET", "/api/v1/senders")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    keys = ("aet", "host", "state", "accepted", "refused", "last_at", "comment")
    print_table(
        ("called itself", "from", *keys[2:]),
        [tuple(one[key] or "" for key in keys) for one in told],
    )


@app.command()
def collect(centre: Centre = "", stack: StackFile = STACK) -> None:
    """Fetch from the PACS what is missing of consented patients, now and within the limits.

    Example: kasari gateway collect --centre KUH
    """
    told = ask(stack, centre, "POST", "/api/v1/collection/run")
    typer.echo(
        f"asked about {told['patients']} patients; {told['instances']} instances in "
        f"{told['series']} series came, {told['failed']} did not; {told['ended']}"
    )


@app.command()
def recheck(centre: Centre = "", stack: StackFile = STACK) -> None:
    """Ask the archive whether it still holds what was delivered; what it lost goes again.

    Example: kasari gateway recheck --centre KUH
    """
    told = ask(stack, centre, "POST", "/api/v1/archive/recheck")
    typer.echo(f"{told['delivered']} courses delivered, {told['sent_again']} of them go again")


@app.command()
def withdrawals(centre: Centre = "", stack: StackFile = STACK, as_json: AsJson = False) -> None:
    """What was deleted of whom withdrew, here and at the archive. Nobody is named.

    Example: kasari gateway withdrawals --centre KUH
    """
    told = ask(stack, centre, "GET", "/api/v1/clinical/withdrawals")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    header = ("deleted here", "rows", "archive told", "archive done", "rows", "courses", "objects")
    counts = ("erased_at", "rows", "courses", "instances")
    rows = [
        (
            one["deleted_at"][:16],
            one["rows"],
            (one["archive_told_at"] or "not yet")[:16],
            *(str((one["archive"] or {}).get(name) or "not yet")[:16] for name in counts[:1]),
            *((one["archive"] or {}).get(name, "not yet") for name in counts[1:]),
        )
        for one in told
    ]
    print_table(header, rows)


def _texts(reasons: list[dict[str, str]]) -> str:
    return "; ".join(reason["text"] for reason in reasons)

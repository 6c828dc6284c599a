"""`kasari gateway`: ask a centre's gateway how it stands, and decide on what it holds."""

import json
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from kasari.errors import InputError, StackError

app = typer.Typer(no_args_is_help=True, help="A centre's gateway: status, held courses, account.")

Centre = Annotated[str, typer.Option(help="The centre, e.g. KUH.")]
StackFile = Annotated[Path, typer.Option(help="Where `kasari up` wrote what runs.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
STACK = Path(".kasari/stack.json")


@app.command()
def status(centre: Centre, stack: StackFile = STACK, as_json: AsJson = False) -> None:
    """Received, refused, held, sent, verified. Example: kasari gateway status --centre KUH"""
    told = _ask(stack, centre, "GET", "/api/v1/status")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    rows = [
        ("instances received", told["instances"]["received"]),
        ("refused at the door", sum(r["count"] for r in told["refused"])),
        ("instances verified at the archive", told["instances"]["delivered"]),
        *((f"courses {state}", count) for state, count in told["courses"].items()),
        ("canary", told["canary"]["text"]),
    ]
    _table(("", centre), rows)
    for alert in told["alerts"]:
        typer.echo(f"ALERT {alert['code']}: {alert['text']}")


@app.command()
def courses(
    centre: Centre,
    state: Annotated[str | None, typer.Option(help="Only this state, e.g. held.")] = None,
    stack: StackFile = STACK,
    as_json: AsJson = False,
) -> None:
    """Courses and why they wait. Example: kasari gateway courses --centre KUH --state held"""
    query = f"?state={state}" if state else ""
    told = _ask(stack, centre, "GET", f"/api/v1/courses{query}")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    rows = [(c["id"], c["state"], c["version"], c["instances"], _texts(c["reasons"])) for c in told]
    _table(("id", "state", "version", "instances", "why it waits"), rows)


@app.command()
def release(
    course: Annotated[int, typer.Argument(help="The course's id.")],
    centre: Centre,
    comment: Annotated[str, typer.Option(help="Why it may go; name nobody in it.")],
    stack: StackFile = STACK,
) -> None:
    """Let a held course go.

    Example: kasari gateway release 3 --centre KUH --comment "the other slices are lost"
    """
    path = f"/api/v1/courses/{course}/release"
    told = _ask(stack, centre, "POST", path, {"comment": comment})
    typer.echo(f"course {course} is {told['state']}")


@app.command()
def refuse(
    course: Annotated[int, typer.Argument(help="The course's id.")],
    centre: Centre,
    comment: Annotated[str, typer.Option(help="Why it stays; name nobody in it.")],
    stack: StackFile = STACK,
) -> None:
    """Keep a held course here for good.

    Example: kasari gateway refuse 3 --centre KUH --comment "a verification plan"
    """
    path = f"/api/v1/courses/{course}/refuse"
    told = _ask(stack, centre, "POST", path, {"comment": comment})
    typer.echo(f"course {course} is {told['state']}")


@app.command()
def account(centre: Centre, stack: StackFile = STACK, as_json: AsJson = False) -> None:
    """Where every instance is; exit code 1 if the sums do not add up."""
    told = _ask(stack, centre, "GET", "/api/v1/account")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
    else:
        rows = [(n.replace("_", " "), v) for n, v in told.items() if n != "sums_up"]
        _table(("", centre), rows)
        typer.echo("the sums add up" if told["sums_up"] else "the sums do NOT add up")
    if not told["sums_up"]:
        raise typer.Exit(1)


@app.command()
def why(
    patient: Annotated[str, typer.Argument(help="The identifier that the sender uses.")],
    centre: Centre,
    stack: StackFile = STACK,
) -> None:
    """Why is this patient not in the archive? The question is audited without the identifier."""
    told = _ask(stack, centre, "POST", "/api/v1/why", {"patient_id": patient})
    typer.echo(told["verdict"])


@app.command()
def resume(centre: Centre, stack: StackFile = STACK) -> None:
    """Send again after the archive had not let this centre in and that was mended."""
    _ask(stack, centre, "POST", "/api/v1/sending/resume")
    typer.echo("sending goes on")


def _texts(reasons: list[dict[str, str]]) -> str:
    return "; ".join(reason["text"] for reason in reasons)


def _table(header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    table = Table(*header)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console().print(table)


def _ask(stack: Path, centre: str, method: str, path: str, body: Any = None) -> Any:
    try:
        described = json.loads(stack.read_text("utf-8"))["centres"]
    except (OSError, ValueError, KeyError):
        raise StackError("no stack runs here; start one with `kasari up`") from None
    if centre not in described:
        raise InputError(f"no centre {centre} runs here; there are {', '.join(described)}")
    place = described[centre]
    token = Path(place["operator_token_file"]).read_text("utf-8").strip()
    try:
        answer = httpx.request(
            method,
            place["gateway_url"] + path,
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
    except httpx.HTTPError as error:
        raise StackError(
            f"the gateway of {centre} does not answer: {type(error).__name__}"
        ) from None
    if answer.is_error:
        told = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        raise InputError(str(told.get("text") or f"the gateway answered {answer.status_code}"))
    return answer.json() if answer.content else None

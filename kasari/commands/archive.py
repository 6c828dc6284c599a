"""`kasari archive`: ask the archive how it stands, what it holds, and which studies match."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.console import Console
from rich.table import Table

from kasari.archive import backups
from kasari.errors import InputError, StackError
from kasari.setup.options import DataFolder
from kasari.stack import chosen_folder, open_stack

app = typer.Typer(no_args_is_help=True, help="The archive: status, courses, cohorts.")

Url = Annotated[str | None, typer.Option(help="The archive's address; else the local stack's.")]
TokenFile = Annotated[Path | None, typer.Option(help="File with your token, given with --url.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
ENDING: Final = 8
PAGE: Final = 1000
MOST_LISTED: Final = 1_000_000
HEADLINE: Final = ("Mean[Gy]", "D95%[Gy]", "D2%[Gy]")

app.command("backup")(backups.backup)
app.command("restore")(backups.restore)


@app.command()
def status(
    url: Url = None, token_file: TokenFile = None, data: DataFolder = None, as_json: AsJson = False
) -> None:
    """Count courses by centre and state, instances, rows, work. Example: kasari archive status"""
    told = _ask("/api/v1/status", {}, url, token_file, data)
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    states = list(dict.fromkeys(state for counts in told["courses"].values() for state in counts))
    rows = [(name, *(counts[s] for s in states)) for name, counts in told["courses"].items()]
    _table(("centre", *states), rows)
    typer.echo(f"{told['instances']} instances read back")
    for part in ("clinical", "work"):
        counts = told.get(part, {})
        typer.echo(f"{part}: " + ", ".join(f"{n} {name}" for name, n in counts.items()))


@app.command()
def courses(
    centre: Annotated[str | None, typer.Option(help="Only this centre.")] = None,
    state: Annotated[str | None, typer.Option(help="stored, harmonized or failed.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    url: Url = None,
    token_file: TokenFile = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """List courses, newest first. Example: kasari archive courses --centre KUH --state failed"""
    asked = {"centre": centre, "state": state, "limit": limit, "offset": offset}
    told = _ask("/api/v1/courses", asked, url, token_file, data)
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    rows = [
        (
            f"…{course['course_uid'][-ENDING:]}",
            course["centre"],
            course["state"],
            course.get("site") or "",
            course.get("laterality") or "",
            f"{course['named']}/{course['structures']}" if "named" in course else "",
            ", ".join(f"{n} {severity}" for severity, n in course.get("findings", {}).items()),
            course["reason"] or "",
        )
        for course in told
    ]
    _table(("course", "centre", "state", "site", "side", "named", "findings", "why"), rows)


@app.command()
def show(
    course: Annotated[str, typer.Argument(help="Its UID, or the end that `courses` lists.")],
    url: Url = None,
    token_file: TokenFile = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """One course: names, volumes, doses and findings. Example: kasari archive show 87642915"""
    door = (url, token_file, data)
    told = _ask(f"/api/v1/courses/{_whole(course, door)}", {}, *door)
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    where = told["site"] or "site unknown"
    typer.echo(f"{told['centre']}, {told['national_id']}, {where}: {told['state']}")
    rows = [
        (
            row["local_name"],
            row["standard_name"] or f"? {row['suggestion'] or ''}",
            f"{row['confidence']:.2f}",
            _number(row["volume_cm3"]),
            *(_number(row["metrics"].get(name)) for name in HEADLINE),
        )
        for row in told["structures"]
    ]
    _table(("local name", "TG-263", "sure", "cm3", *HEADLINE), rows)
    for finding in told["findings"]:
        typer.echo(
            f"{finding['severity']}: {finding['code']} {finding['place']}: {finding['text']}"
        )


@app.command()
def find(
    keys: Annotated[
        list[str] | None, typer.Argument(help="KEY=VALUE as in docs/querying.md; all must hold.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    url: Url = None,
    token_file: TokenFile = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Find studies. Example: kasari archive find Laterality=L "dvh=Heart:Mean[Gy]>2" """
    pairs = [key.partition("=") for key in keys or []]
    if any(not (key and found) for key, found, _ in pairs):
        raise InputError("give keys as KEY=VALUE, like ROIName=Heart")
    asked = [(key, value) for key, _, value in pairs]
    told = _ask("/dicom-web/studies", [*asked, ("limit", limit)], url, token_file, data)
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    tags = ("0020000D", "00120031", "00201208", "00080061")
    rows = [tuple(_values(study, tag) for tag in tags) for study in told]
    _table(("study", "centre", "objects", "of"), rows)


@app.command()
def audit(
    who: Annotated[str | None, typer.Option(help="Only this caller.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this, like read-report.")] = None,
    subject: Annotated[str | None, typer.Option(help="Any part of what was read.")] = None,
    before: Annotated[int | None, typer.Option(min=1, help="Go on before this event.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    url: Url = None,
    token_file: TokenFile = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Who read or did what, newest first; for admins. Example: kasari archive audit --who anna"""
    asked = {"who": who, "action": action, "subject": subject, "before": before, "limit": limit}
    told = _ask("/api/v1/audit", asked, url, token_file, data)
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    names = ("sequence", "at", "caller", "role", "action", "subject")
    rows = [tuple(str(event[name])[:500] for name in names) for event in told]
    _table(("event", "when", "who", "role", "action", "of what"), rows)


def _whole(ending: str, door: tuple[str | None, Path | None, Path | None]) -> str:
    """The UID of the only course that ends so; a whole UID is taken as it is."""
    ending = ending.strip("…")
    if not ending.isdigit():
        return ending
    found: list[str] = []
    for offset in range(0, MOST_LISTED, PAGE):
        page = _ask("/api/v1/courses", {"limit": PAGE, "offset": offset}, *door)
        found += [one["course_uid"] for one in page if one["course_uid"].endswith(ending)]
        if len(page) < PAGE:
            break
    if len(found) != 1:
        raise InputError(f"{len(found) or 'no'} courses end so; give more of the UID")
    return found[0]


def _values(study: dict[str, Any], tag: str) -> str:
    return ", ".join(str(value) for value in study.get(tag, {}).get("Value", []))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _table(header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Print a table whose first column is whole, whatever the width: it is there to be copied."""
    table = Table()
    widest = max((len(str(row[0])) for row in rows), default=0)
    for number, name in enumerate(header):
        if number == 0:
            table.add_column(name, no_wrap=True, overflow="ignore", min_width=widest)
        else:
            table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell).replace("[", r"\[") for cell in row))
    Console().print(table)


def _ask(path: str, asked: Any, url: str | None, token_file: Path | None, data: Path | None) -> Any:
    address, token = _door(url, token_file, data)
    listed = asked.items() if isinstance(asked, dict) else asked
    try:
        answer = httpx.get(
            address.rstrip("/") + path,
            params=[(key, value) for key, value in listed if value is not None],
            headers={"Authorization": f"Bearer {token}"},
            timeout=120,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        name = type(error).__name__
        raise StackError(f"the archive does not answer ({name}); does it run?") from None
    if answer.is_error:
        told = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        text = (
            told.get("text") or told.get("detail") or f"the archive answered {answer.status_code}"
        )
        raise InputError(str(text))
    return answer.json()


def _door(url: str | None, token_file: Path | None, data: Path | None) -> tuple[str, str]:
    """Address and token: those that were named, else the local stack's."""
    if (url is None) != (token_file is None):
        raise InputError("give --url and --token-file together, or neither for the local stack")
    if url is None or token_file is None:
        stack = open_stack(chosen_folder(data))
        return stack.archive_url, stack.reader_token()
    try:
        return url, token_file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the token file cannot be read ({type(error).__name__})") from None

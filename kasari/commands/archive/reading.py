"""Ask the archive how it stands, what it holds, and which studies match."""

import json
from typing import Annotated, Any, Final

import typer

from kasari.courses import whole_uid
from kasari.doors import Door, archive_door
from kasari.errors import InputError
from kasari.options import ArchiveUrl, AsJson, DataFolder, TokenFile
from kasari.tables import print_table

ROLE: Final = "admin"
"""Whose token of the local stack is shown: only an admin may read the audit."""
ENDING: Final = 8
HEADLINE: Final = ("Mean[Gy]", "D95%[Gy]", "D2%[Gy]")


def status(
    url: ArchiveUrl = None,
    token_file: TokenFile = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Count courses by centre and state, instances, rows, work. Example: kasari archive status"""
    told = archive_door(url, token_file, data, ROLE).json("GET", "/api/v1/status")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    states = list(dict.fromkeys(state for counts in told["courses"].values() for state in counts))
    rows = [(name, *(counts[s] for s in states)) for name, counts in told["courses"].items()]
    print_table(("centre", *states), rows, first_is_whole=True)
    typer.echo(f"{told['instances']} instances read back")
    for part in ("clinical", "work"):
        counts = told.get(part, {})
        typer.echo(f"{part}: " + ", ".join(f"{n} {name}" for name, n in counts.items()))


def courses(
    centre: Annotated[str | None, typer.Option(help="Only this centre.")] = None,
    state: Annotated[str | None, typer.Option(help="stored, harmonized or failed.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    url: ArchiveUrl = None,
    token_file: TokenFile = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """List courses, newest first. Example: kasari archive courses --centre KUH --state failed"""
    asked = {"centre": centre, "state": state, "limit": limit, "offset": offset}
    told = _ask(archive_door(url, token_file, data, ROLE), "/api/v1/courses", asked)
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
    print_table(
        ("course", "centre", "state", "site", "side", "named", "findings", "why"),
        rows,
        first_is_whole=True,
    )


def show(
    course: Annotated[str, typer.Argument(help="Its UID, or the end that `courses` lists.")],
    url: ArchiveUrl = None,
    token_file: TokenFile = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """One course: names, volumes, doses and findings. Example: kasari archive show 87642915"""
    door = archive_door(url, token_file, data, ROLE)
    told = door.json("GET", f"/api/v1/courses/{whole_uid(course, door)}")
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
    print_table(("local name", "TG-263", "sure", "cm3", *HEADLINE), rows, first_is_whole=True)
    for finding in told["findings"]:
        typer.echo(
            f"{finding['severity']}: {finding['code']} {finding['place']}: {finding['text']}"
        )


def find(
    keys: Annotated[
        list[str] | None, typer.Argument(help="KEY=VALUE as in docs/querying.md; all must hold.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    url: ArchiveUrl = None,
    token_file: TokenFile = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Find studies. Example: kasari archive find Laterality=L "dvh=Heart:Mean[Gy]>2" """
    pairs = [key.partition("=") for key in keys or []]
    if any(not (key and found) for key, found, _ in pairs):
        raise InputError("give keys as KEY=VALUE, like ROIName=Heart")
    asked = [*((key, value) for key, _, value in pairs), ("limit", limit)]
    door = archive_door(url, token_file, data, ROLE)
    told = door.json("GET", "/dicom-web/studies", params=asked)
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    tags = ("0020000D", "00120031", "00201208", "00080061")
    rows = [tuple(_values(study, tag) for tag in tags) for study in told]
    print_table(("study", "centre", "objects", "of"), rows, first_is_whole=True)


def audit(
    who: Annotated[str | None, typer.Option(help="Only this caller.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this, like read-report.")] = None,
    subject: Annotated[str | None, typer.Option(help="Any part of what was read.")] = None,
    before: Annotated[int | None, typer.Option(min=1, help="Go on before this event.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    url: ArchiveUrl = None,
    token_file: TokenFile = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Who read or did what, newest first; for admins. Example: kasari archive audit --who anna"""
    asked = {"who": who, "action": action, "subject": subject, "before": before, "limit": limit}
    told = _ask(archive_door(url, token_file, data, ROLE), "/api/v1/audit", asked)
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    names = ("sequence", "at", "caller", "role", "action", "subject")
    rows = [tuple(str(event[name])[:500] for name in names) for event in told]
    print_table(("event", "when", "who", "role", "action", "of what"), rows, first_is_whole=True)


def _values(study: dict[str, Any], tag: str) -> str:
    return ", ".join(str(value) for value in study.get(tag, {}).get("Value", []))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _ask(door: Door, path: str, asked: dict[str, Any]) -> Any:
    given = {key: value for key, value in asked.items() if value is not None}
    return door.json("GET", path, params=given)

"""`kasari fhir`: a course and its outcomes as FHIR R4."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kasari.courses import whole_uid
from kasari.doors import archive_door
from kasari.options import ArchiveUrl, DataFolder, TokenFile


def command(
    course: Annotated[
        str, typer.Argument(help="Its UID, or the end that `kasari archive courses` lists.")
    ],
    out: Annotated[Path | None, typer.Option(help="File to write; else the screen.")] = None,
    url: ArchiveUrl = None,
    token_file: TokenFile = None,
    data: DataFolder = None,
) -> None:
    """Write a course as a FHIR bundle: summary, phase, volumes, images, events, answers.

    Example: kasari fhir 87642915 --out course.json
    """
    door = archive_door(url, token_file, data)
    found = door.json("GET", f"/api/v1/courses/{whole_uid(course, door)}/fhir")
    text = json.dumps(found, indent=2, ensure_ascii=False)
    if out is None:
        typer.echo(text)
        return
    out.write_text(text + "\n", "utf-8")
    typer.echo(f"wrote {out}: {len(found['entry'])} resources", err=True)

"""`kasari fhir`: a course and its outcomes as FHIR R4."""

from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from kasari.errors import InputError, StackError
from kasari.setup.options import DataFolder
from kasari.stack import chosen_folder, open_stack

console = Console(stderr=True)


def command(
    course: Annotated[str, typer.Argument(help="UID of the course, see `kasari archive courses`.")],
    out: Annotated[Path | None, typer.Option(help="File to write; else the screen.")] = None,
    data: DataFolder = None,
) -> None:
    """Write a course as a FHIR bundle: summary, phase, volumes, images, events, answers.

    Example: kasari fhir 2.25.1234 --out course.json
    """
    stack = open_stack(chosen_folder(data))
    url = f"{stack.archive_url}/api/v1/courses/{course}/fhir"
    headers = {"Authorization": f"Bearer {stack.reader_token('researcher')}"}
    try:
        answer = httpx.get(url, headers=headers, timeout=60, trust_env=False)
    except httpx.HTTPError as error:
        text = f"the archive does not answer ({type(error).__name__}); does it run?"
        raise StackError(text) from error
    if answer.status_code != httpx.codes.OK:
        raise InputError(f"the archive holds no such course (it answered {answer.status_code})")
    if out is None:
        typer.echo(answer.text)
        return
    try:
        out.write_bytes(answer.content)
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror}") from error
    console.print(f"wrote {out}: {len(answer.json()['entry'])} resources", markup=False)

"""`kasari table`: the joined table of dose, toxicity, PROM and clinical variables."""

from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from kasari.errors import InputError, StackError
from kasari.setup.options import DataFolder
from kasari.stack import chosen_folder, open_stack

FORMS = ("long", "wide")
console = Console(stderr=True)


def command(
    out: Annotated[Path, typer.Option(help="File to write; .parquet gives Parquet, else CSV.")],
    form: Annotated[str, typer.Option(help="long: a row per value; wide: per patient.")] = "wide",
    data: DataFolder = None,
) -> None:
    """Write the analysis-ready table of every patient that the archive holds.

    Example: kasari table --form wide --out patients.parquet
    """
    if form not in FORMS:
        raise InputError(f"no such form of table; give one of {', '.join(FORMS)}")
    url, token = _archive(data)
    headers = {"authorization": f"Bearer {token}"}
    kind = "parquet" if out.suffix.lower() == ".parquet" else "csv"
    part = out.with_name(out.name + ".part")
    try:
        with (
            httpx.Client(base_url=url, headers=headers, timeout=600, trust_env=False) as client,
            client.stream("GET", f"/api/v1/tables/{form}.{kind}") as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise StackError(f"the archive answered {answer.status_code}")
            with part.open("wb") as file:
                for chunk in answer.iter_bytes():
                    file.write(chunk)
    except httpx.HTTPError as error:
        text = f"the archive cannot be reached ({type(error).__name__}); is the stack up?"
        raise StackError(text) from error
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror}") from error
    part.replace(out)  # a table that broke off half way is never taken for a whole one
    console.print(f"wrote {out}", markup=False)


def _archive(data: Path | None) -> tuple[str, str]:
    """Return the address of the running stack's archive and a researcher's token."""
    stack = open_stack(chosen_folder(data))
    try:
        return stack.archive_url, stack.reader_token("researcher")
    except OSError as error:
        raise StackError(f"cannot read the researcher's token: {error.strerror}") from error

"""`kasari extract`: the archive's registry extract, one row per course, as CSV or Parquet."""

from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from kasari.errors import InputError, StackError
from kasari.setup.options import DataFolder
from kasari.stack import chosen_folder, open_stack

PLACE = "/api/v1/registry-extract"
console = Console(stderr=True)


def command(
    out: Annotated[Path, typer.Option(help="File to write; .parquet gives Parquet, else CSV.")],
    dictionary: Annotated[
        bool, typer.Option("--dictionary", help="What the columns mean, instead of the rows.")
    ] = False,
    url: Annotated[str | None, typer.Option(help="The archive; else the local stack's.")] = None,
    token_file: Annotated[Path | None, typer.Option(help="Your token, with --url.")] = None,
    data: DataFolder = None,
) -> None:
    """Write plan, quality and doses of every course. Example: kasari extract --out courses.csv"""
    address, token = _door(url, token_file, data)
    is_parquet = out.suffix.lower() == ".parquet" and not dictionary
    part = out.with_name(out.name + ".part")
    try:
        with (
            httpx.stream(
                "GET",
                address.rstrip("/") + PLACE + ("/dictionary" if dictionary else ""),
                params={"format": "parquet"} if is_parquet else None,
                headers={"Authorization": f"Bearer {token}"},
                timeout=600,
                trust_env=False,
            ) as answer,
            part.open("wb") as file,
        ):
            if answer.status_code != httpx.codes.OK:
                raise StackError(f"the archive answered {answer.status_code}")
            for chunk in answer.iter_bytes():
                file.write(chunk)
        part.replace(out)  # an extract that broke off half way is never taken for a whole one
    except httpx.HTTPError as error:
        text = f"the archive does not answer ({type(error).__name__}); does it run?"
        raise StackError(text) from error
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    console.print(f"wrote {out}", markup=False)


def _door(url: str | None, token_file: Path | None, data: Path | None) -> tuple[str, str]:
    """Return address and token: those that were named, else the local stack's."""
    if (url is None) != (token_file is None):
        raise InputError("give --url and --token-file together, or neither for the local stack")
    if url is None or token_file is None:
        stack = open_stack(chosen_folder(data))
        return stack.archive_url, stack.reader_token("researcher")
    try:
        return url, token_file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        text = f"the token file cannot be read ({type(error).__name__})"
        raise InputError(text) from error

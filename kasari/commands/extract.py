"""`kasari extract`: the archive's registry extract, one row per course, as CSV or Parquet."""

from pathlib import Path
from typing import Annotated

import typer

from kasari.doors import archive_door
from kasari.options import ArchiveUrl, DataFolder, TokenFile

PLACE = "/api/v1/registry-extract"


def command(
    out: Annotated[Path, typer.Option(help="File to write; .parquet gives Parquet, else CSV.")],
    dictionary: Annotated[
        bool, typer.Option("--dictionary", help="What the columns mean, instead of the rows.")
    ] = False,
    url: ArchiveUrl = None,
    token_file: TokenFile = None,
    data: DataFolder = None,
) -> None:
    """Write plan, quality and doses of every course. Example: kasari extract --out courses.csv"""
    is_parquet = out.suffix.lower() == ".parquet" and not dictionary
    door = archive_door(url, token_file, data)
    path = f"{PLACE}/dictionary" if dictionary else PLACE
    door.download(path, out, {"format": "parquet"} if is_parquet else None)
    typer.echo(f"wrote {out}", err=True)

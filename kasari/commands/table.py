"""`kasari table`: the joined table of dose, toxicity, PROM and clinical variables."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kasari.doors import archive_door
from kasari.options import ArchiveUrl, DataFolder, TokenFile


class Form(StrEnum):
    """How the table is laid out."""

    LONG = "long"
    WIDE = "wide"


def command(
    out: Annotated[Path, typer.Option(help="File to write; .parquet gives Parquet, else CSV.")],
    form: Annotated[
        Form, typer.Option(help="long: a row per value; wide: per patient.")
    ] = Form.WIDE,
    url: ArchiveUrl = None,
    token_file: TokenFile = None,
    data: DataFolder = None,
) -> None:
    """Write the analysis-ready table of every patient that the archive holds.

    Example: kasari table --form wide --out patients.parquet
    """
    kind = "parquet" if out.suffix.lower() == ".parquet" else "csv"
    archive_door(url, token_file, data).download(f"/api/v1/tables/{form}.{kind}", out)
    typer.echo(f"wrote {out}", err=True)

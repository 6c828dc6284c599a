"""Options that every command which may have to set things up takes."""

from pathlib import Path
from typing import Annotated

import typer

DebianMirror = Annotated[
    str | None,
    typer.Option(
        envvar="KASARI_DEBIAN_MIRROR",
        help="Where to fetch Orthanc from, if this machine's apt names no Debian mirror.",
    ),
]
DataFolder = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of the stack. Default: that of the stack started last."),
]

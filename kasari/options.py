"""Options that several commands take."""

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
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
ArchiveUrl = Annotated[
    str | None, typer.Option("--url", help="The archive's address; else the local stack's.")
]
GatewayUrl = Annotated[
    str | None, typer.Option("--url", help="Or: the gateway's address, with --token-file.")
]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", help="File with your token, given with --url.")
]
Centre = Annotated[
    str, typer.Option(help="The centre, e.g. KUH; may be left out where there is one.")
]
Gateways = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "--data",
        "--stack",
        help="A gateway's settings, gateway.yml; or the folder of a stack. Default: the stack "
        "started last.",
    ),
]

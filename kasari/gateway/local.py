"""Acting on the machine that a gateway runs on, with its settings file."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.config import Settings, load_settings
from kasari.errors import InputError
from kasari.gateway.asking import STACK, described

Config = Annotated[Path | None, typer.Option(help="The gateway's settings, gateway.yml.")]
LocalCentre = Annotated[
    str | None, typer.Option("--centre", help="Or: a centre of the stack that runs here.")
]


def config_file(config: Path | None, centre: str | None, stack: Path = STACK) -> Path:
    """Return the settings file that was named, or a centre's in the local stack."""
    if config is not None and centre is None:
        return config
    if config is not None or centre is None:
        raise InputError("give --config gateway.yml, or --centre for the stack that runs here")
    found = described(stack)
    if centre not in found["centres"]:
        raise InputError(f"no centre {centre} runs here; there are {', '.join(found['centres'])}")
    return Path(found["data_folder"]) / "centres" / centre / "gateway.yml"


def settings(config: Path | None, centre: str | None, stack: Path = STACK) -> Settings:
    return load_settings(config_file(config, centre, stack))

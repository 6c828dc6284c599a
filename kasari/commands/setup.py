"""`kasari setup`: fetch what the stack needs, and nothing else."""

import typer

from kasari.options import DebianMirror
from kasari.setup import OWN_FOLDER, ensure_orthanc, ensure_site_packages


def command(debian_mirror: DebianMirror = None) -> None:
    """Fetch Orthanc and what its Python loads, into this checkout. A second run does nothing.

    Example: kasari setup
    """
    program = ensure_orthanc(OWN_FOLDER / "orthanc", debian_mirror)
    ensure_site_packages(OWN_FOLDER / "site-packages", program.python)
    typer.echo(f"Orthanc {program.version} with Python {program.python} is ready.")

"""The archive's own Orthanc in a running stack, which nothing but the harmonizer talks to."""

from kasari.stack import Stack
from kasari.stack.settings import HARMONIZER_USER


def archive_orthanc(stack: Stack) -> tuple[str, tuple[str, str]]:
    """Return its address, and user and password."""
    port = stack.description()["ports"]["orthanc-archive"]
    password = (stack.folder / "secrets/archive/orthanc.password").read_text("ascii").strip()
    return f"http://127.0.0.1:{port}", (HARMONIZER_USER, password)

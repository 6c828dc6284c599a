"""Whether a service runs: its database must not be exchanged under it."""

import socket

from kasari.errors import InputError

PATIENCE_S = 2.0


def refuse_if_running(host: str, port: int) -> None:
    """Raise InputError if something answers at a service's address."""
    try:
        socket.create_connection((host, port), PATIENCE_S).close()
    except OSError:
        return
    raise InputError("the service is running; stop it first, then restore")

"""Bringing a consent list to a centre, and waiting until its door knows of it."""

import time
from typing import Any, Final

from kasari.doors import Door, door_of
from kasari.errors import KasariError, StackError
from kasari.stack.running import Centre

KNOWN_LIMIT_S: Final = 90.0
"""A site asks every few seconds; with a very long list, every minute."""
POLL_S: Final = 0.1
ASK_LIMIT_S: Final = 10.0


def import_consents(centre: Centre, content: bytes, *, preview: bool = False) -> dict[str, Any]:
    """Import at the gateway; returns its report. `problems` in it means nothing was imported.

    Raises
    ------
    StackError, InputError
        The gateway cannot be reached, or does not take the list at all.
    """
    report = send_consents(door_of(centre), content, preview=preview)
    if report["committed"]:
        wait_until_known(centre)
    return report


def send_consents(door: Door, content: bytes, *, preview: bool = False) -> dict[str, Any]:
    """Import at a gateway anywhere, without asking what its site Orthanc knows."""
    params = {"preview": preview}
    report: dict[str, Any] = door.json("POST", "/api/v1/consents", params=params, content=content)
    return report


def wait_until_known(centre: Centre) -> None:
    """Wait until the site Orthanc decides by the list that the gateway has now.

    Raises
    ------
    StackError
        It does not within `KNOWN_LIMIT_S`.
    """
    end = time.monotonic() + KNOWN_LIMIT_S
    while time.monotonic() < end:
        told = admission(centre).get("snapshot")
        if told and told == current(centre):
            return
        time.sleep(POLL_S)
    raise StackError(
        f"the site Orthanc of {centre.name} has not fetched the new consent list: is its gateway "
        "up? See its log."
    )


def current(centre: Centre) -> str | None:
    """Return the tag of the gateway's own list; None when it does not answer."""
    found: str | None = told_by(door_of(centre), "/api/v1/status").get("consent_snapshot")
    return found


def admission(centre: Centre) -> dict[str, Any]:
    """What the site plugin says of its door; empty when it does not answer."""
    door = Door(centre.orthanc_url, login=centre.orthanc_login(), what="the site Orthanc")
    return told_by(door, "/kasari/admission")


def told_by(door: Door, path: str) -> dict[str, Any]:
    """Return what a service says of itself, soon; empty when it does not answer.

    One that is not well says so with 503, and what is the matter.
    """
    try:
        told = door.soon(ASK_LIMIT_S).json("GET", path, also=(503,))
    except KasariError:
        return {}
    return told if isinstance(told, dict) else {}

"""Bringing a consent list to a centre, and waiting until its door knows of it."""

import time
from typing import Any, Final

import httpx

from kasari.errors import InputError, StackError
from kasari.stack.running import Centre

KNOWN_LIMIT_S: Final = 90.0
"""A site asks every few seconds; with a very long list, every minute."""
POLL_S: Final = 0.1


def import_consents(centre: Centre, content: bytes, *, preview: bool = False) -> dict[str, Any]:
    """Import at the gateway; returns its report. `problems` in it means nothing was imported.

    Raises
    ------
    StackError, InputError
        The gateway cannot be reached, or does not take the list at all.
    """
    try:
        answer = httpx.post(
            f"{centre.gateway_url}/api/v1/consents",
            params={"preview": preview},
            content=content,
            headers={"Authorization": f"Bearer {centre.operator_token()}"},
            timeout=120,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        raise StackError(
            f"the gateway of {centre.name} does not answer ({type(error).__name__}); is it up?"
        ) from error
    report: dict[str, Any] = answer.json() if "json" in answer.headers["content-type"] else {}
    if "problems" not in report:
        raise InputError(str(report.get("text") or f"the gateway answered {answer.status_code}"))
    if report["committed"]:
        wait_until_known(centre)
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
    try:
        answer = httpx.get(
            f"{centre.gateway_url}/api/v1/status",
            headers={"Authorization": f"Bearer {centre.operator_token()}"},
            timeout=10,
            trust_env=False,
        )
    except httpx.HTTPError:
        return None
    found: str | None = answer.json().get("consent_snapshot") if answer.is_success else None
    return found


def admission(centre: Centre) -> dict[str, Any]:
    """What the site plugin says of its door; empty when it does not answer."""
    address = f"{centre.orthanc_url}/kasari/admission"
    try:
        answer = httpx.get(address, auth=centre.orthanc_login(), timeout=10, trust_env=False)
    except httpx.HTTPError:
        return {}
    found: dict[str, Any] = answer.json() if answer.status_code == httpx.codes.OK else {}
    return found

"""Who may call: one secret token for operators, one for the site plugin. Default deny."""

import hmac
from typing import Annotated

from fastapi import Depends, HTTPException, Request

SESSION_COOKIE = "kasari_gateway"


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _same(given: str, wanted: str) -> bool:
    return bool(given) and hmac.compare_digest(given.encode(), wanted.encode())


def is_operator(request: Request) -> bool:
    """Tell whether the request carries the operator token, as a header or as the page's cookie.

    A cookie alone may only read, or write from our own pages (see `gateway.web.pages`): the
    cookie is `SameSite=Strict`, so no other site can send it.
    """
    wanted: str = request.app.state.operator_token
    return _same(_bearer(request), wanted) or _same(request.cookies.get(SESSION_COOKIE, ""), wanted)


def require_operator(request: Request) -> str:
    """Let an operator through; answers 401 to anybody else. Returns the caller's role."""
    if not is_operator(request):
        raise HTTPException(401, "an operator token is needed", {"WWW-Authenticate": "Bearer"})
    return "operator"


def require_plugin(request: Request) -> str:
    """Let the site plugin through; answers 401 to anybody else."""
    if not _same(_bearer(request), request.app.state.plugin_token):
        raise HTTPException(401, "the plugin token is needed", {"WWW-Authenticate": "Bearer"})
    return "plugin"


Operator = Annotated[str, Depends(require_operator)]
Plugin = Annotated[str, Depends(require_plugin)]

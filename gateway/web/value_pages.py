"""The page on every distinct text of what leaves."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from gateway.api.access import STEWARDS
from gateway.web.frame import caller, opened, page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/values")
def show_values(request: Request, path: str | None = None, at_most: int = 2) -> Response:
    state = opened(request, *STEWARDS)
    told = state.values.view(path or None, at_most, caller(request))
    return page(request, "values.html", told=told, chosen=path, at_most=at_most)

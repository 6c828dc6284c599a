"""HTTP for the texts of what leaves."""

from typing import Any

from fastapi import APIRouter, Request

from gateway.api.access import Steward
from gateway.services.values import ValueService

router = APIRouter(prefix="/api/v1/values", tags=["values"])


@router.get("")
def read_values(
    request: Request, caller: Steward, path: str | None = None, at_most: int = 2
) -> dict[str, Any]:
    """Every distinct text by attribute path that stands in at most so many patients' objects."""
    service: ValueService = request.app.state.values
    return service.view(path, at_most, caller)

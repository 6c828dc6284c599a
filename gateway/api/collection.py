"""HTTP for prospective collection."""

from typing import Any

from fastapi import APIRouter, Request

from gateway.api.access import Operator
from gateway.errors import RejectError
from gateway.services.collection import CollectionService

router = APIRouter(prefix="/api/v1/collection", tags=["collection"])


@router.post("/run")
def run_collection(request: Request, _role: Operator) -> dict[str, Any]:
    """Ask the PACS now, within the limits, and tell what was done."""
    service: CollectionService | None = request.app.state.collection
    if service is None:
        raise RejectError("no-collection", "no PACS is set: see `collection` in gateway.yml")
    return service.step()

"""HTTP for prospective collection."""

from typing import Any

from fastapi import APIRouter, Request

from gateway.api.access import Operator
from gateway.errors import RejectError
from gateway.services.collection import CollectionService

router = APIRouter(prefix="/api/v1/collection", tags=["collection"])


def collection_of(request: Request) -> CollectionService:
    """Raises `RejectError` where no PACS is asked."""
    service: CollectionService | None = request.app.state.collection
    if service is None:
        raise RejectError("no-collection", "no PACS is set: see `collection` in gateway.yml")
    return service


@router.post("/run", status_code=202)
def run_collection(request: Request, caller: Operator) -> dict[str, Any]:
    """Ask the PACS from now on, within limits. `GET` tells it is `running` until it has ended."""
    return collection_of(request).start(caller)


@router.get("")
def read_collection(request: Request, _role: Operator) -> dict[str, Any] | None:
    """What the last run has done until now, or did; nothing since a start without one."""
    return collection_of(request).as_json()

"""Every table of the gateway. Importing this package makes `GatewayTable.metadata` complete."""

from gateway.adapters.tables import audit, clinical, courses, index, terms, vault
from gateway.adapters.tables.base import GatewayTable

__all__ = ["GatewayTable", "audit", "clinical", "courses", "index", "terms", "vault"]

"""Every table of the gateway. Importing this package makes `GatewayTable.metadata` complete."""

from gateway.adapters.tables import audit, courses, index, vault
from gateway.adapters.tables.base import GatewayTable

__all__ = ["GatewayTable", "audit", "courses", "index", "vault"]

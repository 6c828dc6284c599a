"""Every table of the gateway. Importing this package makes `GatewayTable.metadata` complete."""

from gateway.adapters.tables import (
    accounts,
    audit,
    clinical,
    collection,
    courses,
    erasure,
    index,
    recruitment,
    senders,
    terms,
    texts,
    vault,
)
from gateway.adapters.tables.base import GatewayTable

__all__ = [
    "GatewayTable",
    "accounts",
    "audit",
    "clinical",
    "collection",
    "courses",
    "erasure",
    "index",
    "recruitment",
    "senders",
    "terms",
    "texts",
    "vault",
]

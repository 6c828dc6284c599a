"""The base of every table of the gateway's own database."""

from sqlalchemy.orm import registry
from sqlmodel import SQLModel


class GatewayTable(SQLModel, registry=registry()):
    """Base of this service's tables: own metadata."""

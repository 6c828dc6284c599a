"""The base of every table of the harmonizer's own database."""

from sqlalchemy.orm import registry
from sqlmodel import SQLModel


class HarmonizerTable(SQLModel, registry=registry()):
    """Base of this service's tables: own metadata."""

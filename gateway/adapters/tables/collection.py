"""What prospective collection has asked for. UIDs are the site's."""

from datetime import datetime

from sqlmodel import Field

from gateway.adapters.tables.base import GatewayTable
from gateway.adapters.tables.types import UtcDateTime


class AskedPatientRow(GatewayTable, table=True):
    """When the PACS was asked about a patient last."""

    __tablename__ = "collection_patient"

    pseudonym: str = Field(primary_key=True)
    asked_at: datetime = Field(sa_type=UtcDateTime)


class FetchedSeriesRow(GatewayTable, table=True):
    """A series that the PACS was told to send."""

    __tablename__ = "collection_series"

    series_key: str = Field(primary_key=True)
    """Keyed hash of the series' original UID."""
    attempts: int
    instances: int
    """Of the last attempt."""
    fetched_at: datetime = Field(sa_type=UtcDateTime, index=True)

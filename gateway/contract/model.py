"""What every message between the two sides is."""

from pydantic import BaseModel, ConfigDict


class WireModel(BaseModel):
    """Frozen; an unknown field is an error, so that both sides notice a drift."""

    model_config = ConfigDict(frozen=True, extra="forbid")

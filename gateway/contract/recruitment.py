"""Who was asked to take part, as counts that name nobody."""

from typing import Final, Literal

from pydantic import Field

from gateway.contract.model import WireModel

LEAST_TOLD: Final = 5
"""A group with fewer people who did not consent than this, but some, is joined to another."""

Margin = Literal["all", "month", "diagnosis", "age_band", "sex"]


class RecruitmentGroup(WireModel):
    """One group of one margin. A number is None where it would tell of too few people."""

    by: Margin = Field(description="What the groups of this margin are told apart by")
    group: str = Field(
        pattern=r"^[A-Za-z0-9+ -]{1,60}$", description="Name of the group; several joined by +"
    )
    eligible: int | None = Field(ge=0, description="Patients whom the study is for")
    asked: int | None = Field(ge=0, description="Of these, asked to take part")
    consented: int = Field(ge=0, description="Of these, consented, later withdrawals included")
    declined: int | None = Field(ge=0, description="Of those asked, declined")
    withdrawn: int = Field(ge=0, description="Of those who consented, withdrew later")


class RecruitmentCounts(WireModel):
    """All that a centre tells of its recruitment; it takes the place of what it told before."""

    centre: str
    groups: tuple[RecruitmentGroup, ...]

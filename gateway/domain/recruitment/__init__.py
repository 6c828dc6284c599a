"""Who was asked to take part, counted so that nobody is named: log, ledger, groups."""

from gateway.domain.recruitment.counting import Screened, age_band, groups
from gateway.domain.recruitment.events import STEPS, Enrolled, of_ledger, together
from gateway.domain.recruitment.log import read_log

__all__ = [
    "STEPS",
    "Enrolled",
    "Screened",
    "age_band",
    "groups",
    "of_ledger",
    "read_log",
    "together",
]

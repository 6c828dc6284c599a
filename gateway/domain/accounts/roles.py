"""Roles of a local account."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from gateway.errors import RejectError

_NAME: Final = re.compile(r"[a-z][a-z0-9._-]{1,31}")


class AccountRole(StrEnum):
    """What an account may do."""

    OPERATOR = "operator"
    """Runs the gateway: courses, consent lists, sending. Sees no identity."""
    STEWARD = "steward"
    """Whatever the operator may, and identity: "Why not?" and what a redacted term said."""
    AUDITOR = "auditor"
    """Reads the audit, the account of instances and the list of accounts; changes nothing."""


def role_of(caller: str) -> str:
    """Return the role of a caller as the audit keeps one: `steward` of `steward:maija`."""
    return caller.partition(":")[0]


def check_name(name: str) -> str:
    """Return the name of an account.

    Raises
    ------
    RejectError
        `account-name`: it may not be one.
    """
    if not _NAME.fullmatch(name):
        raise RejectError(
            "account-name",
            "an account's name is 2 to 32 small letters, digits, '.', '_' or '-', letter first",
        )
    return name


@dataclass(frozen=True)
class Account:
    """A person who may use the console."""

    name: str
    role: AccountRole
    password: str = field(repr=False)
    """Hashed; see `passwords`."""
    created_at: datetime
    changed_at: datetime
    """Sessions that were opened before end."""

"""Local accounts: who may do what, how passwords are kept, how often one may guess."""

from gateway.domain.accounts.attempts import MOST_BY_ADDRESS, Attempts, Seldom
from gateway.domain.accounts.passwords import check_password, hash_password, is_password
from gateway.domain.accounts.roles import Account, AccountRole, check_name, role_of

__all__ = [
    "MOST_BY_ADDRESS",
    "Account",
    "AccountRole",
    "Attempts",
    "Seldom",
    "check_name",
    "check_password",
    "hash_password",
    "is_password",
    "role_of",
]

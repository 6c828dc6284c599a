"""Local accounts: added on the gateway's own machine, used on the console and over HTTP."""

from functools import cache
from math import ceil
from threading import Lock
from typing import Final, Protocol

from gateway.domain.accounts import (
    MOST_BY_ADDRESS,
    Account,
    AccountRole,
    Attempts,
    Seldom,
    check_name,
    check_password,
    hash_password,
    is_password,
)
from gateway.errors import RejectError
from gateway.ports import Audit, Clock

LOCAL: Final = "local"
"""Who acts on accounts: whoever may read the gateway's key and settings."""


@cache
def _nobody() -> str:
    return hash_password("the password of nobody")


class Accounts(Protocol):
    """Where accounts are kept."""

    def get(self, name: str) -> Account | None: ...

    def find(self) -> list[Account]: ...

    def put(self, name: str, role: AccountRole, password: str) -> None:
        """Add an account, or change one. `password` is hashed already."""
        ...

    def remove(self, name: str) -> None: ...


class AccountService:
    """Adds, removes and checks accounts."""

    def __init__(self, accounts: Accounts, clock: Clock, audit: Audit) -> None:
        self._accounts = accounts
        self._clock = clock
        self._audit = audit
        self._by_name = Attempts()
        """By name and address: whoever guesses locks out himself and not the name's owner."""
        self._by_address = Attempts(MOST_BY_ADDRESS)
        self._tokens = Attempts(MOST_BY_ADDRESS)
        """Apart: a program with an old token must not keep people at its machine out."""
        self._recorded = Seldom()
        self._one_at_a_time = Lock()  # a guess costs 32 MiB: a storm of them must not add up

    def find(self) -> list[Account]:
        return self._accounts.find()

    def get(self, name: str) -> Account | None:
        return self._accounts.get(name)

    def add(self, name: str, role: AccountRole, password: str) -> None:
        """Raises RejectError if the name is taken, or name or password will not do."""
        if self._accounts.get(check_name(name)) is not None:
            raise RejectError("account-exists", f"there is an account {name} already; reset it")
        check_password(name, password)
        self._audit.record("account-add", LOCAL, name, role.value)
        self._accounts.put(name, role, hash_password(password))

    def reset(self, name: str, password: str) -> None:
        """Give an account another password; its open sessions end."""
        account = self._known(name)
        check_password(name, password)
        self._audit.record("account-reset", LOCAL, name)
        self._accounts.put(name, account.role, hash_password(password))

    def remove(self, name: str) -> None:
        """Remove an account; its open sessions end."""
        self._known(name)
        self._audit.record("account-remove", LOCAL, name)
        self._accounts.remove(name)

    def log_in(self, name: str, password: str, address: str) -> Account | None:
        """Return the account if the password is right.

        Raises
        ------
        RejectError
            `too-many-attempts`: from this address it was guessed wrongly too often of late.
        """
        with self._one_at_a_time:
            now, guess = self._clock.now(), f"{address} {name}"
            wait = self._by_name.wait_s(guess, now) or self._by_address.wait_s(address, now)
            if wait > 0:
                raise _too_many(wait)
            account = self._accounts.get(name)
            # A name that is not there takes as long as one that is.
            right = is_password(password, account.password if account else _nobody())
            if account is not None and right:
                self._by_name.succeeded(guess)
                return account
            self._by_name.failed(guess, now)
            self._by_address.failed(address, now)
        # What was typed as a name may be a password: it is not kept.
        self._audit.record("login-refused", "nobody", "-", f"password, from {address}")
        return None

    def token_refused(self, address: str) -> None:
        """Note a wrong token. A right one passes all the same: nobody can lock it out.

        Raises
        ------
        RejectError
            `too-many-attempts`: from this address came too many of late.
        """
        now = self._clock.now()
        wait = self._tokens.wait_s(address, now)
        if self._recorded.may(f"token {address}", now):
            self._audit.record("login-refused", "nobody", "-", f"token, from {address}")
        if wait > 0:
            raise _too_many(wait)
        self._tokens.failed(address, now)

    def not_allowed(self, caller: str, path: str, address: str) -> None:
        """Record that somebody known asked for what is not for the role, once a minute."""
        if self._recorded.may(f"role {caller} {address}", self._clock.now()):
            self._audit.record("not-allowed", caller, path, f"from {address}")

    def _known(self, name: str) -> Account:
        account = self._accounts.get(name)
        if account is None:
            raise RejectError("unknown-account", "there is no such account")
        return account


def _too_many(wait_s: float) -> RejectError:
    text = f"too many wrong attempts; try again in {ceil(wait_s / 60)} min"
    return RejectError("too-many-attempts", text)

"""What can go wrong on the national side, named after what happens next.

HarmonizerError
├── RefusedError    the caller is told why (HTTP status and code); nothing is stored
├── NotFoundError   no such thing, or none that the caller may see: the answer is the same
├── RetryError      tried again later by itself
├── DataError       the data do not mean what was asked of them; becomes a finding
├── PrintError      this machine prints no page: the page itself is there
└── ConfigError     the service does not start until the operator mends it
"""


class HarmonizerError(Exception):
    """Base of every error that this side raises on purpose."""


class RefusedError(HarmonizerError):
    """Refuse a request. `code` is stable and machine-readable."""

    def __init__(self, code: str, text: str, http_status: int = 422) -> None:
        super().__init__(text)
        self.code = code
        self.http_status = http_status


class NotFoundError(HarmonizerError):
    """No such thing for this caller."""


class RetryError(HarmonizerError):
    """Try again later."""


class DataError(HarmonizerError):
    """The data cannot carry the result. `code` becomes the finding's code."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class PrintError(HarmonizerError):
    """A page could not be printed here."""


class ConfigError(HarmonizerError):
    """A setting is missing or unsafe. The text names the key and how to mend it."""

"""What can go wrong on the hospital side, named after what happens next.

    GatewayError
    ├── RejectError   the sender is told why and keeps the object; nothing is stored
    ├── HoldError     kept locally, pseudonymized, until a person or a missing object comes
    ├── RetryError    tried again later by itself; nothing is lost
    │   └── TrustError    the archive does not prove who it is: told at once, nothing has left
    ├── StopError     the archive does not let us in: nothing is sent until a person mends it
    ├── TamperedError a record was changed or removed behind our back: a person must look
    └── ConfigError   the service does not start until the operator mends it

No message may quote an identifier, a file name that a sender chose, or a transport's own text.
"""

from gateway.contract.dimse import DimseStatus


class GatewayError(Exception):
    """Base of every error that this side raises on purpose."""


class RejectError(GatewayError):
    """Refuse one object. `code` is stable and machine-readable; `dimse_status` goes to a TPS."""

    def __init__(
        self, code: str, text: str, dimse_status: DimseStatus = DimseStatus.CANNOT_UNDERSTAND
    ) -> None:
        super().__init__(text)
        self.code = code
        self.dimse_status = dimse_status


class HoldError(GatewayError):
    """Keep and wait. `code` names the rule."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class RetryError(GatewayError):
    """Try again later."""


class TrustError(RetryError):
    """Who answers is not proven to be the archive. Tried again: it may be mended over there."""


class StopError(GatewayError):
    """Sending stops. Trying again by itself would only be a storm of refused requests."""


class TamperedError(GatewayError):
    """The audit is not what was written. The text says where."""


class ConfigError(GatewayError):
    """A setting is missing or unsafe. The text names the key and how to mend it."""

"""Confirming that what is not in the site store any more was deleted there on purpose."""

from gateway.domain.erasure import ErasureCause
from gateway.domain.submission import check_comment
from gateway.ports import Alerts, Audit, Index
from gateway.services.intake import GONE


class DeletionService:
    """A person's word turns what is gone into what was deleted on request."""

    def __init__(self, index: Index, alerts: Alerts, audit: Audit) -> None:
        self._index = index
        self._alerts = alerts
        self._audit = audit

    def confirm(self, comment: str, caller: str) -> int:
        """Count what is gone as deleted from now on. Returns how many instances.

        Raises
        ------
        RejectError
            `comment` when none was given, or it seems to identify somebody.
        """
        comment = check_comment(comment)
        gone = self._index.gone()
        self._audit.record("deletion-confirm", caller, "-", f"{len(gone)}: {comment}")
        self._index.forget(gone, ErasureCause.BY_HAND)
        self._alerts.clear(GONE)
        return len(gone)

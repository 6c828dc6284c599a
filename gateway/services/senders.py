"""Who may send: the centre's list, what has called beside it, and who is in quarantine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.domain.dicomnet import Refused, Request
from gateway.domain.submission import check_comment
from gateway.errors import RejectError
from gateway.ports import Alerts, Audit, Call, Callers, Clock, Quarantine

UNKNOWN: Final = "unknown-sender"
COMMITMENT: Final = "1.2.840.10008.1.20.1"
VERIFICATION: Final = "1.2.840.10008.1.1"
PROOF_MAX_AGE_S: Final = 15.0
"""How old the last refusal of the canary may be when an association begins."""
Address = tuple[str, int]


@dataclass(frozen=True)
class KnownSender:
    """One line of the centre's list."""

    aet: str
    host: str
    port: int | None = None
    """Its own port, where it hears the answers to storage commitment."""


class SenderService:
    """Judges each association, and shows who has called."""

    def __init__(
        self,
        known: Sequence[KnownSender],
        ae_title: str,
        routes: tuple[Address, Callable[[], Address]],
        callers: Callers,
        proven: Callable[[float], bool],
        addresses: Callable[[str], frozenset[str]],
        hang_up: Callable[[str], None],
        alerts: Alerts,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._known = tuple(known)
        self._ae_title = ae_title
        self._orthanc, self._commitment = routes
        self._callers = callers
        self._proven = proven
        self._addresses = addresses
        self._hang_up = hang_up
        self._alerts = alerts
        self._audit = audit
        self._clock = clock

    def judge(self, request: Request, host: str) -> Address | Refused:
        """Say where an association goes, or why it is refused."""
        verdict = self._judge(request, host)
        accepted = not isinstance(verdict, Refused)
        self._callers.note(_plain(request.calling), host, self._clock.now(), accepted=accepted)
        return verdict

    def _judge(self, request: Request, host: str) -> Address | Refused:
        if request.called != self._ae_title:
            return Refused.CALLED_AE_UNKNOWN
        if not self._is_known(request.calling, host):
            self._alerts.raise_alert(
                UNKNOWN,
                f"{_plain(request.calling)} at {host} has called and is not in the list of "
                "senders; it was refused. Add it if it is one of yours (see the page Senders)",
            )
            return Refused.CALLING_AE_UNKNOWN
        if request.calling in self._callers.quarantined():
            return Refused.CALLING_AE_UNKNOWN
        if request.abstract_syntaxes - {VERIFICATION} == {COMMITMENT}:
            return self._commitment()
        if not self._proven(PROOF_MAX_AGE_S):
            return Refused.TRY_LATER
        return self._orthanc

    def _is_known(self, aet: str, host: str) -> bool:
        return any(self._is(one, aet, host) for one in self._known)

    def _is(self, one: KnownSender, aet: str, host: str) -> bool:
        return one.aet == aet and (one.host == host or host in self._addresses(one.host))

    def of(self, aet: str) -> KnownSender | None:
        return next((one for one in self._known if one.aet == aet), None)

    def find(self) -> list[dict[str, Any]]:
        """Return known senders, then unknown callers; each with what it has tried."""
        quarantined = self._callers.quarantined()
        calls, found = self._callers.calls(), []
        for one in self._known:
            theirs = [call for call in calls if self._is(one, call.aet, call.host)]
            state = "quarantined" if one.aet in quarantined else "known"
            comment = quarantined[one.aet].comment if one.aet in quarantined else ""
            found.append(_told(one.aet, one.host, state, theirs) | {"comment": comment})
        for call in calls:
            if not self._is_known(call.aet, call.host):
                found.append(_told(call.aet, call.host, "unknown", [call]) | {"comment": ""})
        return found

    def quarantine(self, aet: str, comment: str, caller: str) -> None:
        """End a sender's associations and refuse new ones until it is let in again.

        Raises
        ------
        RejectError
            `unknown-sender`, or `comment` when none was given or it seems to identify somebody.
        """
        self._check(aet)
        comment = check_comment(comment)
        self._audit.record("sender-quarantine", caller, aet, comment)
        self._callers.quarantine(aet, Quarantine(self._clock.now(), comment))
        self._hang_up(aet)

    def lift(self, aet: str, caller: str) -> None:
        """Let a sender in again."""
        self._check(aet)
        self._audit.record("sender-lift", caller, aet)
        self._callers.lift(aet)

    def seen(self, caller: str) -> None:
        """Take the alert down: somebody has looked at who called."""
        self._audit.record("senders-seen", caller, "-")
        self._alerts.clear(UNKNOWN)

    def _check(self, aet: str) -> None:
        if self.of(aet) is None:
            raise RejectError("unknown-sender", "there is no such sender in the centre's list")


def _told(aet: str, host: str, state: str, calls: list[Call]) -> dict[str, Any]:
    return {
        "aet": aet,
        "host": host,
        "state": state,
        "first_at": min(call.first_at for call in calls).isoformat() if calls else None,
        "last_at": max(call.last_at for call in calls).isoformat() if calls else None,
        "accepted": sum(call.accepted for call in calls),
        "refused": sum(call.refused for call in calls),
    }


def _plain(aet: str) -> str:
    """Return an AET as it may be shown: what a stranger calls itself is not trusted."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "_-. ") else "?" for c in aet[:16])

"""The thread beside the door: fetches who may be stored, and tells the gateway what was done.

Never imports `orthanc`. No error ends it, and no text of an error is logged, only its kind.
"""

import math
import secrets
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Final, Protocol

from gateway.contract.site import ConsentSnapshot, PatientRefusals, PluginReport, RefusalCount
from gateway.domain.refusals import meaning_of
from gateway.errors import ConfigError
from gateway.secret_files import read_secret
from plugins.site_admission import DIFFERENT, Admission, Refusal

SNAPSHOT_EVERY_S: Final = 2.0
FIRST_SNAPSHOT_EVERY_S: Final = 0.25
"""While there is none yet, e.g. because the gateway service still starts."""
LARGEST_SHARE: Final = 0.05
"""Of the time that fetching may take: a long list costs both sides, so it is fetched less often."""
SLOWEST_EVERY_S: Final = 60.0
HEARTBEAT_EVERY_S: Final = 10.0
SETTLE_S: Final = 0.15
"""A poke waits this long for the next object, so that a burst is one report."""
TIMEOUT_S: Final = 10.0
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
MEETING_TIMEOUT_S: Final = 2.0
"""Before the door opens: a gateway that hangs must not keep Orthanc from its start."""
MOST_COMING: Final = 10_000
MOST_PATIENTS: Final = 500
"""Patients, by reason, of whom refusals are kept until the gateway hears of them."""
NOT_MODIFIED: Final = 304


class Totals:
    """Running totals since Orthanc started. Thread-safe."""

    def __init__(self) -> None:
        self.boot_id = secrets.token_hex(8)
        self._lock = Lock()
        self._received = 0
        self._again = 0
        self._coming: dict[str, bool] = {}
        self._ended = False
        self._of_patients: Counter[tuple[str, str]] = Counter()
        self._refused: Counter[tuple[str, int, str | None]] = Counter()

    def coming(self, orthanc_id: str, *, again: bool) -> None:
        """Remember, until it is stored, whether the same instance is here already."""
        with self._lock:
            self._coming[orthanc_id] = again
            if len(self._coming) > MOST_COMING:  # some were never stored
                self._coming.pop(next(iter(self._coming)))

    def stored(self, orthanc_id: str) -> None:
        with self._lock:
            self._received += 1
            self._again += self._coming.pop(orthanc_id, False)

    def end(self) -> None:
        with self._lock:
            self._ended = True

    def refused(self, refusal: Refusal, sender: str | None) -> None:
        with self._lock:
            self._refused[refusal.reason, refusal.dimse_status, sender] += 1

    def refused_of(self, refusal: Refusal) -> None:
        """Count a refusal of somebody who has consented, until the gateway has been told."""
        key = (refusal.pseudonym, refusal.reason)
        with self._lock:
            if refusal.pseudonym and (
                key in self._of_patients or len(self._of_patients) < MOST_PATIENTS
            ):
                self._of_patients[key] += 1

    def told(self, report: PluginReport) -> None:
        """Forget what the gateway has heard."""
        with self._lock:
            for one in report.refused_of:
                self._of_patients[one.pseudonym, one.reason] -= one.count
            self._of_patients = +self._of_patients

    def report(self) -> PluginReport:
        with self._lock:
            return PluginReport(
                received=self._received,
                again=self._again,
                ended=self._ended,
                boot_id=self.boot_id,
                refused_of=tuple(
                    PatientRefusals(pseudonym=pseudonym, reason=reason, count=count)
                    for (pseudonym, reason), count in self._of_patients.items()
                ),
                refused=tuple(
                    RefusalCount(reason=reason, dimse_status=status, sender=sender, count=count)
                    for (reason, status, sender), count in sorted(
                        self._refused.items(), key=lambda entry: str(entry[0])
                    )
                ),
            )


class Link(Protocol):
    """The gateway service, as the plugin sees it."""

    def fetch(self, timeout_s: float = TIMEOUT_S) -> ConsentSnapshot: ...

    def tell(self, report: PluginReport) -> None: ...


@dataclass
class HttpLink:
    """The gateway over HTTP on loopback or the hospital's network; follows no proxy."""

    url: str
    token: str = field(repr=False)
    trust: ssl.SSLContext = field(repr=False)
    _known: ConsentSnapshot | None = field(default=None, repr=False)
    """The last snapshot: a long list travels only when it has changed."""

    def fetch(self, timeout_s: float = TIMEOUT_S) -> ConsentSnapshot:
        tag = {"If-None-Match": f'"{self._known.tag}"'} if self._known else {}
        try:
            content = self._ask("/internal/consent-snapshot", None, tag, timeout_s)
        except urllib.error.HTTPError as error:
            if error.code != NOT_MODIFIED or self._known is None:
                raise
            return self._known
        self._known = ConsentSnapshot.model_validate_json(content)
        return self._known

    def tell(self, report: PluginReport) -> None:
        self._ask("/internal/plugin-report", report.model_dump_json().encode(), {}, TIMEOUT_S)

    def _ask(self, path: str, body: bytes | None, more: dict[str, str], timeout_s: float) -> bytes:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, body, headers | more)  # noqa: S310 - see `open_link`
        direct = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.trust)
        )
        with direct.open(request, timeout=timeout_s) as answer:
            content: bytes = answer.read()
            return content


def open_link(
    url: str, token_file: Path, ca_file: Path | None = None, *, allow_plain_http: bool = False
) -> HttpLink:
    """Build the link.

    Parameters
    ----------
    ca_file
        PEM: the gateway's own certificate, or who signs it; without it the system's authorities.

    Raises
    ------
    ConfigError
        When the address is not one of HTTP, a file cannot be read, or others may read the token.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        raise ConfigError("gateway_url must begin with http:// or https://")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK and not allow_plain_http:
        text = "gateway_url must be https (or set allow_plain_http on a private network)"
        raise ConfigError(text)
    try:
        trust = ssl.create_default_context(cafile=ca_file)
        trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    except OSError as error:
        raise ConfigError("gateway_ca_file cannot be read") from error
    return HttpLink(url.rstrip("/"), read_secret(token_file, "gateway_token_file"), trust)


class Watch:
    """Renews the admission and reports the totals until stopped."""

    def __init__(
        self,
        admission: Admission,
        totals: Totals,
        link: Link,
        log: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._admission = admission
        self._totals = totals
        self._link = link
        self._log = log
        self._now = now
        self._done: dict[str, float] = {}
        self._poked = Event()
        self._stopping = Event()
        self._trouble = ""
        self._took_s = 0.0
        self._thread = Thread(target=self._run, name="kasari-watch", daemon=True)

    def meet(self) -> None:
        """Ask once before the door opens: a plugin that differs from the gateway must not start.

        A gateway that does not answer yet stops nothing: without it nothing is taken in anyway.

        Raises
        ------
        ConfigError
            When the gateway follows another policy or has other keys. The gateway has been told.
        """
        self._attempt(lambda: self._fetch(MEETING_TIMEOUT_S))
        closed = self._admission.in_force()
        if isinstance(closed, Refusal) and closed.reason in DIFFERENT:
            self._attempt(self._tell)
            raise ConfigError(meaning_of(closed.reason))

    def start(self) -> None:
        self._thread.start()

    def poke(self) -> None:
        """Something was stored or refused: tell the gateway soon."""
        self._poked.set()

    def stop(self) -> None:
        """End the thread and say the last word, once nothing more can be stored."""
        self._stopping.set()
        self._poked.set()
        self._thread.join(2 * TIMEOUT_S)
        self._totals.end()
        self._attempt(self._tell)

    def step(self) -> None:
        """Do what is due; what fails is tried again when it is due the next time."""
        poked = self._poked.is_set()
        self._poked.clear()
        if self._is_due("fetch", self._pause_s()):
            self._attempt(self._fetch)
        if self._is_due("tell", 0.0 if poked else HEARTBEAT_EVERY_S):
            self._attempt(self._tell)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.step()
            if self._poked.wait(min(self._pause_s(), HEARTBEAT_EVERY_S)):
                self._stopping.wait(SETTLE_S)

    def _fetch(self, timeout_s: float = TIMEOUT_S) -> None:
        began = self._now()
        self._admission.renew(self._link.fetch(timeout_s))
        self._took_s = self._now() - began

    def _tell(self) -> None:
        report = self._totals.report().model_copy(update=self._admission.follows)
        self._link.tell(report)
        self._totals.told(report)

    def _pause_s(self) -> float:
        if self._admission.snapshot is None:
            return FIRST_SNAPSHOT_EVERY_S
        return min(max(SNAPSHOT_EVERY_S, self._took_s / LARGEST_SHARE), SLOWEST_EVERY_S)

    def _is_due(self, act: str, every_s: float) -> bool:
        now = self._now()
        due = now - self._done.get(act, -math.inf) >= every_s
        if due:
            self._done[act] = now
        return due

    def _attempt(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - without this thread the door closes for good
            self._changed(f"the gateway service: {type(error).__name__}")
        else:
            self._changed("")

    def _changed(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            self._log(f"KaSARi: {trouble}; trying again")
        self._trouble = trouble

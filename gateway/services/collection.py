"""Prospective collection: fetching from the PACS or OIS what is missing of consented patients."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock, Thread
from typing import Any

from gateway.domain.collection import Fetch, Here, OfferedSeries, modalities_of_interest, to_fetch
from gateway.errors import RejectError, RetryError
from gateway.ports import Alerts, Audit, Clock, Collected, Index, Pacs, StoredInstance, Vault

FAILING = "collection-failing"
INCOMPLETE = "collection-incomplete"


@dataclass(frozen=True)
class CollectionLimits:
    instances_per_hour: int
    patients_per_run: int
    again: timedelta
    """How long a patient of whom nothing was missing is not asked about again."""
    quiet_days: int


@dataclass
class Run:
    """What one run has done."""

    at: str
    running: bool = True
    patients: int = 0
    series: int = 0
    instances: int = 0
    failed: int = 0
    """Instances that the PACS could not send, or that were refused at the door."""
    waiting: int = 0
    """Series that failed or were refused before, and are not tried yet again."""
    problems: Counter[str] = field(default_factory=Counter)
    """What the PACS did not carry out, and why; how often."""
    ended: str = "under way"

    @property
    def troubles(self) -> int:
        """How much of what was wanted did not come; only to be compared with itself."""
        return self.failed + self.waiting + self.problems.total()

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "problems": dict(self.problems)}


class CollectionService:
    """`step` is called by the schedule, `start` by a person. Never is there more than one run.

    Two beside each other would both see what the limit of the hour leaves, and pass it.
    """

    def __init__(
        self,
        pacs: Pacs,
        collected: Collected,
        vault: Vault,
        admitted: Callable[[], Collection[str]],
        is_admitted: Callable[[str], bool],
        index: Index,
        site_uid: Callable[[str], str],
        limits: CollectionLimits,
        is_open: Callable[[], bool],
        alerts: Alerts,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._pacs = pacs
        self._collected = collected
        self._vault = vault
        self._admitted = admitted
        self._is_admitted = is_admitted
        self._index = index
        self._site_uid = site_uid
        self._limits = limits
        self._is_open = is_open
        self._alerts = alerts
        self._audit = audit
        self._clock = clock
        self.last: Run | None = None
        self._one_at_a_time = Lock()

    def step(self) -> dict[str, Any]:
        """Ask about whoever is due, and fetch what is missing, within the limits.

        Raises
        ------
        RejectError
            `collection-runs`: a run is under way.
        """
        run = self._begin("service")
        self._carry_out(run)
        return run.as_json()

    def start(self, caller: str) -> dict[str, Any]:
        """Begin what `step` does, in a thread of its own: it may take hours."""
        run = self._begin(caller)

        def carry_out() -> None:
            with suppress(Exception):  # the run and its alert tell of it
                self._carry_out(run)

        Thread(target=carry_out, name="collection", daemon=True).start()
        return run.as_json()

    def _begin(self, caller: str) -> Run:
        if not self._one_at_a_time.acquire(blocking=False):
            raise RejectError("collection-runs", "a run is under way already; wait for its end")
        try:
            self._audit.record("collection-run", caller, "-")
            run = self.last = Run(self._clock.now().isoformat())
        except BaseException:
            self._one_at_a_time.release()
            raise
        return run

    def _carry_out(self, run: Run) -> None:
        try:
            self._work(run)
        except Exception as error:
            run.ended = f"unexpected {type(error).__name__}"
            self._alerts.raise_alert(FAILING, f"{run.ended}; tried again at the next run")
            raise
        finally:
            run.running = False
            self._one_at_a_time.release()

    def _work(self, run: Run) -> None:
        if not self._is_open():
            run.ended = "intake is closed"
            return
        try:
            ended = self._ask_about_each(run)
        except RetryError as error:
            ended = str(error)
            self._alerts.raise_alert(FAILING, f"{error}; tried again at the next run")
        else:
            self._alerts.clear(FAILING)
            self._lacking.intersection_update(self._admitted())
            if run.patients and not self._lacking:
                self._alerts.clear(INCOMPLETE)
        self._tell(run)
        run.ended = ended

    def _ask_about_each(self, run: Run) -> str:
        """Return why the run ended."""
        for pseudonym in self._due():
            run.patients += 1
            before, is_through = run.troubles, False
            try:
                is_through = self._collect(pseudonym, run)
            finally:
                if run.troubles > before:
                    self._lacking.add(pseudonym)
                elif is_through:
                    self._lacking.discard(pseudonym)
            if not is_through:
                return "the limit of this hour is reached"
        return "nothing more is due"

    @cached_property
    def _lacking(self) -> set[str]:
        """Of whom something failed or waits: most of them are not asked about in the next run.

        After a start nobody knows of whom an open alert tells; it may be anybody.
        """
        is_open = any(alert["code"] == INCOMPLETE for alert in self._alerts.open())
        return set(self._admitted()) if is_open else set()

    def _tell(self, run: Run) -> None:
        if run.problems:
            found = "; ".join(f"{count} x {what}" for what, count in run.problems.most_common())
            self._alerts.raise_alert(
                INCOMPLETE,
                f"the PACS did not do all: {found}; each is tried again, ever more seldom",
            )

    def _due(self) -> list[str]:
        """Return of whom objects may be taken, those who were never asked about first."""
        asked, now = self._collected.asked(), self._clock.now()
        never = datetime.min.replace(tzinfo=now.tzinfo)
        due = [
            pseudonym
            for pseudonym in self._admitted()
            if asked.get(pseudonym, never) <= now - self._limits.again
        ]
        due.sort(key=lambda pseudonym: (asked.get(pseudonym, never), pseudonym))
        return due[: self._limits.patients_per_run]

    def _collect(self, pseudonym: str, run: Run) -> bool:
        """Fetch for one patient. False when the limit is reached and something is left.

        Consent is asked again before each question: a run takes hours.
        """
        person, here = self._vault.person(pseudonym), here_of(self._index.of_patient(pseudonym))
        came = run.instances
        for patient_id in person.patient_ids if person else ():
            if not self._is_admitted(pseudonym):
                return True
            wanted = self._wanted(patient_id, here, run)
            keys = {one.series.series_uid: self._site_uid(one.series.series_uid) for one in wanted}
            earlier = self._collected.earlier(set(keys.values()))
            for one in wanted:
                key = keys[one.series.series_uid]
                if key in earlier and not earlier[key].allows(self._clock.now()):
                    run.waiting += 1
                    continue
                if not self._is_within_the_limit(one.absent):
                    return False
                if not self._is_admitted(pseudonym):
                    return True
                self._fetch(pseudonym, key, one, run)
        if run.instances == came:  # else ask again at the next run: what came may refer to more
            self._collected.note_asked(pseudonym, self._clock.now())
        return True

    def _wanted(self, patient_id: str, here: Here, run: Run) -> list[Fetch]:
        offered: Sequence[OfferedSeries] = ()
        try:
            offered = self._pacs.find(patient_id, modalities_of_interest(here))
        except RejectError as error:
            run.problems[f"C-FIND, {error}"] += 1
        today = self._clock.now().date()
        return to_fetch(offered, here, self._site_uid, today, self._limits.quiet_days)

    def _fetch(self, pseudonym: str, key: str, one: Fetch, run: Run) -> None:
        """Have one series sent. One that cannot be is an attempt too, and stops no other."""
        detail = f"{one.series.modality}, {one.absent} instances"
        self._audit.record("collect", "service", pseudonym, detail)
        done = self._pacs.move(one.series)
        self._collected.note_fetched(key, done.completed + done.failed, self._clock.now())
        run.series += 1
        run.instances += done.completed
        run.failed += done.failed
        if done.problem:
            run.failed += 0 if done.failed else one.absent  # it did not say how many
            run.problems[f"C-MOVE of {one.series.modality}, {done.problem}"] += 1

    def _is_within_the_limit(self, instances: int) -> bool:
        """A series that is larger than the limit goes alone."""
        done = self._collected.fetched_since(self._clock.now() - timedelta(hours=1))
        return done == 0 or done + instances <= self._limits.instances_per_hour

    def as_json(self) -> dict[str, Any] | None:
        return self.last.as_json() if self.last else None


def here_of(stored: Iterable[StoredInstance]) -> Here:
    """Say what is here of one patient, and what that refers to."""
    instances = [one.instance for one in stored]
    uids = {one.sop_instance_uid for one in instances}
    return Here(uids, {uid for one in instances for uid in one.references} - uids)

"""Who was asked to take part: the screening log comes in, counts go out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from gateway.contract.recruitment import RecruitmentCounts
from gateway.domain.clinical import Problem
from gateway.domain.recruitment import (
    Enrolled,
    Screened,
    groups,
    of_ledger,
    read_log,
    together,
)
from gateway.ports import Audit, Clock
from gateway.services.clinical_ports import ClinicalArchive


class Screening(Protocol):
    """Keeps the counts of screening logs."""

    def replace(self, source: str, events: Sequence[Screened], at: datetime) -> None:
        """Keep these instead of what the same source said before."""
        ...

    def events(self) -> Sequence[Screened]: ...

    def version(self) -> str: ...


class Enrolments(Protocol):
    """The vault, as far as counting needs it."""

    def everybody(self) -> Sequence[Enrolled]: ...

    def last_statement(self) -> int: ...


@dataclass(frozen=True)
class LogReport:
    """What an import of a log did: with problems, nothing."""

    lines: int
    counted: dict[str, int]
    problems: tuple[Problem, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class RecruitmentService:
    def __init__(
        self,
        screening: Screening,
        ledger: Enrolments,
        archive: ClinicalArchive,
        clock: Clock,
        audit: Audit,
        centre: str,
    ) -> None:
        self._screening = screening
        self._ledger = ledger
        self._archive = archive
        self._clock = clock
        self._audit = audit
        self._centre = centre
        self._told = ""

    def import_log(self, data: bytes, source: str, caller: str) -> LogReport:
        """Take a whole screening log; it replaces what the same source told before."""
        log = read_log(data)
        counted: dict[str, int] = {}
        for event in log.events:
            counted[event.step] = counted.get(event.step, 0) + event.count
        if not log.problems:
            self._audit.record("screening-import", caller, "-", f"{log.lines} lines, {source}")
            self._screening.replace(source, log.events, self._clock.now())
        return LogReport(log.lines, counted, log.problems)

    def counts(self) -> RecruitmentCounts:
        """Count log and consent ledger as the archive is told of them."""
        events = together(self._screening.events(), of_ledger(self._ledger.everybody()))
        return RecruitmentCounts(centre=self._centre, groups=tuple(groups(events)))

    def tell(self) -> None:
        """Tell the archive, if anything changed since it was told.

        Raises
        ------
        RetryError
            When the archive cannot be reached.
        """
        version = f"{self._screening.version()}/{self._ledger.last_statement()}"
        if version != self._told:
            self._archive.tell_recruitment(self.counts())
            self._told = version

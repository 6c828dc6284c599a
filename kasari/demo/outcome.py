"""What came of the demo, and whether it is what should have come."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from gateway.contract.dimse import DimseStatus
from kasari.demo.researcher import QUESTION, Answer


@dataclass(frozen=True)
class CentreOutcome:
    """One centre's counts. `expected` courses are those of patients who consented."""

    name: str
    expected: int
    declined: int
    instances: int
    delivered: int
    harmonized: int
    failed: int
    rows: Mapping[str, int]
    refused: Mapping[int, int]
    """Objects by DIMSE status that C-STORE ended with in this run."""

    @property
    def no_consent(self) -> int:
        return self.refused.get(DimseStatus.NOT_AUTHORIZED, 0)


@dataclass(frozen=True)
class Outcome:
    """Everything that the demo can say."""

    centres: tuple[CentreOutcome, ...]
    archive: Mapping[str, Any]
    answer: Answer
    held_for: tuple[str, ...]
    public_seconds: float | None
    seconds: float
    memory_mb: Mapping[str, float]

    def problems(self) -> Iterator[str]:
        """Yield what is not as it should be, for a person."""
        for centre in self.centres:
            if bool(centre.no_consent) != bool(centre.declined) or len(centre.refused) > 1:
                told = {f"0x{status:04X}": count for status, count in centre.refused.items()}
                yield f"{centre.name}: {centre.declined} patients declined, refused: {told}"
            if centre.delivered < centre.expected:
                yield f"{centre.name}: {centre.delivered} of {centre.expected} courses delivered"
            if centre.harmonized < centre.expected:
                yield f"{centre.name}: {centre.harmonized} of {centre.expected} courses harmonized"
            if centre.failed:
                yield f"{centre.name}: {centre.failed} courses failed at the archive"
        if not self.answer.studies:
            yield f"nobody was found: {QUESTION}"
        elif not self.answer.instances:
            yield "the study that was found could not be retrieved"

    def table(self) -> Table:
        """Return the counts as a table."""
        names = [centre.name for centre in self.centres]
        table = Table("", *names, title="What happened")
        rows = {
            "patients who declined": "declined",
            "their objects, refused with 0x0124": "no_consent",
            "courses of patients who consented": "expected",
            "courses delivered and read back": "delivered",
            "instances delivered": "instances",
            "courses harmonized": "harmonized",
        }
        for text, name in rows.items():
            table.add_row(text, *(str(getattr(centre, name)) for centre in self.centres))
        for kind, text in (
            ("clinical", "clinical rows"),
            ("ctcae", "toxicity grades"),
            ("prom", "questionnaires"),
        ):
            table.add_row(text, *(str(centre.rows.get(kind, 0)) for centre in self.centres))
        return table

    def sentences(self) -> Iterator[str]:
        """Yield what the table does not show."""
        if self.held_for:
            yield f"held at first: {'; '.join(self.held_for)}. Released with a comment."
        if self.public_seconds is not None:
            yield f"public course, first byte to harmonized: {self.public_seconds:.1f} s"
        found, fetched = self.answer.studies, self.answer.instances
        yield f"{QUESTION}: {found} studies; {fetched} instances of the first retrieved"
        memory = ", ".join(f"{name} {peak:.0f}" for name, peak in self.memory_mb.items())
        yield f"peak memory, MB: {memory}"
        yield f"all of it: {self.seconds:.1f} s"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "problems": list(self.problems())}

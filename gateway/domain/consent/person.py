"""Who a participant is. Lives in memory for a moment; at rest only encrypted."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Person:
    """A participant's identifiers. The `repr` shows none of them."""

    patient_ids: tuple[str, ...] = field(repr=False)
    """Every identifier that the hospital's systems use, the first one first."""
    family_name: str = field(repr=False)
    given_name: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    sex: str = field(default="", repr=False)
    """F, M or O, where a list says it; counted only."""
    diagnosis: str = field(default="", repr=False)
    """ICD-10, where a list says it; counted only."""

    def words(self) -> tuple[str, ...]:
        """Every part that would identify the person if it stood in a text."""
        names = f"{self.family_name} {self.given_name}".replace("-", " ").split()
        return (*self.patient_ids, *names)

"""Columns and rows of the registry extract.

No dates: only lengths of time. Every value of a structure is what the archive computed from the
course's DICOM objects by the methods named in the row, and can be computed again from them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from harmonizer.domain.quality.findings import NOTABLE, Severity


@dataclass(frozen=True)
class Column:
    """One variable: its name, unit, meaning and whether it is text, a whole or a real number."""

    name: str
    unit: str
    meaning: str
    kind: type = str

    @property
    def kind_name(self) -> str:
        """What the kind is called in the dictionary."""
        return {str: "text", int: "whole number", float: "number"}[self.kind]


COLUMNS: Final = (
    Column("course_uid", "", "identifier of the course at the archive"),
    Column("version", "", "version of the course that was delivered", int),
    Column("centre", "", "centre that delivered it"),
    Column("national_id", "", "patient's identifier at the archive; one patient, one identifier"),
    Column("site", "", "treated site: breast, prostate, lung, head-neck or other"),
    Column("laterality", "", "side of the diagnosis: L, R, B or N"),
    Column("plan_label", "", "RT Plan Label (300A,0002)"),
    Column("intent", "", "Plan Intent (300A,000A)"),
    Column("technique", "", "static or modulated, from the beams' control points"),
    Column("prescribed_gy", "Gy", "highest dose prescribed to a target, over all plans", float),
    Column("fractions_planned", "", "Number of Fractions Planned (300A,0078), over the plans", int),
    Column("fractions_delivered", "", "fractions with a record; empty without records", int),
    Column("treatment_days", "d", "days from first to last treatment record, both counted", int),
    Column("errors", "", "quality findings that forbid the use of numbers as they are", int),
    Column("warnings", "", "quality findings to look at before use", int),
    Column("finding_codes", "", "codes of errors and warnings, each once, joined by |"),
    Column("made_by_names", "", "versions that mapped the structures' names"),
    Column("made_by_dose", "", "version of the dose method"),
    Column("made_by_quality", "", "versions of the quality rules and their tables"),
)

DESCRIPTORS: Final = (
    "Volume[cc]",
    "Mean[Gy]",
    "D98%[Gy]",
    "D95%[Gy]",
    "D50%[Gy]",
    "D2%[Gy]",
    "D0.03cc[Gy]",
    "V5Gy[%]",
    "V10Gy[%]",
    "V20Gy[%]",
    "V30Gy[%]",
    "V40Gy[%]",
    "V50Gy[%]",
    "V60Gy[%]",
)
"""What is told of every structure: enough to rebuild the shape of its histogram."""


@dataclass(frozen=True)
class KeptCourse:
    """A course as kept. `findings` are (severity, code); `metrics` by (structure, metric)."""

    values: Mapping[str, Any]
    made_by: Mapping[str, str]
    findings: Sequence[tuple[str, str]]
    metrics: Mapping[tuple[str, str], float]


def structure_columns(structures: Sequence[str]) -> list[Column]:
    """Return the columns of structures, by TG-263 name."""
    return [
        Column(
            f"{structure} {name}", name[name.index("[") + 1 : -1], f"{name} of {structure}", float
        )
        for structure in structures
        for name in DESCRIPTORS
    ]


def extract_row(course: KeptCourse, structures: Sequence[str]) -> list[object]:
    """Return a course's values in the order of the header; empty where there is none."""
    codes = {code for severity, code in course.findings if severity in NOTABLE}
    derived: dict[str, object] = {
        "fractions_planned": course.values.get("fractions"),
        "errors": sum(severity == Severity.ERROR for severity, _ in course.findings),
        "warnings": sum(severity == Severity.WARNING for severity, _ in course.findings),
        "finding_codes": "|".join(sorted(codes)),
        **{f"made_by_{name}": course.made_by.get(name) for name in ("names", "dose", "quality")},
    }
    fixed = [derived.get(c.name, course.values.get(c.name)) for c in COLUMNS]
    doses = [course.metrics.get((s, name)) for s in structures for name in DESCRIPTORS]
    return ["" if value is None else _short(value) for value in (*fixed, *doses)]


def _short(value: object) -> object:
    return float(f"{value:.6g}") if isinstance(value, float) else value

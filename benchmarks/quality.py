"""How many planted faults the quality rules find, and how often they cry wolf.

    python -m benchmarks.quality [--breast FOLDER] [--out docs/quality-faults.md]

Faults are planted into a clean course in memory, into generated patients of every site and, where
its folder is given, into the public breast course. A fault counts as found only under its own code.
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.quality_course import clean_course
from benchmarks.quality_faults import ANY_COURSE, FAULTS, Fault
from harmonizer.domain.quality import RULESET_VERSION, CourseFacts, Severity, check_course
from kasari.dose.course import CourseFolder
from kasari.phantom import generate_cohort

PLANTED_INTO = 8
CLEAN = 24


@dataclass
class Score:
    """One fault over the courses it was planted into."""

    planted: int = 0
    found: int = 0
    missed_in: list[str] = field(default_factory=list)


def generated(patients: int, seed: int) -> Iterator[tuple[str, CourseFacts]]:
    """Yield generated patients as the command sees them: named, analysed, without side or site."""
    with tempfile.TemporaryDirectory() as name:
        generate_cohort(Path(name), patients, seed, small=True, declined=0)
        for folder in sorted(Path(name).glob("*/dicom/*")):
            yield folder.name, CourseFolder(folder).analysis(None, None).facts


def fits(fault: Fault, facts: CourseFacts) -> bool:
    """Whether a fault can be planted: what it disturbs must be there."""
    if fault.code.startswith("TPS-DVH"):
        return any(dose.dvhs for dose in facts.doses)
    if fault.code == "IMAGE-PIXEL-SIZE":  # patients generated small have no matrix of a scanner
        return "tripled" in fault.name or facts.planning_images[0].rows == 512
    if fault.code == "DOSE-POINT":
        return any(reference.place for reference in facts.plans[0].dose_references)
    if "MU in one beam" in fault.name or "30 mm apart" in fault.name:
        return len(facts.plans[0].treatment_beams) > 1
    return True


def plant_all(courses: list[tuple[str, CourseFacts]]) -> dict[tuple[str, str], Score]:
    """Plant every fault that fits into every course."""
    scores: dict[tuple[str, str], Score] = defaultdict(Score)
    for name, facts in courses:
        for fault in FAULTS if name == "made for the tests" else ANY_COURSE:
            if not fits(fault, facts):
                continue
            score = scores[fault.name, fault.code]
            score.planted += 1
            if fault.code in {found.code for found in check_course(fault.plant(facts))}:
                score.found += 1
            else:
                score.missed_in.append(name)
    return scores


def alarms(courses: list[tuple[str, CourseFacts]]) -> list[str]:
    """Return every warning or error on courses that are clean."""
    return [
        f"{name}: {found.code} {found.text}"
        for name, facts in courses
        for found in check_course(facts)
        if found.severity is not Severity.INFO
    ]


def table(scores: dict[tuple[str, str], Score]) -> list[str]:
    """Return the faults as a table."""
    lines = ["| Fault | Must be found as | Found in |", "| --- | --- | --- |"]
    for (name, code), score in scores.items():
        lines.append(f"| {name} | `{code}` | {score.found} of {score.planted} |")
    return lines


def page(breast: Path | None) -> str:
    """Measure and return the page."""
    planted_into = [("made for the tests", clean_course()), *generated(PLANTED_INTO, 21)]
    clean = [*planted_into, *generated(CLEAN, 22)]
    if breast:
        course = CourseFolder(breast).analysis(None, None).facts
        planted_into.append(("public breast course", course))
        clean.append(("public breast course", course))
    scores = plant_all(planted_into)
    wrong = alarms(clean)
    planted = sum(score.planted for score in scores.values())
    found = sum(score.found for score in scores.values())
    lines = [
        "# Planted faults",
        "",
        "Written by `python -m benchmarks.quality --out docs/quality-faults.md`, rule set "
        f"`{RULESET_VERSION}`. {len(scores)} kinds of fault, planted into {len(planted_into)} "
        "courses: one made for the tests, generated patients of every site"
        f"{', the public breast course' if breast else ''}. A fault counts as found only under "
        "its own code.",
        "",
        f"- **Found: {found} of {planted} ({found / planted:.1%}).**",
        f"- **Alarms on clean courses** (warnings, errors): {len(wrong)} on {len(clean)} courses.",
        *(f"  - {line}" for line in wrong),
        *(
            f"- Missed: {name} (`{code}`) in {', '.join(score.missed_in)}"
            for (name, code), score in scores.items()
            if score.missed_in
        ),
        "",
        *table(scores),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--breast", type=Path)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    text = page(given.breast)
    if given.out:
        given.out.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()

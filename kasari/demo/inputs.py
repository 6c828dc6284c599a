"""What the demo sends: the public course and a generated cohort, with their tables."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.domain.consent import ConsentStatus
from kasari.demo.public_course import ensure_public_course
from kasari.phantom import generate_cohort

PUBLIC_CENTRE: Final = "KUH"
TABLES: Final = {"clinical": "clinical.csv", "ctcae": "ctcae.csv", "prom": "qlq-c30.csv"}
"""Kind of rows to the name of a centre's file."""

PUBLIC_CONSENT: Final = {
    "patient_id": "123456",
    "family_name": "boost",
    "given_name": "breast",
    "birth_date": "",
    "status": ConsentStatus.GRANTED,
    "version": "1",
    "scope": "research",
    "date": "2010-01-04",
}
"""The course's patient is a made-up name in a public collection; so is this consent."""

PUBLIC_CLINICAL: Final = {
    "patient_id": "123456",
    "recorded_on": "2010-01-04",
    "site": "breast",
    "laterality": "L",
    "diagnosis_icd10": "C50.4",
    "sex": "F",
    "rt_start": "2010-01-18",
}
"""The objects' own dates are blanked out to 1901, which no clinical record may say."""


@dataclass(frozen=True)
class CentreInput:
    """What one centre brings."""

    name: str
    dicom: list[Path]
    """Folders to push."""
    consents: list[Path]
    tables: list[tuple[str, Path]]
    """Kind of rows and file."""
    screening: Path
    """Who was asked to take part; absent where nobody was."""
    courses: int
    """That should arrive: one per patient who has consented."""
    declined: int


def prepare_inputs(
    folder: Path,
    centres: tuple[str, ...],
    patients: int,
    seed: int,
    progress: Callable[[str], None],
    declined: int | None = None,
) -> list[CentreInput]:
    """Write what is not there yet. The same wish finds the same files again.

    Raises
    ------
    SetupError
        The public course cannot be downloaded.
    """
    progress("the public breast course")
    public = folder / "public"
    ensure_public_course(public / "dicom")
    _write_row(public / "consent.csv", PUBLIC_CONSENT)
    _write_row(public / "clinical.csv", PUBLIC_CLINICAL)
    cohort = folder / f"cohort-{patients}-{seed}"
    if not (cohort / "truth.json").is_file():  # written last
        generate_cohort(
            cohort,
            patients,
            seed,
            centres,
            small=True,
            declined=declined,
            progress=lambda done, of: progress(f"a generated cohort: {done} of {of} patients"),
        )
    return [_centre(name, cohort / name, public) for name in centres]


def _centre(name: str, cohort: Path, public: Path) -> CentreInput:
    consents = [cohort / "consent.csv"]
    dicom = [cohort / "dicom"]
    tables = [(kind, cohort / file) for kind, file in TABLES.items()]
    if name == PUBLIC_CENTRE:
        consents.append(public / "consent.csv")
        dicom.append(public / "dicom")
        tables.append(("clinical", public / "clinical.csv"))
    people = [row for path in consents for row in _rows(path)]
    granted = sum(person["status"] == ConsentStatus.GRANTED for person in people)
    return CentreInput(
        name=name,
        dicom=[path for path in dicom if path.is_dir()],
        consents=consents,
        tables=[(kind, path) for kind, path in tables if path.is_file()],
        screening=cohort / "screening.csv",
        courses=granted,
        declined=len(people) - granted,
    )


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _write_row(path: Path, row: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)

"""A cohort: the folder that comes out."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kasari.phantom.case import Case
from kasari.phantom.contours import write_structure_set
from kasari.phantom.doses import write_dose
from kasari.phantom.drawing import Wish, draw_cohort
from kasari.phantom.followup import Followup, follow
from kasari.phantom.images import write_images
from kasari.phantom.metrics import Doses, doses_in
from kasari.phantom.plans import write_plan
from kasari.phantom.records import write_records
from kasari.phantom.setup_images import write_setup_images
from kasari.phantom.tables import write_tables
from kasari.phantom.truth import TRUTH_VERSION, model, truth_of

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class CohortSummary:
    """What was written."""

    folder: Path
    patients: int
    declined: int
    files: int
    bytes: int
    by_centre: dict[str, int]
    by_site: dict[str, int]


def generate_cohort(
    out: Path,
    patients: int,
    seed: int,
    centres: Sequence[str] = ("KUH", "Tyks"),
    small: bool = False,
    progress: Progress | None = None,
    *,
    declined: int | None = None,
    deviations: int = 0,
    tables_only: bool = False,
) -> CohortSummary:
    """Write a cohort into `out`; the same arguments give the same bytes.

    Parameters
    ----------
    small
        Coarser grids, for tests.
    progress
        Called with (patients done, patients in all).
    declined
        How many have declined to take part; None is one in twelve.
    deviations
        In how many an error is planted; the kinds take turns.
    tables_only
        Write tables and truth without any DICOM file: for studies of many patients.
    """
    cases = draw_cohort(out, Wish(patients, seed, centres, small, declined, deviations))
    told: dict[str, object] = {}
    followed: dict[str, list[tuple[Case, Followup]]] = {name: [] for name in centres}
    for done, case in enumerate(cases):
        if progress:
            progress(done, patients)
        doses = {organ.key: doses_in(organ.shape, case.field) for organ in case.site.organs}
        if not tables_only:
            write_case(case, doses)
        after = follow(case, doses)
        followed[case.centre.name].append((case, after))
        told[case.key] = truth_of(case, doses, after)
    for name, of_centre in followed.items():
        write_tables(out / name, of_centre)
    _write_truth(out / "truth.json", seed, told)
    if progress:
        progress(patients, patients)
    return _summary(out, cases)


def _summary(out: Path, cases: Sequence[Case]) -> CohortSummary:
    files = [path for path in out.rglob("*") if path.is_file()]
    return CohortSummary(
        folder=out,
        patients=len(cases),
        declined=sum(case.declined for case in cases),
        files=len(files),
        bytes=sum(path.stat().st_size for path in files),
        by_centre=dict(Counter(case.centre.name for case in cases)),
        by_site=dict(Counter(case.site.name for case in cases)),
    )


def _write_truth(path: Path, seed: int, told: dict[str, object]) -> None:
    truth = {"version": TRUTH_VERSION, "seed": seed, "model": model(), "patients": told}
    path.write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_case(case: Case, doses: Doses) -> None:
    """Write one patient's DICOM files."""
    case.folder.mkdir(parents=True, exist_ok=True)
    write_images(case, np.random.default_rng([case.seed, case.index, 1]))
    write_structure_set(case)
    write_plan(case)
    write_dose(case, doses)
    if case.with_records:
        write_records(case, np.random.default_rng([case.seed, case.index, 4]))
    if case.with_cone_beams:
        write_setup_images(case, np.random.default_rng([case.seed, case.index, 5]))

"""`kasari dose`: dose-volume data and quality findings from files, without any server."""

import csv
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from harmonizer.adapters.dicomrt import read_course, read_dose, read_plan, read_structure_set
from harmonizer.data.quality import load_knowledge
from harmonizer.domain.dose import (
    METHOD_VERSION,
    DvhResult,
    Metric,
    Prescription,
    Roi,
    Status,
    compute_dvh,
    evaluate,
    parse_metric,
    without_dose,
)
from harmonizer.domain.dose.comparison import Comparison, compare_rois
from harmonizer.domain.quality import RULESET_VERSION, check_course, computed, described
from harmonizer.domain.quality.catalogue import rule_table
from harmonizer.errors import DataError

app = typer.Typer(no_args_is_help=True, help="Dose-volume data and quality, from files.")

DEFAULT_METRICS = (
    "Volume[cc],Mean[Gy],Min[Gy],Max[Gy],D98%[Gy],D95%[Gy],D50%[Gy],D2%[Gy],D0.03cc[Gy],"
    "V5Gy[%],V10Gy[%],V20Gy[%],V30Gy[%],V40Gy[%],V50Gy[%]"
)
COLUMNS = ("roi_number", "roi_name", "metric", "value", "unit", "status", "note")
LARGEST_FILE = 2_000_000_000

InputFile = Annotated[Path, typer.Option(exists=True, dir_okay=False, readable=True)]


@app.command()
def dvh(
    dose: InputFile,
    structures: InputFile,
    out: Annotated[Path, typer.Option(help="CSV to write.")],
    plan: Annotated[Path | None, typer.Option(exists=True, dir_okay=False)] = None,
    metrics: Annotated[str, typer.Option(help="TG-263 names, comma separated.")] = DEFAULT_METRICS,
    details: Annotated[Path | None, typer.Option(help="JSON with uncertainties.")] = None,
) -> None:
    """Compute metrics of every structure and write them as CSV."""
    try:
        wanted = [parse_metric(name) for name in metrics.split(",") if name.strip()]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--metrics") from error
    try:
        results = _results(_bytes(dose), _bytes(structures))
        prescription = _prescription(plan)
    except DataError as error:
        typer.echo(f"{error.code}: {error}", err=True)
        raise typer.Exit(2) from error
    rows = [row for result in results for row in _rows(result, wanted, prescription)]
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    if details:
        report = {"method": METHOD_VERSION, "rows": rows}
        details.write_text(json.dumps(report, indent=1, ensure_ascii=False), "utf-8")
    typer.echo(f"{len(results)} structures, {len(rows)} values in {out}")


def _bytes(path: Path) -> bytes:
    if path.stat().st_size > LARGEST_FILE:
        raise DataError("FILE-TOO-LARGE", "a file of more than 2 GB is not read; export a crop")
    return path.read_bytes()


def _results(dose_bytes: bytes, structure_bytes: bytes) -> list[DvhResult]:
    """Return a result for every region; without numbers where the dose cannot be used."""
    structure_set = read_structure_set(structure_bytes)
    dose = read_dose(dose_bytes)
    if dose.grid is None:
        code, text = dose.problems[0]
        note = f"{code}: {text}"
        return [without_dose(roi, Status.BAD_DOSE, note) for roi in structure_set.rois]
    return [compute_dvh(roi, dose.grid) for roi in structure_set.rois]


def _prescription(path: Path | None) -> Prescription:
    if path is None:
        return Prescription()
    plan = read_plan(_bytes(path))
    return Prescription(plan.prescribed_gy, plan.fractions)


def _rows(
    result: DvhResult, metrics: list[Metric], prescription: Prescription
) -> list[dict[str, object]]:
    rows = []
    for metric in metrics:
        value = evaluate(result, metric, prescription)
        rows.append(
            {
                "roi_number": result.roi_number,
                "roi_name": result.roi_name,
                "metric": metric.text,
                "value": "" if value.value is None else f"{value.value:.6g}",
                "unit": value.unit,
                "status": result.status.value,
                "note": value.note,
                "uncertainty": value.uncertainty,
            }
        )
    return rows


@app.command()
def qa(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    site: Annotated[str | None, typer.Option(help="Treated site, for its template.")] = None,
    laterality: Annotated[str | None, typer.Option(help="L, R or B, of the diagnosis.")] = None,
) -> None:
    """Run the quality rules over the DICOM files of one course.

    Exit code 0 without errors among the findings, 1 with.
    """
    report = course_report(folder, site, laterality)
    findings = report["findings"]
    assert isinstance(findings, list)  # noqa: S101 - tells the type checker
    if as_json:
        json.dump(report, sys.stdout, indent=1, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        for finding in findings:
            line = f"{finding['severity']:8}{finding['code']:28}{finding['where']}: "
            typer.echo(line + finding["text"])
        typer.echo(f"{len(findings)} findings, rule set {RULESET_VERSION}")
    raise typer.Exit(1 if any(f["severity"] == "error" for f in findings) else 0)


@app.command()
def compare(
    reference: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    other: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    tolerance: Annotated[float, typer.Option(help="mm, for surface Dice and path length.")] = 1.0,
    out: Annotated[Path | None, typer.Option(help="CSV to write; else it is printed.")] = None,
) -> None:
    """Compare structures of one name in two structure sets drawn on one image."""
    try:
        first, second = (read_structure_set(_bytes(path)) for path in (reference, other))
    except DataError as error:
        typer.echo(f"{error.code}: {error}", err=True)
        raise typer.Exit(2) from error
    others = {roi.name: roi for roi in second.rois if roi.contours}
    rows = [_compared(roi, others[roi.name], tolerance) for roi in first.rois if roi.name in others]
    names = ["roi_name", *Comparison.__dataclass_fields__, "note"]
    file = out.open("w", newline="", encoding="utf-8") if out else sys.stdout
    writer = csv.DictWriter(file, names)
    writer.writeheader()
    writer.writerows(rows)
    if out:
        file.close()
    missed = [roi.name for roi in first.rois if roi.contours and roi.name not in others]
    typer.echo(f"{len(rows)} structures compared; {len(missed)} have no partner", err=True)


@app.command()
def rules() -> None:
    """Print the quality rules as a Markdown table."""
    typer.echo(rule_table())


def _compared(reference: Roi, other: Roi, tolerance: float) -> dict[str, object]:
    try:
        found = asdict(compare_rois(reference, other, tolerance))
    except DataError as error:
        return {"roi_name": reference.name, "note": str(error)}
    return {"roi_name": reference.name, **{k: f"{v:.6g}" for k, v in found.items()}}


def course_report(folder: Path, site: str | None, laterality: str | None) -> dict[str, object]:
    """Return findings and what was looked at, ready for JSON."""
    objects = (_bytes(path) for path in sorted(folder.rglob("*")) if _may_be_dicom(path))
    facts = described(read_course(objects), load_knowledge(), None, site, laterality)
    facts = computed(facts)
    findings = check_course(facts)
    return {
        "ruleset": RULESET_VERSION,
        "method": METHOD_VERSION,
        "objects": {
            "images": len(facts.images),
            "structure_sets": len(facts.structure_sets),
            "plans": len(facts.plans),
            "doses": len(facts.doses),
            "records": len(facts.records),
            "unreadable": len(facts.unreadable),
        },
        "findings": [
            {"code": f.code, "severity": f.severity.value, "where": f.where, "text": f.text}
            for f in findings
        ],
    }


def _may_be_dicom(path: Path) -> bool:
    """Whether a file has the DICOM mark; hidden files and others are passed over."""
    if not path.is_file() or path.name.startswith("."):
        return False
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"

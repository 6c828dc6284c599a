"""`kasari dose`: dose-volume data and quality findings from files, without any server."""

import csv
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from harmonizer.adapters.dicomrt import read_dose, read_plan, read_structure_set
from harmonizer.adapters.printing import print_pdf
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
from harmonizer.domain.quality import Severity
from harmonizer.domain.quality.catalogue import rule_table
from harmonizer.domain.reports import ReportHead, report_values
from harmonizer.domain.spreadsheets import as_text
from harmonizer.errors import DataError
from kasari.dose.course import (
    CourseFolder,
    file_bytes,
    report_dicom,
    report_dicom_pdf,
    report_page,
)
from kasari.errors import InputError
from kasari.options import AsJson

app = typer.Typer(no_args_is_help=True, help="Dose-volume data and quality, from files.")

DEFAULT_METRICS = (
    "Volume[cc],Mean[Gy],Min[Gy],Max[Gy],D98%[Gy],D95%[Gy],D50%[Gy],D2%[Gy],D0.03cc[Gy],"
    "V5Gy[%],V10Gy[%],V20Gy[%],V30Gy[%],V40Gy[%],V50Gy[%]"
)
COLUMNS = ("roi_number", "roi_name", "metric", "value", "unit", "status", "note")

CourseArgument = Annotated[
    Path, typer.Argument(exists=True, file_okay=False, help="Folder with one course.")
]


def _known_site(site: str | None) -> str | None:
    known = (*load_knowledge().templates, "other")
    if site is not None and site not in known:
        raise typer.BadParameter(f"there is no template for {site}; give {', '.join(known)}")
    return site


def _known_side(side: str | None) -> str | None:
    if side is not None and side.upper() not in {"L", "R", "B"}:
        raise typer.BadParameter("give L, R or B")
    return side.upper() if side else None


Site = Annotated[
    str | None, typer.Option(help="Treated site, for its template.", callback=_known_site)
]
Laterality = Annotated[
    str | None, typer.Option(help="L, R or B, of the diagnosis.", callback=_known_side)
]


@app.command()
def dvh(
    dose: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The RTDOSE file.")],
    structures: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="The RTSTRUCT file.")
    ],
    out: Annotated[Path, typer.Option(help="CSV to write.")],
    plan: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="The RTPLAN file; V95% is of the dose it prescribes."
        ),
    ] = None,
    metrics: Annotated[str, typer.Option(help="TG-263 names, comma separated.")] = DEFAULT_METRICS,
    details: Annotated[Path | None, typer.Option(help="JSON with uncertainties.")] = None,
) -> None:
    """Compute metrics of every structure and write them as CSV.

    Example: kasari dose dvh --dose rtdose.dcm --structures rtss.dcm --out metrics.csv
    """
    try:
        wanted = [parse_metric(name) for name in metrics.split(",") if name.strip()]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--metrics") from error
    try:
        results = _results(file_bytes(dose), file_bytes(structures))
        prescription = _prescription(plan)
    except DataError as error:
        typer.echo(f"{error.code}: {error}", err=True)
        raise typer.Exit(2) from error
    rows = [row for result in results for row in _rows(result, wanted, prescription)]
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows({name: as_text(cell) for name, cell in row.items()} for row in rows)
    if details:
        report = {"method": METHOD_VERSION, "rows": rows}
        details.write_text(json.dumps(report, indent=1, ensure_ascii=False), "utf-8")
    typer.echo(f"{len(results)} structures, {len(rows)} values in {out}")


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
    plan = read_plan(file_bytes(path))
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
    folder: CourseArgument,
    as_json: AsJson = False,
    site: Site = None,
    laterality: Laterality = None,
) -> None:
    """Run the quality rules over the DICOM files of one course.

    Example: kasari dose qa COURSE --site breast --laterality L

    Exit code 0 without errors among the findings, 1 with.
    """
    course = CourseFolder(folder)
    analysis = course.analysis(site, laterality)
    _tell_unreadable(course)
    if as_json:
        report = report_values(analysis)
        shown = {"ruleset": analysis.ruleset, "method": analysis.method}
        shown |= {name: report[name] for name in ("objects", "findings", "structures")}
        json.dump(shown, sys.stdout, indent=1, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        for finding in analysis.findings:
            line = f"{finding.severity.value:8}{finding.code:28}{finding.where}: "
            typer.echo(line + finding.text)
        counts = report_values(analysis)["objects"]
        of = ", ".join(f"{what.replace('_', ' ')} {n}" for what, n in counts.items() if n)
        typer.echo(f"looked at: {of or 'nothing, no object is of a treatment course'}")
        typer.echo(f"{len(analysis.findings)} findings, rule set {analysis.ruleset}")
    raise typer.Exit(1 if any(f.severity is Severity.ERROR for f in analysis.findings) else 0)


def _tell_unreadable(course: CourseFolder) -> None:
    for where, path in course.unreadable_files().items():
        typer.echo(f"{where} is {path}", err=True)


@app.command()
def report(
    folder: CourseArgument,
    out: Annotated[
        Path, typer.Option(help="Page to write; .pdf prints it, .json writes the values.")
    ],
    site: Site = None,
    laterality: Laterality = None,
    title: Annotated[str, typer.Option(help="What the report calls the course.")] = "",
) -> None:
    """Write a course's report: findings, histograms, tables, images with contours and dose.

    Example: kasari dose report COURSE --out report.html
    """
    course = CourseFolder(folder)
    analysis = course.analysis(site, laterality)
    _tell_unreadable(course)
    today = datetime.now(UTC).date().isoformat()
    head = ReportHead(title or folder.resolve().name, today)
    match out.name.lower().split(".")[1:]:
        case [*_, "json"]:
            values = json.dumps(report_values(analysis), indent=1, ensure_ascii=False)
            out.write_text(values + "\n", "utf-8")
        case [*_, "pdf", "dcm"]:
            out.write_bytes(report_dicom_pdf(course, analysis, head))
        case [*_, "dcm"]:
            out.write_bytes(report_dicom(course, analysis))
        case [*_, "pdf"]:
            out.write_bytes(print_pdf(report_page(course, analysis, head)))
        case _:
            out.write_text(report_page(course, analysis, head), "utf-8")
    errors = sum(finding.severity is Severity.ERROR for finding in analysis.findings)
    typer.echo(f"{out}: {len(analysis.findings)} findings, {errors} of them errors")


@app.command()
def compare(
    reference: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="The RTSTRUCT to compare with.")
    ],
    other: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="The RTSTRUCT that is judged.")
    ],
    tolerance: Annotated[float, typer.Option(help="mm, for surface Dice and path length.")] = 1.0,
    pair: Annotated[
        list[str] | None, typer.Option(help="PTV:Heart, instead of equal names; repeatable.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV to write; else it is printed.")] = None,
) -> None:
    """Compare structures of one name, or named pairs, of two sets drawn on one image.

    With pairs of one and the same file: how structures lie to each other (overlap, distance).

    Example: kasari dose compare first.dcm second.dcm --pair Heart:Heart_2 --out compared.csv
    """
    try:
        first, second = (_drawn(file_bytes(path)) for path in (reference, other))
    except DataError as error:
        typer.echo(f"{error.code}: {error}", err=True)
        raise typer.Exit(2) from error
    wanted = [(name, name) for name in first if name in second]
    if pair:
        wanted = [_pair(text, first, second) for text in pair]
    rows = [_compared(first[a], second[b], tolerance) for a, b in wanted]
    names = ["roi_name", "other_name", *Comparison.__dataclass_fields__, "note"]
    file = out.open("w", newline="", encoding="utf-8") if out else sys.stdout
    writer = csv.DictWriter(file, names)
    writer.writeheader()
    writer.writerows({name: as_text(cell) for name, cell in row.items()} for row in rows)
    if out:
        file.close()
    missed = "" if pair else f"; {len(first) - len(rows)} have no partner"
    typer.echo(f"{len(rows)} structures compared{missed}", err=True)


def _drawn(data: bytes) -> dict[str, Roi]:
    return {roi.name: roi for roi in read_structure_set(data).rois if roi.contours}


def _pair(text: str, first: dict[str, Roi], second: dict[str, Roi]) -> tuple[str, str]:
    a, _, b = text.partition(":")
    if a not in first or b not in second:
        raise InputError(f"no such pair of drawn structures: {text}; give REFERENCE:OTHER")
    return a, b


@app.command()
def rules() -> None:
    """Print the quality rules as a Markdown table.

    Example: kasari dose rules
    """
    typer.echo(rule_table())


def _compared(reference: Roi, other: Roi, tolerance: float) -> dict[str, object]:
    names: dict[str, object] = {"roi_name": reference.name, "other_name": other.name}
    try:
        found = asdict(compare_rois(reference, other, tolerance))
    except DataError as error:
        return {**names, "note": str(error)}
    return {**names, **{k: f"{v:.6g}" for k, v in found.items()}}

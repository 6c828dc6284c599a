"""`kasari names`: structure names of a hospital to AAPM TG-263, from files, without any server."""

import csv
import gc
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.domain.tabular.problems import TableError
from gateway.domain.tabular.table import decode
from harmonizer.adapters.rule_files import read_rules
from harmonizer.data.tg263 import load_nomenclature
from harmonizer.domain.nomenclature import (
    Change,
    Context,
    Mapper,
    Mapping,
    NameUse,
    RoiName,
    RuleSet,
    SetMapping,
    obstacles,
    preview,
)
from kasari.errors import InputError
from kasari.files import read_file, written_whole
from kasari.options import AsJson

app = typer.Typer(no_args_is_help=True, help="Structure names to AAPM TG-263.")

OUT_COLUMNS = (
    *("tg263_name", "status", "confidence", "auto", "kind", "reason"),
    *("alternatives", "finding", "guideline"),
)
BETWEEN = "|"
MOST_ROWS = 5_000_000
DELIMITERS = ",;\t"

Centre = Annotated[str, typer.Option(help="The centre, whose own rules go before national ones.")]
Rules = Annotated[Path | None, typer.Option(help="Rule set as YAML or CSV.")]


@dataclass(frozen=True)
class Table:
    """A table of names as read: its columns and rows."""

    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]


@app.command("map")
def map_names(
    source: Annotated[Path, typer.Option("--in", help="CSV with a column raw_name.")],
    out: Annotated[Path, typer.Option(help="CSV to write.")],
    centre: Centre = "",
    rules: Rules = None,
    as_json: AsJson = False,
) -> None:
    """Map a table of names.

    Columns read: raw_name, and if present interpreted_type (RT ROI Interpreted Type), laterality
    (L, R or B: the side treated), site (breast, lung, ...), structure_set (rows of one value are
    mapped together: doubles are noticed, and the set's language helps with short words).

    Columns written beside those read: tg263_name; status (exact, rule, suggested, unmapped,
    helper); confidence (0..1); auto (true: may be applied unseen); kind (organ, target, helper,
    unknown); reason; alternatives (best first, between |); finding; guideline (of contouring).

    Exit code 0: written; 1: a file cannot be used; 2: wrong options.

    Example: kasari names map --in names.csv --out mapped.csv --centre KUH
    """
    with _nothing_circular():
        table = _read_table(source)
        results = _map_rows(_mapper(rules), table.rows, centre)
    columns = [c for c in table.columns if c not in OUT_COLUMNS]
    with written_whole(out) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*columns, *OUT_COLUMNS], extrasaction="ignore")
        writer.writeheader()
        for row, result in zip(table.rows, results, strict=True):
            writer.writerow({**row, **result, "auto": str(result["auto"]).lower()})
    _print_summary(results, out, as_json)


@app.command()
def explain(
    name: Annotated[str, typer.Argument(help="A structure name as a hospital writes it.")],
    centre: Centre = "",
    site: Annotated[str, typer.Option(help="Site treated, e.g. breast.")] = "",
    laterality: Annotated[str, typer.Option(help="Side treated: L, R or B.")] = "",
    interpreted_type: Annotated[str, typer.Option(help="RT ROI Interpreted Type.")] = "",
    rules: Rules = None,
    as_json: AsJson = False,
) -> None:
    """Say how one name is read, and why. Exit code 0 also where it has no standard name.

    Example: kasari names explain "Parotis li" --site head-neck
    """
    mapper = _mapper(rules)
    context = Context(site or None, laterality or None, centre or None)
    mapping = mapper.map_name(RoiName(0, name, interpreted_type or None), context)
    if as_json:
        typer.echo(json.dumps({"raw_name": name, **_cells(mapping)}, ensure_ascii=False))
        return
    typer.echo(f"{name} -> {mapping.tg263_name or 'no standard name'}")
    applied = "applied unseen" if mapping.auto else "for a curator"
    typer.echo(f"{mapping.kind}, {mapping.status}, confidence {mapping.confidence:.2f}, {applied}")
    typer.echo(mapping.reason)
    for other in mapping.alternatives:
        typer.echo(f"or {other.tg263_name} ({other.confidence:.2f})")


@app.command()
def check(
    rules: Annotated[Path, typer.Argument(help="Rule set as YAML or CSV.")],
    source: Annotated[
        Path | None, typer.Option("--in", help="CSV with raw_name, perhaps centre and site.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether rules could be released, and which names of a table they would change.

    Exit code 0: they could; 1: they could not, with every reason.

    Example: kasari names check rules.csv --in names.csv
    """
    mapper, given = Mapper(load_nomenclature()), _read_rules(rules)
    against = [one.text for one in obstacles(given.rules, mapper.is_standard)]
    uses = _uses(source) if source and not against else ()
    changes = preview(mapper, given, uses)
    if as_json:
        found = [{**asdict(one.use), "before": one.before, "after": one.after} for one in changes]
        counts = {"rules": len(given.rules), "obstacles": against, "changes": found}
        typer.echo(json.dumps(counts, ensure_ascii=False))
    else:
        for text in against or [f"{len(given.rules)} rules, none against another"]:
            typer.echo(text)
        for one in changes:
            typer.echo(_changed(one))
    if against:
        raise typer.Exit(1)


def _uses(source: Path) -> list[NameUse]:
    counts = Counter(
        (row["raw_name"], row.get("centre", ""), row.get("site") or None)
        for row in _read_table(source).rows
    )
    return [NameUse(name, centre, n, site) for (name, centre, site), n in counts.items()]


def _changed(change: Change) -> str:
    use = change.use
    where = f" at {use.centre}" if use.centre else ""
    before, after = change.before or "no name", change.after or "no name"
    return f"{use.structures} x {use.local_name}{where}: {before} -> {after}"


@app.command()
def rename(
    source: Annotated[Path, typer.Option("--in", help="A structure set (RTSTRUCT).")],
    out: Annotated[Path, typer.Option(help="The derived structure set to write.")],
    centre: Centre = "",
    site: Annotated[str, typer.Option(help="Site treated, e.g. breast.")] = "",
    laterality: Annotated[str, typer.Option(help="Side treated: L, R or B.")] = "",
    rules: Rules = None,
    as_json: AsJson = False,
) -> None:
    """Write a derived structure set with standard names where they are certain.

    The contours are held against the names; they themselves stay as they are, byte for byte.

    Example: kasari names rename --in rtss.dcm --out renamed.dcm --site breast --laterality L
    """
    # DICOM is loaded for this command only: a table of names needs none of it.
    from harmonizer.adapters.dicomrt import read_structure_set
    from harmonizer.adapters.dicomrt.renaming import (
        rename_regions,
        standard_names,
    )
    from harmonizer.data.quality import load_knowledge
    from harmonizer.domain.nomenclature import map_structure_set

    data = read_file(source)
    mapper = _mapper(rules)
    context = Context(site or None, laterality or None, centre or None)
    rois = read_structure_set(data).rois
    found = map_structure_set(mapper, rois, context, load_knowledge().volumes)
    made_by = f"matcher {found.matcher_version}, {found.edition}, rules {found.rules_version}"
    derived = rename_regions(data, standard_names(found.applied, mapper.structure_of), made_by)
    with written_whole(out) as part:
        part.write_bytes(derived)
    _print_renamed(found, out, as_json)


def _print_renamed(found: SetMapping, out: Path, as_json: bool) -> None:
    if as_json:
        rows = [{"number": m.number, "raw_name": m.raw_name, **_cells(m)} for m in found.mappings]
        findings = [asdict(finding) for finding in found.findings]
        text = json.dumps({"regions": rows, "findings": findings}, ensure_ascii=False)
        typer.echo(text)
        return
    for mapping in found.mappings:
        typer.echo(f"{mapping.raw_name} -> {found.applied.get(mapping.number, 'unchanged')}")
    for finding in found.findings:
        typer.echo(f"{finding.code}: ROI {finding.number} {finding.text}")
    typer.echo(
        f"{len(found.applied)} of {len(found.mappings)} regions have a standard name in {out}"
    )


@contextmanager
def _nothing_circular() -> Iterator[None]:
    """Do not look for circles among the objects: here are none, and the search takes a fifth."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _read_table(path: Path) -> Table:
    """Read a CSV as spreadsheets write it, with commas, semicolons or tabs."""
    try:
        text = decode(read_file(path))
    except TableError as error:
        raise InputError(f"{path}: {error.problem.reason}; {error.problem.mend}") from error
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    csv.field_size_limit(1_000_000)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    if "raw_name" not in (reader.fieldnames or ()):
        raise InputError(
            f"{path} has no column raw_name: the first line names the columns, with commas, "
            "semicolons or tabs between; call that of the structures so"
        )
    rows = []
    try:
        for row in reader:
            rows.append({k: v or "" for k, v in row.items() if isinstance(k, str)})
            if len(rows) > MOST_ROWS:
                raise InputError(f"{path} has more than {MOST_ROWS} rows; split it")
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: no CSV ({error})") from error
    return Table(tuple(reader.fieldnames or ()), tuple(rows))


def _mapper(path: Path | None) -> Mapper:
    """Return a mapper by the rules of a file, which must be fit for release."""
    mapper = Mapper(load_nomenclature())
    if path is None:
        return mapper
    rules = _read_rules(path)
    against = obstacles(rules.rules, mapper.is_standard)
    if against:
        more = f" (and {len(against) - 1} more)" if len(against) > 1 else ""
        raise InputError(f"{path}: {against[0].text}{more}; mend the rules first")
    return mapper.with_rules(rules)


def _read_rules(path: Path) -> RuleSet:
    try:
        text = read_file(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not in UTF-8; save the rules as that") from None
    return read_rules(text, "csv" if path.suffix.lower() == ".csv" else "yaml")


def _map_rows(mapper: Mapper, rows: Iterable[dict[str, str]], centre: str) -> list[dict[str, Any]]:
    """Map every row; rows of one structure set together."""
    sets: dict[tuple[str, str, str], list[tuple[int, RoiName]]] = {}
    results: dict[int, dict[str, Any]] = {}
    told = cache(Context)
    for at, row in enumerate(rows):
        declared = row.get("interpreted_type") or None
        site, side = row.get("site", ""), row.get("laterality", "")
        if row.get("structure_set"):
            name = RoiName(at, row["raw_name"], declared)
            sets.setdefault((row["structure_set"], site, side), []).append((at, name))
        else:
            context = told(site or None, side or None, centre or None)
            results[at] = _cells(mapper.map_name(RoiName(0, row["raw_name"], declared), context))
    for (_, site, side), numbered in sets.items():
        context = Context(site or None, side or None, centre or None)
        found = mapper.map_set([name for _, name in numbered], context)
        codes: dict[int, list[str]] = {}
        for finding in found.findings:
            codes.setdefault(finding.number, []).append(finding.code)
        for mapping in found.mappings:
            results[mapping.number] = _cells(mapping, codes.get(mapping.number, ()))
    return [results[at] for at in sorted(results)]


def _cells(mapping: Mapping, codes: Iterable[str] = ()) -> dict[str, Any]:
    return {
        "tg263_name": mapping.tg263_name or "",
        "status": str(mapping.status),
        "confidence": round(mapping.confidence, 3),
        "auto": mapping.auto,
        "kind": str(mapping.kind),
        "reason": mapping.reason,
        "alternatives": BETWEEN.join(other.tg263_name for other in mapping.alternatives),
        "finding": BETWEEN.join(codes),
        "guideline": mapping.guideline,
    }


def _print_summary(results: list[dict[str, Any]], out: Path, as_json: bool) -> None:
    statuses = Counter(result["status"] for result in results)
    applied = sum(result["auto"] and bool(result["tg263_name"]) for result in results)
    if as_json:
        counts = {"names": len(results), "applied": applied, "statuses": statuses}
        typer.echo(json.dumps({**counts, "out": str(out)}))
        return
    typer.echo(f"{len(results)} names in {out}; {applied} may be applied unseen")
    for status, count in statuses.most_common():
        typer.echo(f"{status:10} {count}")

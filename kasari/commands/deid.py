"""`kasari deid`: the de-identification profile, and the engine and its checker on files."""

import csv
import io
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.contract.marks import NATIONAL_STAGE, SITE_STAGE
from gateway.data.deid import load_profile, safe_creators
from gateway.domain.checker import TextInventory, UnreadableError
from gateway.domain.deid import Profile
from gateway.domain.identity import KeyRing
from gateway.secret_files import read_offline_key
from kasari.deid.checking import check_pair
from kasari.deid.describing import MEANING, Described, as_csv, as_markdown, as_records, describe
from kasari.deid.differences import Difference
from kasari.deid.known_people import read_people
from kasari.deid.offline import Offline, files_of, throw_away_ring
from kasari.deid.running import Account, run_files, told
from kasari.errors import InputError
from kasari.files import read_file
from kasari.options import AsJson

app = typer.Typer(no_args_is_help=True)


class Stage(StrEnum):
    """How far to go."""

    SITE = SITE_STAGE
    NATIONAL = NATIONAL_STAGE


Out = Annotated[Path | None, typer.Option(help="Where to write; made if it is not there.")]
PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", help="The centre's policy (JSON); without it, the usual options."),
]
StageOption = Annotated[Stage, typer.Option(help="The first stage only, or both.")]
Key = Annotated[
    Path | None,
    typer.Option(
        help="The centre's root key: 32 bytes or 64 hex digits, e.g. from `head -c 32 "
        "/dev/urandom`. Without it the keys are thrown away: the results link to nothing else."
    ),
]
Centre = Annotated[str, typer.Option(help="The centre that the root key belongs to.")]
IdentityFile = Annotated[
    Path | None,
    typer.Option(
        "--identity",
        help="Who must not be found, beyond what stands in each file: JSON, CSV or lines of text.",
    ),
]
Report = Annotated[Path | None, typer.Option(help="JSON to write: every count, every refusal.")]
WhatIf = Annotated[bool, typer.Option("--what-if", help="Write nothing, print every action.")]


@app.callback(invoke_without_command=True)
def on_a_folder(
    context: typer.Context,
    source: Annotated[
        Path | None,
        typer.Option("--in", exists=True, help="Folder of DICOM files, with all below it."),
    ] = None,
    out: Out = None,
    policy: PolicyFile = None,
    key: Key = None,
    identity: IdentityFile = None,
    report: Report = None,
    what_if: WhatIf = False,
    values: Annotated[bool, typer.Option("--values", help="With --what-if: also values.")] = False,
    centre: Centre = "-",
    stage: StageOption = Stage.NATIONAL,
) -> None:
    """De-identify a folder, and let the checker read every byte that was written.

    A file that engine or checker refuses is named with its reason and not written; what is no
    DICOM is refused too. The exit code is 0 only when every file passed. The results are named by
    their new identifiers, never by the sender's file names. Nothing leaves this machine.

    Without --identity the checker looks for what stands in each file (names, numbers, addresses,
    birth date), for identity codes, phone numbers and mail addresses of anybody, and for the staff
    in the policy. --identity adds people. Every value in that file counts, whatever its key or
    column is called; dates are sought in all forms in which people write them:

    \b
      [{"name": "Virtanen^Maija", "id": "130452-308Y", "birth_date": "1952-04-13",
        "address": "Oravapolku 7", "phone": "040 123 4567"}]
      or CSV with a heading, or plain text with one identifier per line

    Example: kasari deid --in export --out clean
    Example: kasari deid --in export --what-if
    Example: kasari deid --in export --out clean --key root.key --identity people.json
    """
    if context.invoked_subcommand is not None:
        return
    if source is None:
        raise InputError("name the folder with --in, e.g. kasari deid --in export --out clean")
    target = None if what_if else out
    if target is None and not what_if:
        raise InputError("name either --out, to write, or --what-if, to write nothing")
    if target is not None and _overlap(source.resolve(), target.resolve()):
        raise InputError("--out must not be --in, nor lie in it or around it")
    _run(source, target, policy, stage, key, centre, identity, report, values, into_folder=True)


@app.command()
def run(
    source: Annotated[Path, typer.Argument(exists=True, help="A DICOM file or a folder.")],
    out: Out = None,
    policy: PolicyFile = None,
    stage: StageOption = Stage.NATIONAL,
    key: Key = None,
    centre: Centre = "-",
    identity: IdentityFile = None,
    report: Report = None,
    what_if: WhatIf = False,
    values: Annotated[bool, typer.Option("--values", help="With --what-if: also values.")] = False,
) -> None:
    """As `kasari deid --in`, also for one file.

    Example: kasari deid run plan.dcm --out clean.dcm
    Example: kasari deid run plan.dcm --what-if --values
    """
    if out is None and not what_if:
        raise InputError("name either --out, to write, or --what-if, to write nothing")
    target = None if what_if else out
    _run(source, target, policy, stage, key, centre, identity, report, values, into_folder=False)


def _run(
    source: Path,
    out: Path | None,
    policy: Path | None,
    stage: Stage,
    key: Path | None,
    centre: str,
    identity: Path | None,
    report: Path | None,
    values: bool,
    into_folder: bool,
) -> None:
    ring = _ring(key, centre)
    profile = load_profile(policy)
    account = Account(profile.name_and_hash, stage, ring.key_id if key else "")
    engine = Offline(profile, ring, stage, read_people(identity))
    shown = (lambda path, found: _print_differences(path, found, values)) if out is None else None
    run_files(source, out, engine, account, into_folder, shown)
    for line in told(account):
        typer.echo(line)
    if report is not None:
        report.write_text(json.dumps(account.as_record(), indent=1), "utf-8")
    raise typer.Exit(0 if account.whole else 1)


def _ring(key: Path | None, centre: str) -> KeyRing:
    if key is None:
        return throw_away_ring()
    root, warning = read_offline_key(key)
    if warning:
        typer.echo(f"warning: {warning}", err=True)
    return KeyRing.from_root(root, centre)


def _overlap(one: Path, other: Path) -> bool:
    return one == other or one in other.parents or other in one.parents


def _print_differences(path: Path, found: list[Difference], values: bool) -> None:
    typer.echo(f"{path.name}:")
    for row in found:
        times = f" x{row.count}" if row.count > 1 else ""
        typer.echo(f"  {row.done:12} {row.path}{times}")
        for old, new in row.examples if values else ():
            typer.echo(f"               {old!r} -> {new!r}")


@app.command()
def check(
    before: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    after: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    policy: PolicyFile = None,
) -> None:
    """Let the checker alone judge a file against its original.

    It looks for the identifiers that stand in BEFORE, for attributes off the list, for UIDs that
    were left and for values that may not change. Exit code 0 without objections, 1 with.

    Example: kasari deid check plan.dcm clean.dcm
    """
    verdict = check_pair(read_file(before), read_file(after), load_profile(policy))
    for problem in verdict.problems:
        typer.echo(f"{problem.code:14}{problem}")
    typer.echo(f"{len(verdict.problems)} objections; {verdict.compared} values unchanged")
    raise typer.Exit(1 if verdict.problems else 0)


@app.command("values")
def list_values(
    source: Annotated[Path, typer.Argument(exists=True, help="A folder of DICOM files.")],
    policy: PolicyFile = None,
    as_is: Annotated[bool, typer.Option("--as-is", help="The files are de-identified.")] = False,
    out: Annotated[Path | None, typer.Option("--csv", help="CSV to write, else printed.")] = None,
) -> None:
    """List every distinct text that would leave, by attribute path, the rarest first.

    A person reads this before a centre goes live: a text that stands in one patient's objects only
    is where a name would be. Redacted texts count as one. Nothing is written but the list.

    Example: kasari deid values export --csv values.csv
    """
    engine = Offline(load_profile(policy), throw_away_ring(), NATIONAL_STAGE)
    inventory, refused = TextInventory(), 0
    for path in files_of(source):
        data = read_file(path)
        written = data if as_is else engine.take(data).data
        try:
            inventory.add(written or b"")
        except UnreadableError:
            refused += 1
    rows = inventory.rows()
    lines = [(r.path, r.vr, r.text, r.instances, r.patients) for r in rows]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([("path", "vr", "text", "instances", "patients"), *lines])
    if out:
        out.write_text(text.getvalue(), "utf-8")
    else:
        typer.echo(text.getvalue(), nl=False)
    typer.echo(f"{len(rows)} texts; {refused} files were refused and are not counted", err=True)


@app.command("describe")
def describe_profile(
    policy: PolicyFile = None,
    only: Annotated[
        str | None, typer.Option("--object", help="Only one kind of object, e.g. rtplan.")
    ] = None,
    as_json: AsJson = False,
    csv_: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the docs page's part.")
    ] = False,
    private: Annotated[
        bool, typer.Option("--private", help="Print whose private attributes could be kept.")
    ] = False,
) -> None:
    """Print the profile: every attribute that may leave and what happens to it.

    Example: kasari deid describe --object rtplan --csv > rtplan.csv
    """
    profile = load_profile(policy)
    if only is not None and only not in profile.objects.values():
        raise InputError(f"no object {only}; there are {', '.join(profile.objects.values())}")
    rows = describe(profile, only)
    if private:
        typer.echo("\n".join(safe_creators()))
    elif as_json:
        told = {"profile": profile.name_and_hash, "attributes": as_records(rows)}
        typer.echo(json.dumps(told, indent=1))
    elif csv_:
        typer.echo(as_csv(rows), nl=False)
    elif markdown:
        typer.echo(as_markdown(profile), nl=False)
    else:
        _print_table(profile, rows)


def _print_table(profile: Profile, rows: list[Described]) -> None:
    heads = ("tag", "attribute", "action", "objects", "source")
    table = Table(*heads, box=None, pad_edge=False)
    for row in rows:
        cells = (row.tag, row.attribute, row.action.name.lower(), row.objects, row.source)
        table.add_row(*map(Text, cells))
    for column in table.columns[:3]:
        column.no_wrap = True
    Console().print(table)
    for action, meaning in MEANING.items():
        typer.echo(f"{action.name.lower():11}{meaning}")
    typer.echo(f"options: {', '.join(sorted(profile.options))}")
    typer.echo(
        f"profile {profile.name_and_hash}: {len(rows)} attributes; "
        "what is not in this table is removed, at every depth"
    )

"""`kasari deid`: the de-identification profile, and the engine and its checker on files."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway.config import read_root_key
from gateway.contract.marks import NATIONAL_STAGE, SITE_STAGE
from gateway.data.deid import load_profile
from gateway.domain.deid import Profile
from gateway.domain.identity import KeyRing
from kasari.deid.checking import check_pair
from kasari.deid.describing import MEANING, Described, as_csv, as_markdown, as_records, describe
from kasari.deid.differences import Difference
from kasari.deid.offline import Offline, throw_away_ring
from kasari.deid.running import account_for, read_file, read_known, run_files, told
from kasari.errors import InputError

app = typer.Typer(no_args_is_help=True)

PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", help="The centre's policy (JSON): what it treats more strictly."),
]


class Stage(StrEnum):
    """How far to go."""

    SITE = SITE_STAGE
    NATIONAL = NATIONAL_STAGE


@app.callback(invoke_without_command=True)
def on_a_folder(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Option("--in", exists=True, help="As `run FOLDER`.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write to.")] = None,
    policy: PolicyFile = None,
    key: Annotated[Path | None, typer.Option(help="The centre's root key.")] = None,
    centre: Annotated[str, typer.Option(help="The centre that the root key belongs to.")] = "-",
    identity: Annotated[Path | None, typer.Option(help="JSON: what else to look for.")] = None,
    report: Annotated[Path | None, typer.Option(help="JSON to write.")] = None,
    what_if: Annotated[bool, typer.Option(help="Write nothing, print every action.")] = False,
) -> None:
    """What de-identification does, and doing it to files.

    Example: kasari deid --in export/ --out clean/ --key root.key --centre KUH
    """
    if folder is not None:
        run(folder, out, policy, Stage.NATIONAL, key, centre, identity, report, what_if)


@app.command()
def run(
    source: Annotated[Path, typer.Argument(exists=True, help="A DICOM file or a folder.")],
    out: Annotated[Path | None, typer.Option(help="Where to write: a file, or a folder.")] = None,
    policy: PolicyFile = None,
    stage: Annotated[Stage, typer.Option(help="The first stage only, or both.")] = Stage.NATIONAL,
    key: Annotated[
        Path | None, typer.Option(help="The centre's root key; without it, throw-away keys.")
    ] = None,
    centre: Annotated[str, typer.Option(help="The centre that the root key belongs to.")] = "-",
    identity: Annotated[
        Path | None, typer.Option(help="JSON: further words and birth dates to look for.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="JSON with every count to write.")] = None,
    what_if: Annotated[bool, typer.Option(help="Write nothing, print every action.")] = False,
    values: Annotated[bool, typer.Option(help="With --what-if: also the values.")] = False,
) -> None:
    """De-identify a file or a folder and let the checker read what was written.

    A file that engine or checker refuses is named with the reason and not written. Exit code 0
    only when all passed. Without a key the results link to nothing else.

    \b
    Examples:
      kasari deid run plan.dcm --out clean.dcm
      kasari deid run plan.dcm --what-if --values
      kasari deid run export/ --out clean/ --key root.key --centre KUH --report report.json
    """
    if (out is None) != what_if:
        raise InputError("name either --out, to write, or --what-if, to write nothing")
    ring = KeyRing.from_root(read_root_key(key), centre) if key else throw_away_ring()
    profile = load_profile(policy)
    account = account_for(profile, stage)
    engine = Offline(profile, ring, stage, read_known(identity))
    shown = (lambda path, found: _print_differences(path, found, values)) if what_if else None
    run_files(source, out, engine, account, shown)
    for line in told(account):
        typer.echo(line)
    if report is not None:
        report.write_text(json.dumps(account.as_record(), indent=1), "utf-8")
    raise typer.Exit(0 if account.whole else 1)


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


@app.command("describe")
def describe_profile(
    policy: PolicyFile = None,
    only: Annotated[
        str | None, typer.Option("--object", help="Only one kind of object, e.g. rtplan.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    csv_: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the docs page's part.")
    ] = False,
) -> None:
    """Print the profile: every attribute that may leave and what happens to it.

    Example: kasari deid describe --object rtplan --csv > rtplan.csv
    """
    profile = load_profile(policy)
    if only is not None and only not in profile.objects.values():
        raise InputError(f"no object {only}; there are {', '.join(profile.objects.values())}")
    rows = describe(profile, only)
    if as_json:
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
        table.add_row(row.tag, row.attribute, row.action.name.lower(), row.objects, row.source)
    for column in table.columns[:3]:
        column.no_wrap = True
    Console().print(table)
    for action, meaning in MEANING.items():
        typer.echo(f"{action.name.lower():11}{meaning}")
    typer.echo(
        f"profile {profile.name_and_hash}: {len(rows)} attributes; "
        "what is not in this table is removed, at every depth"
    )

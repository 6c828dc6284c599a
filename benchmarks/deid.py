"""De-identification: our engine against bare pydicom, and against others, on the same files.

    python -m benchmarks.deid --course FOLDER --peers PYTHON --orthanc FILE...

Identifiers are planted into copies of the files first. Each tool's output is read by the checker;
times are the best of some rounds and are compared with reading and writing alone in one process.
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate, generate_frames

from benchmarks.deid_orthanc import anonymize, plain_orthanc
from gateway.data.deid import load_profile
from gateway.domain.checker import (
    INVARIANTS,
    Elements,
    UnreadableError,
    check_unchanged,
    identity_in,
    instance_uids,
    read_elements,
    referenced_uids,
)
from gateway.domain.checker.searching import found_in
from gateway.domain.deid import NationalStage, SiteStage, read_identity
from gateway.domain.identity import KeyRing, site_pseudonym
from gateway.errors import RejectError
from kasari.setup.orthanc import find_orthanc

TOOLS = ("dicognito", "dicom-anonymizer", "deid")
FAMILY, GIVEN, PERSON_ID = "Virtanen", "Maija", "130452-308Y"
_SOP_INSTANCE, _ROI_NAME = 0x00080018, 0x30060026


@dataclass
class Outcome:
    """What one tool made of the files: name to bytes, and name to seconds."""

    data: dict[str, bytes] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    bare: dict[str, float] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def planted(data: bytes) -> bytes:
    """Put one patient's identifiers where clinics have them; geometry and dose stay."""
    dataset = dcmread(BytesIO(data))
    dataset.PatientName, dataset.PatientID = f"{FAMILY}^{GIVEN}", PERSON_ID
    dataset.PatientBirthDate = "19520413"
    dataset.StudyDescription = f"{FAMILY} rinta"
    dataset.private_block(0x3253, "PLANTED", create=True).add_new(1, "LO", f"{FAMILY} {GIVEN}")
    for keyword, attribute in (
        ("StructureSetROISequence", "ROIDescription"),
        ("BeamSequence", "BeamName"),
        ("BeamSequence", "BeamDescription"),
        ("DoseReferenceSequence", "DoseReferenceDescription"),
        ("ToleranceTableSequence", "ToleranceTableLabel"),
        ("PatientSetupSequence", "SetupTechniqueDescription"),
    ):
        for item in dataset.get(keyword, [])[:1]:
            setattr(item, attribute, FAMILY)
    if dataset.Modality == "RTDOSE":
        dataset.DoseComment = f"{FAMILY} {PERSON_ID}"
    if dataset.file_meta.TransferSyntaxUID.is_compressed:  # pydicom spoils fragments of odd length
        frames = generate_frames(dataset.PixelData, number_of_frames=1)
        dataset.PixelData = encapsulate(list(frames))
    buffer = BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def best(rounds: int, action: Callable[[], object]) -> float:
    seconds = []
    for _ in range(rounds):
        begin = time.process_time()
        action()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def read_and_write(data: bytes) -> None:
    dataset: Dataset = dcmread(BytesIO(data))
    dataset.save_as(BytesIO())


def ours(files: Mapping[str, bytes], rounds: int, both: bool) -> Outcome:
    """Run the first stage, or both, under keys made for this."""
    profile, ring = load_profile(), KeyRing.from_root(bytes(range(32)), "bench")
    first, second = SiteStage(profile, ring.site_keys()), NationalStage(profile, ring, {})
    pseudonym = site_pseudonym(ring.site_keys(), PERSON_ID)

    def run(data: bytes) -> bytes:
        read_identity(data)
        done = first.deidentify(data, pseudonym).data
        return second.deidentify(done).data if both else done

    outcome = Outcome()
    for name, data in files.items():
        try:
            outcome.data[name] = run(data)
        except RejectError as error:
            outcome.errors[name] = error.code
            continue
        outcome.seconds[name] = best(rounds, lambda data=data: run(data))
        outcome.bare[name] = best(rounds, lambda data=data: read_and_write(data))
    return outcome


def peer(python: Path, tool: str, files: Mapping[str, bytes], rounds: int) -> Outcome:
    """Run another tool in its own Python."""
    runner = Path(__file__).with_name("deid_peers.py")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as out:
        for name, data in files.items():
            Path(folder, name).write_bytes(data)
        paths = sorted(map(str, Path(folder).iterdir()))
        command = [str(python), "-I", str(runner), tool, str(rounds), out, *paths]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=3600)
        told = json.loads(done.stdout.splitlines()[-1])
        return Outcome(
            {path.name: path.read_bytes() for path in Path(out).iterdir()},
            {name: each["seconds"] for name, each in told.items() if "seconds" in each},
            {name: each["bare"] for name, each in told.items()},
            {name: each["error"] for name, each in told.items() if "error" in each},
        )


def orthanc(files: Mapping[str, bytes], rounds: int) -> Outcome | None:
    """Ask a plain Orthanc, where there is one."""
    program = find_orthanc(Path(".kasari/orthanc").resolve())
    if program is None:
        return None
    outcome = Outcome()
    with plain_orthanc(program) as client:
        for name, data in files.items():
            outcome.seconds[name], outcome.data[name] = anonymize(client, data, rounds)
            outcome.bare[name] = best(rounds, lambda data=data: read_and_write(data))
    return outcome


@dataclass
class Verdict:
    """What the checker finds in a tool's output, over all files."""

    identifiers: int = 0
    uids: int = 0
    private: int = 0
    lost: int = 0
    names: int = 0
    unreadable: int = 0
    references: int = 0


def judge(files: Mapping[str, bytes], outcome: Outcome) -> Verdict:
    verdict = Verdict()
    references: dict[str, frozenset[str]] = {}
    for name, written in outcome.data.items():
        before = read_elements(files[name])
        try:
            after = read_elements(written)
        except UnreadableError:
            verdict.unreadable += 1
            continue
        _add(verdict, before, after)
        references[_text(after.first(_SOP_INSTANCE))] = referenced_uids(after)
    verdict.references = resolved(references)
    return verdict


def _add(verdict: Verdict, before: Elements, after: Elements) -> None:
    known = identity_in(before, load_profile().vocabulary.words)
    verdict.identifiers += len(set(found_in(after, known)))
    verdict.uids += len(instance_uids(before) & instance_uids(after))
    verdict.private += sum(element.tag >> 16 & 1 for element in after.found)
    kind = _text(before.first(0x00080016))
    everything = {kind: frozenset(e.tag for e in before.found if not e.tag >> 16 & 1)}
    problems, _ = check_unchanged(before, after, everything)
    verdict.lost += len(problems)
    verdict.names += len(_names(before) & _names(after))


def _names(elements: Elements) -> set[bytes]:
    return {elements.value(e).strip() for e in elements.found if e.tag == _ROI_NAME and e.length}


def _text(value: bytes | None) -> str:
    return (value or b"").rstrip(b"\0 ").decode("ascii", "replace")


def resolved(references: Mapping[str, frozenset[str]]) -> int:
    return sum(len(targets & references.keys()) for targets in references.values())


def time_table(files: Mapping[str, bytes], outcomes: Mapping[str, Outcome]) -> list[str]:
    """Return Markdown: milliseconds, and how many times reading and writing alone."""
    sizes = [f"{name} ({len(data) / 1e6:.2f} MB)" for name, data in files.items()]
    lines = ["| Tool | " + " | ".join(sizes) + " |", "|---|" + "---|" * len(files)]
    for tool, outcome in outcomes.items():
        lines.append(f"| {tool} | " + " | ".join(_cell(outcome, name) for name in files) + " |")
    return lines


def result_table(files: Mapping[str, bytes], outcomes: Mapping[str, Outcome]) -> list[str]:
    """Return Markdown: what the checker found in what each tool wrote."""
    before = {_text(e.first(_SOP_INSTANCE)): referenced_uids(e) for e in _read(files)}
    names = sum(len(_names(elements)) for elements in _read(files))
    lines = [
        f"{len(files)} files with {resolved(before)} references that resolve and {names} structure "
        f"names; {len(INVARIANTS)} attributes may not change.",
        "",
        "| Tool | Identifiers left | UIDs left | Private left | Kinds of values lost or changed "
        "| References that resolve | Names kept | Failed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for tool, outcome in outcomes.items():
        found = judge(files, outcome)
        failed = len(outcome.errors) + found.unreadable
        cells = (found.identifiers, found.uids, found.private, found.lost, found.references)
        lines.append(f"| {tool} | " + " | ".join(map(str, (*cells, found.names, failed))) + " |")
    return lines


def _read(files: Mapping[str, bytes]) -> list[Elements]:
    return [read_elements(data) for data in files.values()]


def _cell(outcome: Outcome, name: str) -> str:
    if name not in outcome.seconds:
        return outcome.errors.get(name, "-")
    seconds = outcome.seconds[name]
    return f"{seconds * 1e3:.2f} ms, {seconds / outcome.bare[name]:.2f}x"


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="De-identification, timed and checked.")
    parser.add_argument("files", nargs="+", type=Path, help="files to time")
    parser.add_argument("--course", type=Path, help="folder with further files of one course")
    parser.add_argument("--peers", type=Path, help="a Python with dicognito, deid and the like")
    parser.add_argument("--orthanc", action="store_true", help="also Orthanc's /anonymize")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--out", type=Path, help="Markdown to write")
    return parser.parse_args()


def is_dicom(path: Path) -> bool:
    return path.is_file() and path.read_bytes()[128:132] == b"DICM"


def run_all(
    files: Mapping[str, bytes], rounds: int, wanted: argparse.Namespace
) -> dict[str, Outcome]:
    """Run every tool over the same files."""
    outcomes = {
        "ours, first stage": ours(files, rounds, both=False),
        "ours, both stages": ours(files, rounds, both=True),
    }
    slow = max(1, rounds // 5)
    for tool in TOOLS if wanted.peers else ():
        outcomes[tool] = peer(wanted.peers, tool, files, slow)
    asked = orthanc(files, slow) if wanted.orthanc else None
    if asked is not None:
        outcomes["Orthanc /anonymize"] = asked
    return outcomes


def main() -> None:
    wanted = read_arguments()
    more = sorted(wanted.course.rglob("*")) if wanted.course else []
    originals = {path.name: path.read_bytes() for path in [*more, *wanted.files] if is_dicom(path)}
    files = {name: planted(data) for name, data in originals.items()}
    timed = {path.name: originals[path.name] for path in wanted.files}
    times = run_all(timed, wanted.rounds, wanted)
    results = run_all(files, 1, wanted)
    text = "\n".join([*time_table(timed, times), "", *result_table(files, results)])
    print(text)
    if wanted.out:
        wanted.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

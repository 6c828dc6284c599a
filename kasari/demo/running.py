"""The main job, step by step. Every step may be repeated: a second run changes no count."""

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gateway.contract.receipts import SubmissionState
from gateway.domain.courses import CourseState
from kasari.demo.centres import Steward, T, patiently
from kasari.demo.inputs import PUBLIC_CENTRE, CentreInput, prepare_inputs
from kasari.demo.memory import peak_memory_mb
from kasari.demo.outcome import CentreOutcome, Outcome
from kasari.demo.researcher import Researcher
from kasari.errors import InputError, StackError
from kasari.push import Ledger, destination, find_files, ledger_file, push
from kasari.stack import Stack, publish, start_stack

WAIT_S: Final = 600.0
NEEDED_BYTES: Final = 800 << 20
LOOK_S: Final = 0.2
KNOWN_GAP: Final = "1 of 98 CT slices"
COMMENT: Final = "Known to be incomplete: a public example, released to show the way through"


@dataclass(frozen=True)
class Wish:
    """What to run."""

    folder: Path
    patients: int = 12
    seed: int = 5
    centres: tuple[str, ...] = ("KUH", "Tyks")
    declined: int | None = None
    """Patients who say no; None is one in twelve."""


@dataclass
class _Notes:
    """What is remembered on the way."""

    held_for: list[str] = field(default_factory=list)
    public_seconds: float | None = None
    refused: dict[str, Counter[int]] = field(default_factory=dict)
    """Per centre and DIMSE status, in this run."""
    rows: dict[str, dict[str, int]] = field(default_factory=dict)


class Demo:
    """Runs the job and says what came of it."""

    def __init__(self, wish: Wish, console: Console) -> None:
        self._wish = wish
        self._console = console
        self._notes = _Notes()
        self.stack: Stack

    def run(self) -> Outcome:
        """Start the stack, send everything, wait until it is harmonized, ask for a cohort."""
        began = time.monotonic()
        with self._console.status("starting ...") as shown:
            self.stack = start_stack(self._wish.folder / "stack", self._wish.centres, shown.update)
            publish(self.stack)
            inputs = prepare_inputs(
                self._wish.folder,
                self._wish.centres,
                self._wish.patients,
                self._wish.seed,
                shown.update,
                self._wish.declined,
            )
            self._import_lists(inputs, shown.update)
        with self._progress() as progress:
            self._public_course(inputs, progress)
            for centre in inputs:
                self._push(centre.name, centre.dicom[0], progress)
            self._wait(inputs, progress)
        return self._outcome(inputs, time.monotonic() - began)

    def _import_lists(self, inputs: list[CentreInput], tell: Callable[[str], None]) -> None:
        """Consents first: rows of nobody who consented are passed over."""
        for centre in inputs:
            steward = self._steward(centre.name)
            tell(f"consents, clinical rows, toxicity and questionnaires of {centre.name}")
            for path in centre.consents:
                self._patiently(partial(steward.consents, path))
            if centre.screening.is_file():
                self._patiently(partial(steward.screening, centre.screening))
            counts: dict[str, int] = {}
            for kind, path in centre.tables:
                found = self._patiently(partial(steward.table, kind, path))
                counts[kind] = counts.get(kind, 0) + found["rows"] - found["skipped"]
            self._notes.rows[centre.name] = counts

    def _public_course(self, inputs: list[CentreInput], progress: Progress) -> None:
        """Send the public course alone, to time it; release it as a steward would."""
        public = next((one for one in inputs if one.name == PUBLIC_CENTRE), None)
        if public is None:
            return
        before = self._harmonized().get(PUBLIC_CENTRE, 0)
        began = time.monotonic()
        if self._push(PUBLIC_CENTRE, public.dicom[-1], progress):
            self._until(lambda: self._harmonized().get(PUBLIC_CENTRE, 0) > before)
            self._notes.public_seconds = time.monotonic() - began

    def _push(self, name: str, folder: Path, progress: Progress) -> int:
        """Send a folder as a TPS would. Returns how many files were new to the centre."""
        files = find_files(folder).files
        to, ledger = destination(self.stack, name), Ledger(ledger_file(self.stack, name))
        task = progress.add_task(f"{name}: {folder.parent.name} by C-STORE", total=len(files))
        call = partial(push, files, to, ledger, 2, lambda _file: progress.advance(task))
        outcome = self._patiently(call)
        refused = self._notes.refused.setdefault(name, Counter())
        refused.update(outcome.counts())
        return outcome.sent

    def _wait(self, inputs: list[CentreInput], progress: Progress) -> None:
        total = sum(centre.courses for centre in inputs)
        task = progress.add_task("courses harmonized", total=total)

        def done() -> bool:
            found = sum(self._harmonized().values())
            progress.update(task, completed=found)
            return found >= total

        self._until(done)

    def _until(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + WAIT_S
        while not self._patiently(done):
            if time.monotonic() > end:
                return  # the outcome says what is missing
            self._release_held()
            self._patiently(self.stack.ensure_running)
            time.sleep(LOOK_S)

    def _release_held(self) -> None:
        """Release the public course; what a person has sent besides is theirs to judge."""
        steward = self._steward(PUBLIC_CENTRE)
        for course in self._patiently(steward.courses):
            texts = [reason["text"] for reason in course["reasons"]]
            if course["state"] == CourseState.HELD and any(KNOWN_GAP in text for text in texts):
                self._notes.held_for = texts
                self._patiently(partial(steward.release, course["id"], COMMENT))

    def _harmonized(self) -> dict[str, int]:
        courses = self._status()["courses"]
        return {name: states.get(SubmissionState.HARMONIZED, 0) for name, states in courses.items()}

    def _status(self) -> dict[str, Any]:
        return self._patiently(Researcher(self.stack).status)

    def _outcome(self, inputs: list[CentreInput], seconds: float) -> Outcome:
        status = self._status()
        return Outcome(
            centres=tuple(self._centre(centre, status) for centre in inputs),
            archive=status,
            answer=self._patiently(Researcher(self.stack).ask),
            held_for=tuple(self._notes.held_for),
            public_seconds=self._notes.public_seconds,
            seconds=seconds,
            memory_mb={
                name: peak_memory_mb(pid)
                for name, pid in self.stack.processes().items()
                if pid is not None
            },
        )

    def _centre(self, centre: CentreInput, status: dict[str, Any]) -> CentreOutcome:
        gateway = self._patiently(self._steward(centre.name).status)
        states = status["courses"].get(centre.name, {})
        return CentreOutcome(
            name=centre.name,
            expected=centre.courses,
            declined=centre.declined,
            instances=int(gateway["instances"]["delivered"]),
            delivered=int(gateway["courses"][CourseState.DELIVERED]),
            harmonized=int(states.get(SubmissionState.HARMONIZED, 0)),
            failed=int(states.get(SubmissionState.FAILED, 0)),
            rows=self._notes.rows.get(centre.name, {}),
            refused=dict(self._notes.refused.get(centre.name, {})),
        )

    def _steward(self, name: str) -> Steward:
        return Steward(self.stack.centre(name))

    def _patiently(self, call: Callable[[], T]) -> T:
        return patiently(self.stack, call)

    def _progress(self) -> Progress:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        return Progress(*columns, TimeElapsedColumn(), console=self._console)


def check_folder(folder: Path) -> None:
    """Raise `StackError` if the folder cannot hold the demo."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        text = f"{folder} cannot be used ({error.strerror}); name another with --data"
        raise StackError(text) from None
    if free < NEEDED_BYTES:
        text = f"{folder} has {free >> 20} MB left and the demo needs {NEEDED_BYTES >> 20} MB"
        raise StackError(f"{text}; make room, or name another folder with --data")


def remember_wish(folder: Path, patients: int, seed: int) -> None:
    """Raise `InputError` if the folder holds the demo of another cohort: counts would mix."""
    path, wish = folder / "wish.json", {"patients": patients, "seed": seed}
    if path.exists():
        known = json.loads(path.read_text("utf-8"))
        if known != wish:
            text = f"{folder} holds the demo of {known['patients']} patients, seed {known['seed']}"
            raise InputError(f"{text}; name another folder with --data")
    else:
        path.write_text(json.dumps(wish) + "\n", encoding="utf-8")

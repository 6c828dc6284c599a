"""The stack: site Orthanc and gateway per centre, archive Orthanc, harmonizer; all on loopback."""

import fcntl
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kasari.errors import InputError, StackError
from kasari.setup import OWN_FOLDER, ensure_orthanc, ensure_site_packages
from kasari.stack.health import Probe, Starting, wait_until_healthy
from kasari.stack.layout import Layout, write_private
from kasari.stack.ports import choose_ports, is_free, process_of, usual_ports
from kasari.stack.process import Program, Running, ask_to_end, find, start, stop
from kasari.stack.programs import probes, process_names, programs
from kasari.stack.settings import GATEWAY_USER, ROLES, Writer, ae_title, url

CENTRE_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,16}")
DEFAULT_FOLDER: Final = OWN_FOLDER / "data"
PUBLISHED: Final = OWN_FOLDER / "stack.json"
ROUNDS: Final = 10
"""Starts of what ends while others still start."""
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Centre:
    """One hospital's part of a running stack."""

    name: str
    ae_title: str
    dicom_port: int
    gateway_url: str
    orthanc_url: str
    operator_token_file: Path
    orthanc_password_file: Path

    def operator_token(self) -> str:
        return self.operator_token_file.read_text("ascii").strip()

    def orthanc_login(self) -> tuple[str, str]:
        return GATEWAY_USER, self.orthanc_password_file.read_text("ascii").strip()

    def as_json(self) -> dict[str, str | int]:
        return {
            name: value if isinstance(value, int) else str(value)
            for name, value in vars(self).items()
            if name != "name"
        }


class Stack:
    """A stack that was started: where everything is, and keeping it running."""

    def __init__(self, layout: Layout, ports: dict[str, int], centres: tuple[str, ...]) -> None:
        self._layout = layout
        self._ports = ports
        self.centres = {name: self._describe(name) for name in centres}

    @property
    def folder(self) -> Path:
        return self._layout.folder

    @property
    def archive_url(self) -> str:
        """The harmonizer: the one door to the archive."""
        return url(self._ports["harmonizer"])

    def centre(self, name: str) -> Centre:
        """Raises `InputError` when no such centre is in this stack."""
        if name not in self.centres:
            raise InputError(f"no centre {name} runs here; there are {', '.join(self.centres)}")
        return self.centres[name]

    def reader_token_file(self, role: str = "admin") -> Path:
        return self._layout.secret("readers", f"{role}.token")

    def reader_token(self, role: str = "admin") -> str:
        return self.reader_token_file(role).read_text("ascii").strip()

    def folders(self) -> dict[str, Path]:
        """Each part's data, by name: `KUH/orthanc`, `KUH/gateway`, `archive`, `harmonizer`."""
        found = {"archive": self._layout.archive, "harmonizer": self._layout.harmonizer}
        for name in self.centres:
            found[f"{name}/orthanc"] = self._layout.centre(name) / "orthanc"
            found[f"{name}/gateway"] = self._layout.centre(name) / "gateway"
        return found | {"logs": self._layout.logs}

    def description(self) -> dict[str, Any]:
        """What `stack.json` holds: addresses, and files that hold tokens, but no token."""
        return {
            "data_folder": str(self.folder),
            "harmonizer_url": self.archive_url,
            **{f"{role}_token_file": str(self.reader_token_file(role)) for role in ROLES},
            "centres": {name: centre.as_json() for name, centre in self.centres.items()},
            "ports": self._ports,
        }

    def processes(self) -> dict[str, int | None]:
        """Name to pid; None for one that does not run."""
        names = process_names(tuple(self.centres))
        running = {name: find(self._layout.pid(name)) for name in names}
        return {name: process.pid if process else None for name, process in running.items()}

    def ensure_running(self) -> list[str]:
        """Start what has died. Returns the names of what was started.

        As long as all of it runs nothing is read or written, so that it may be asked each second:
        other settings are taken in by `start_stack`, or when something has died.
        """
        if all(self.processes().values()):
            return []
        stack, started = _start(self._layout, tuple(self.centres), lambda _text: None)
        self._ports, self.centres = stack._ports, stack.centres
        return started

    def _describe(self, name: str) -> Centre:
        return Centre(
            name=name,
            ae_title=ae_title(name),
            dicom_port=self._ports[f"dicom-{name}"],
            gateway_url=url(self._ports[f"gateway-{name}"]),
            orthanc_url=url(self._ports[f"orthanc-{name}"]),
            operator_token_file=self._layout.secret(name, "operator.token"),
            orthanc_password_file=self._layout.secret(name, "orthanc.password"),
        )


def start_stack(
    folder: Path,
    centres: tuple[str, ...] = ("KUH", "Tyks"),
    progress: Progress = lambda _text: None,
) -> Stack:
    """Start whatever of the stack does not run yet, and wait until all of it does its work.

    Centres of an earlier start stay. The processes outlive the caller.

    Raises
    ------
    StackError
        A process does not start; the text names its log.
    """
    bad = [name for name in centres if not CENTRE_NAME.fullmatch(name)]
    if bad:
        raise InputError(f"a centre is named by up to 16 letters and digits, not {bad[0]!r}")
    layout = Layout(folder.resolve())
    try:
        return _start(layout, centres, progress)[0]
    except OSError as error:
        text = f"The data folder {layout.folder} cannot be written ({error.strerror})"
        raise StackError(f"{text}: make room, or name another one with --data.") from error


def open_stack(folder: Path) -> Stack:
    """The stack that was started in a folder.

    Raises
    ------
    StackError
        None was.
    """
    layout = Layout(folder.resolve())
    described = _read_description(layout)
    if not described:
        raise StackError(f"no stack runs in {folder}; start one with `kasari up`")
    return Stack(layout, described["ports"], tuple(described["centres"]))


def stop_stack(folder: Path) -> list[str]:
    """Stop every process of the stack in a folder; the names of those that ran."""
    layout = Layout(folder.resolve())
    described = _read_description(layout)
    if not described:
        return []
    with _locked(layout):
        names = process_names(tuple(described["centres"]))
        running = {name: found for name in names if (found := find(layout.pid(name)))}
        for process in running.values():
            ask_to_end(process)
        for name, process in running.items():
            stop(process, layout.pid(name))
    return list(running)


def chosen_folder(data: Path | None) -> Path:
    """Return the folder that a command means: the named one, else of the stack started last.

    One in the default folder that still runs comes before one that has ended, as a demo does.
    """
    if data is not None:
        return data
    try:
        last = Path(json.loads(PUBLISHED.read_text("utf-8"))["data_folder"])
    except (OSError, ValueError, KeyError, TypeError):
        return DEFAULT_FOLDER
    if not _runs(last) and (_runs(DEFAULT_FOLDER) or not Layout(last).description.exists()):
        return DEFAULT_FOLDER
    return last


def publish(stack: Stack) -> None:
    """Make this the stack that commands mean when they are told no other."""
    write_private(PUBLISHED, _text(stack))


def _runs(folder: Path) -> bool:
    try:
        return any(open_stack(folder).processes().values())
    except StackError:
        return False


def _text(stack: Stack) -> bytes:
    return (json.dumps(stack.description(), indent=1) + "\n").encode()


def _start(layout: Layout, centres: tuple[str, ...], progress: Progress) -> tuple[Stack, list[str]]:
    layout.ensure()
    orthanc = ensure_orthanc(OWN_FOLDER / "orthanc")
    packages = ensure_site_packages(OWN_FOLDER / "site-packages", orthanc.python)
    started: list[str] = []
    with _locked(layout):
        for last in (False, False, True):
            stack, ports = _plan(layout, centres)
            writer = Writer(layout, ports, orthanc)
            wanted = programs(writer, tuple(stack.centres), orthanc, packages)
            write_private(layout.description, _text(stack))
            try:
                asked = probes(layout, ports, tuple(stack.centres))
                started += _start_missing(wanted, asked, progress)
                break
            except StackError:
                # between choosing a port and using it somebody else may have taken it
                if last or not _has_lost_a_port(layout, ports):
                    raise
    return stack, list(dict.fromkeys(started))


def _plan(layout: Layout, centres: tuple[str, ...]) -> tuple[Stack, dict[str, int]]:
    described = _read_description(layout)
    every = tuple(dict.fromkeys([*described.get("centres", {}), *centres]))
    alive = {name for name in process_names(every) if find(layout.pid(name))}
    usual = usual_ports(every)
    ours = {name for name in usual if process_of(name) in alive}
    ports = choose_ports(usual, described.get("ports", {}), ours)
    return Stack(layout, ports, every), ports


def _has_lost_a_port(layout: Layout, ports: dict[str, int]) -> bool:
    """Whether somebody else listens on a port of a process that does not run."""
    dead = {name for name in ports if not find(layout.pid(process_of(name)))}
    return any(not is_free(ports[name]) for name in dead)


def _start_missing(wanted: list[Program], asked: dict[str, Probe], progress: Progress) -> list[str]:
    """Start what does not run; also what ends meanwhile, because another may wait for it."""
    started: list[str] = []
    waiting: dict[str, Starting] = {}
    for _ in range(ROUNDS):
        others: dict[str, Running] = {}
        for program in wanted:
            running = _fresh(program, progress)
            if running is None:
                progress(f"{program.name} starts")
                running = start(program)
                waiting[program.name] = Starting(running, asked[program.name], program.log)
                started.append(program.name)
            others[program.name] = running
        ready = {name: one for name, one in others.items() if name not in waiting}
        left = wait_until_healthy(waiting, progress, others=ready)
        if not left and all(running.is_alive for running in others.values()):
            return list(dict.fromkeys(started))
        waiting = {name: waiting[name] for name in left}
    raise StackError(f"Processes end again and again. The reasons are in {wanted[0].log.parent}.")


def _fresh(program: Program, progress: Progress) -> Running | None:
    """Return the running process, unless its settings have changed: then it is stopped."""
    running = find(program.pid_file)
    if running and running.fingerprint != program.fingerprint:
        progress(f"{program.name} stops: its settings have changed")
        stop(running, program.pid_file)
        return None
    return running


def _read_description(layout: Layout) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(layout.description.read_text("utf-8"))
        return found if found["ports"] and "centres" in found else {}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


@contextmanager
def _locked(layout: Layout) -> Iterator[None]:
    """One start or stop at a time in a folder."""
    with layout.lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

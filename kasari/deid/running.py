"""Running the engine over a file or a folder, and telling a person what happened."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.domain.checker import CHECKER_VERSION
from gateway.domain.deid import ENGINE_VERSION
from kasari.deid.differences import Difference, differences
from kasari.deid.offline import Offline, Outcome, files_of
from kasari.errors import InputError
from kasari.files import read_file


@dataclass
class Account:
    """What became of every file."""

    profile: str
    stage: str
    key_id: str
    """Of the root key; empty for keys that were thrown away."""
    passed: int = 0
    written: dict[str, str] = field(default_factory=dict)
    """File as the sender named it, to the file that was written."""
    refused: dict[str, str] = field(default_factory=dict)
    """File as the sender named it, to the reason."""
    actions: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    references_before: int = 0
    references_after: int = 0

    @property
    def whole(self) -> bool:
        """Whether every file passed and no reference was lost."""
        return not self.refused and self.references_after >= self.references_before

    def as_record(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        return {
            "profile": self.profile,
            "engine": ENGINE_VERSION,
            "checker": CHECKER_VERSION,
            "stage": self.stage,
            "key_id": self.key_id or None,
            "passed": self.passed,
            "refused": self.refused,
            "written": self.written,
            "actions": dict(sorted(self.actions.items())),
            "values_compared": self.compared,
            "references": {"before": self.references_before, "after": self.references_after},
        }


def run_files(
    source: Path,
    out: Path | None,
    engine: Offline,
    account: Account,
    into_folder: bool = False,
    show: Callable[[Path, list[Difference]], None] | None = None,
) -> None:
    """De-identify one file to the file `out`, or a folder to the folder `out`.

    Parameters
    ----------
    out
        None writes nothing.
    into_folder
        Whether `out` is a folder although `source` is a file.
    show
        Called with what was done to each attribute of a file that passed.
    """
    files = files_of(source)
    if not files:
        raise InputError(f"there is no file in {source}")
    for path in files:
        data = read_file(path)
        outcome = engine.take(data)
        told = path.name if path == source else str(path.relative_to(source))
        _note(account, told, outcome)
        if outcome.data is None:
            continue
        if show is not None:
            show(path, differences(data, outcome.data))
        if out is not None:
            target = out if path == source and not into_folder else out / outcome.name
            _write(target, outcome.data)
            account.written[told] = target.name
    account.references_before, account.references_after = engine.seen.resolved()


def _note(account: Account, told: str, outcome: Outcome) -> None:
    account.actions.update(outcome.actions)
    account.compared += outcome.compared
    if outcome.data is None:
        account.refused[told] = outcome.reason
    else:
        account.passed += 1


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{path.parent} is a file: name a folder to write into") from None
    except OSError as error:
        raise InputError(f"{path} cannot be written ({type(error).__name__})") from None


def told(account: Account) -> Iterator[str]:
    """Yield the account line by line."""
    for file, reason in account.refused.items():
        yield f"refused {file}: {reason}"
    done = ", ".join(f"{word} {count}" for word, count in sorted(account.actions.items()))
    yield f"attributes: {done or 'none'}"
    yield (
        f"checker {CHECKER_VERSION}: {account.passed} passed, {len(account.refused)} refused; "
        f"{account.compared} values compared and unchanged"
    )
    before, after = account.references_before, account.references_after
    yield f"references: {before} resolved before, {after} after"
    keys = f"key {account.key_id}" if account.key_id else "keys that were thrown away"
    yield f"profile {account.profile}, engine {ENGINE_VERSION}, stage {account.stage}, {keys}"

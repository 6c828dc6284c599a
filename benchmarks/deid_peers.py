"""Other de-identifiers over the same files; started with the Python that has them installed.

    python -I deid_peers.py TOOL ROUNDS OUT FILE...

Prints JSON: per file the best seconds of reading, de-identifying and writing in memory, and of
reading and writing alone; what was written lies in OUT under the file's own name.
"""

import json
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread

Anonymise = Callable[[Dataset, Path], Dataset]


def dicognito() -> Anonymise:
    from dicognito.anonymizer import Anonymizer

    anonymizer = Anonymizer()

    def run(dataset: Dataset, _path: Path) -> Dataset:
        anonymizer.anonymize(dataset)
        return dataset

    return run


def dicom_anonymizer() -> Anonymise:
    from dicomanonymizer import anonymize_dataset

    def run(dataset: Dataset, _path: Path) -> Dataset:
        anonymize_dataset(dataset)
        return dataset

    return run


def deid() -> Anonymise:
    from deid.config import DeidRecipe
    from deid.dicom import replace_identifiers

    recipe = DeidRecipe()

    def run(_dataset: Dataset, path: Path) -> Dataset:
        done = replace_identifiers(str(path), deid=recipe, save=False, disable_skip=True)[0]
        # it drops the transfer syntax, without which nobody could read the rest
        done.file_meta.TransferSyntaxUID = (
            dcmread(path, stop_before_pixels=True).file_meta["TransferSyntaxUID"].value
        )
        return done

    return run


TOOLS = {"dicognito": dicognito, "dicom-anonymizer": dicom_anonymizer, "deid": deid}


def best(rounds: int, action: Callable[[], Any]) -> float:
    """Return the shortest of some runs in seconds."""
    seconds = []
    for _ in range(rounds):
        begin = time.process_time()
        action()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def written(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def measure(tool: str, anonymise: Anonymise, path: Path, rounds: int) -> dict[str, Any]:
    data = path.read_bytes()

    def whole() -> bytes:
        # deid reads the file itself; the others are given what was read
        dataset = Dataset() if tool == "deid" else dcmread(BytesIO(data))
        return written(anonymise(dataset, path))

    told: dict[str, Any] = {"bare": best(rounds, lambda: written(dcmread(BytesIO(data))))}
    try:
        told["data"] = whole()
        told["seconds"] = best(rounds, whole)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a foreign tool's end is a result
        told["error"] = type(error).__name__
    return told


def main() -> None:
    tool, rounds, out, *files = sys.argv[1:]
    anonymise = TOOLS[tool]()
    results = {}
    for path in map(Path, files):
        told = measure(tool, anonymise, path, int(rounds))
        if "data" in told:
            Path(out, path.name).write_bytes(told.pop("data"))
        results[path.name] = told
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()

"""The archive's code lists in the form that a gateway carries with it."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from harmonizer.data.ctcae import load_ctcae
from harmonizer.data.instruments import load_instruments


def code_lists() -> dict[str, Any]:
    """Return what `gateway/data/clinical/codelists.json` must hold."""
    return {
        "ctcae": {
            version: [[t.code, t.term, sorted(t.grades)] for t in edition.by_code.values()]
            for version, edition in load_ctcae().versions.items()
        },
        "instruments": {
            name: {
                "version": instrument.version,
                "answers": {
                    code: sorted(item.recode) or list(range(item.lowest, item.highest + 1))
                    for code, item in instrument.items.items()
                },
            }
            for name, instrument in load_instruments().items()
        },
    }


def published_path() -> Path:
    return Path(str(files("gateway.data.clinical").joinpath("codelists.json")))


def publish() -> Path:
    """Write the code lists to the gateway's data and return where."""
    path = published_path()
    path.write_text(json.dumps(code_lists(), separators=(",", ":")) + "\n", "utf-8")
    return path

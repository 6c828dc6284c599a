"""Schedules of timepoints, one YAML file per protocol."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from harmonizer.domain.proms import Anchor, Schedule, Timepoint


@cache
def load_schedule(name: str = "default") -> Schedule:
    """Return one protocol's schedule."""
    text = files(__package__ or __name__).joinpath(f"{name}.yaml").read_text("utf-8")
    raw: dict[str, Any] = yaml.safe_load(text)
    return Schedule(
        id=raw["id"],
        version=str(raw["version"]),
        assumed_treatment_days=int(raw["assumed_treatment_days"]),
        timepoints=tuple(
            Timepoint(code, Anchor(body["from"]), *(int(day) for day in body["days"]))
            for code, body in raw["timepoints"].items()
        ),
        instruments={name: frozenset(sites) for name, sites in raw["instruments"].items()},
    )

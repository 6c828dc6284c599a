"""Site templates, volume limits and published constraints for the quality rules."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import chain
from math import sqrt
from typing import Any, Final

import yaml

from harmonizer.domain.dose.metrics import parse_metric
from harmonizer.domain.quality.knowledge import Constraint, Knowledge, Template, VolumeRange
from harmonizer.errors import ConfigError

STEREOTACTIC: Final = (1, 3, 5)
"""Fractions that the table of stereotactic limits has columns for."""


@cache
def load_knowledge() -> Knowledge:
    """Read the tables, once.

    Raises
    ------
    ConfigError
        If a table is damaged: names the file.
    """
    try:
        templates, volumes, constraints = (
            _read(n) for n in ("templates", "volumes", "constraints")
        )
        return Knowledge(
            templates={site: _template(site, row) for site, row in templates["sites"].items()},
            constraints=(
                *(_constraint(row, constraints) for row in constraints["constraints"]),
                *chain.from_iterable(
                    _stereotactic(row, constraints) for row in constraints["stereotactic"]
                ),
            ),
            volumes={name: _limits(name, *row) for name, row in volumes["limits"].items()},
            version="-".join(str(t["version"]) for t in (templates, volumes, constraints)),
        )
    except (KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        text = f"a table in harmonizer/data/quality is damaged ({type(error).__name__})"
        raise ConfigError(f"{text}; install the package again") from error


def _read(name: str) -> dict[str, Any]:
    found = yaml.safe_load(files(__name__).joinpath(f"{name}.yaml").read_text("utf-8"))
    return dict(found)


def _template(site: str, row: dict[str, Any]) -> Template:
    groups = tuple(tuple(group) for group in row["any_of"])
    return Template(site, tuple(row["expected"]), groups, bool(row["lateral"]))


def _constraint(row: dict[str, Any], table: dict[str, Any]) -> Constraint:
    parse_metric(row["metric"])
    source = table["sources"][row["source"]]
    return Constraint(row["structure"], row["metric"], float(row["limit"]), row["endpoint"], source)


def _stereotactic(row: dict[str, Any], table: dict[str, Any]) -> Iterator[Constraint]:
    """Yield a row's constraints: one for each structure and number of fractions."""
    parse_metric(row["metric"])
    source = table["sources"][row["source"]]
    for structure in row["structures"]:
        for fractions, limit in zip(STEREOTACTIC, row["limits"], strict=True):
            yield Constraint(
                structure, row["metric"], float(limit), row["endpoint"], source, fractions
            )


def _limits(name: str, low: float, high: float) -> VolumeRange:
    return VolumeRange(name, sqrt(low * high), low_cm3=float(low), high_cm3=float(high))

"""CTCAE v4.03, v5.0 and v6.0: codes, terms, possible grades. See README.md."""

import csv
import re
from functools import cache
from importlib.resources import files

from harmonizer.domain.clinical import CarriedGrade, Ctcae, CtcaeVersion, Term

VERSIONS = ("4.03", "5.0", "6.0")


@cache
def load_ctcae() -> Ctcae:
    """Return all versions and the official way from v5.0 to v6.0."""
    return Ctcae(
        versions={version: _version(version) for version in VERSIONS},
        from_5_to_6={
            (int(row["v5_code"]), int(grade)): CarriedGrade(int(code), int(new), mark == "=")
            for row in _rows("v5-to-v6.csv")
            for grade, mark, code, new in re.findall(r"(\d)([=~])(\d+):(\d)", row["grades"])
        },
    )


def _version(version: str) -> CtcaeVersion:
    return CtcaeVersion.of(
        version,
        (
            Term(int(row["code"]), row["term"], frozenset(int(g) for g in row["grades"]))
            for row in _rows(f"terms-{version}.csv")
        ),
    )


def _rows(name: str) -> list[dict[str, str]]:
    text = files(__package__ or __name__).joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter=";"))

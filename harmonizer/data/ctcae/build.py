"""Make the CTCAE tables here from NCI's workbooks saved as CSV.

    python -m harmonizer.data.ctcae.build V4.csv V5.csv V6.csv MAPPING.csv

Only facts are taken over: code, term, which grades a term has, and how a grade of v5.0 is carried
to v6.0. Definitions and grade texts are not.
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

HERE = Path(__file__).parent
SAME, CHANGED = "=", "~"
Row = Mapping[str, str]


def main(arguments: list[str]) -> None:
    """Write `terms-*.csv` and `v5-to-v6.csv` beside this file."""
    *editions, mapping = (_read(Path(name)) for name in arguments)
    for version, rows in zip(("4.03", "5.0", "6.0"), editions, strict=True):
        _write(f"terms-{version}.csv", ((r["meddra_code"], grades(r), r["term"]) for r in rows))
    lines = ["v5_code;grades", *(f"{code};{cell}" for code, cell in carried(mapping))]
    (HERE / "v5-to-v6.csv").write_text("\n".join(lines) + "\n", "utf-8")


def grades(row: Row) -> str:
    """Return the grades that a term has, e.g. `123`."""
    return "".join(str(g) for g in range(1, 6) if row[f"grade{g}"].strip(" -"))


def carried(rows: Iterable[Row]) -> Iterable[tuple[str, str]]:
    """Yield per v5.0 code its cell, e.g. `1=10002272:1 2~10002272:2` (`~`: not the same words)."""
    cells: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        grade = row["v5_field"].removeprefix("Grade ")
        if grade not in set("12345") or not row["v5_text"].strip(" -"):
            continue
        if grade in cells[row["v5_code"]]:
            raise ValueError(f"{row['v5_code']} grade {grade} is carried to two places")
        same = row["change_type"] in {"No change", "SOC change"}
        target = f"{row['v6_code']}:{row['v6_field'].removeprefix('Grade ')}"
        cells[row["v5_code"]][grade] = f"{grade}{SAME if same else CHANGED}{target}"
    for code, by_grade in sorted(cells.items()):
        yield code, " ".join(by_grade[g] for g in sorted(by_grade))


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _write(name: str, rows: Iterable[tuple[str, str, str]]) -> None:
    lines = [f"{code};{possible};{term.strip()}" for code, possible, term in sorted(rows)]
    (HERE / name).write_text("\n".join(["code;grades;term", *lines]) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

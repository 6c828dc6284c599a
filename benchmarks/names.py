"""How well structure names are read, per source and per language, beside plain methods.

    python benchmarks/names.py [--pairs pairs.csv --pairs more.csv --negatives negatives.csv]

Without tables it takes the project's own in `tests/golden/names`. `pairs`: columns raw_name,
tg263_name, language, source. `negatives`: raw_name, class, source.
Printed: names, first answer right, applied unseen (share and how many of these are right), and of
the rest how many have the right name among the first three and five. The plain methods answer the
same names: an exact table that ignores case and separators, and the nearest name by edit distance.
"""

import argparse
import csv
import os
import random
import re
import string
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz, process

from harmonizer.data.tg263 import load_nomenclature
from harmonizer.domain.nomenclature import (
    Kind,
    Mapper,
    Mapping,
    Matcher,
    RoiName,
    Rule,
    RuleSet,
)

OWN = Path(__file__).resolve().parents[1] / "tests" / "golden" / "names"
SPEED_NAMES = 10_000
NONE = "-"
"""The first answer where no name is given."""
WORD = re.compile(r"[^\W\d_]{5,}")
SIDE_WORDS = (
    ("Lt", "Rt"),
    ("left", "right"),
    ("L", "R"),
    ("li", "re"),
    ("sx", "dx"),
    ("vas", "oik"),
)
ARCHIVE_PATIENTS, ARCHIVE_STRUCTURES = 29_000, 25
CONFIDENCES = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 1.0)


@dataclass(frozen=True)
class Answer:
    """What a method says of a name: standard names, best first, and whether it would apply it.

    `is_organ` is not so of targets and planning aids.
    """

    names: tuple[str, ...]
    auto: bool
    is_organ: bool = True


Method = Callable[[str], Answer]


def read(paths: Iterable[Path]) -> list[dict[str, str]]:
    """Return the rows of all tables."""
    rows: list[dict[str, str]] = []
    for path in paths:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows += list(csv.DictReader(file))
    return rows


def ours(matcher: Matcher) -> Method:
    """Return the project's matcher as a method."""

    def answer(raw: str) -> Answer:
        found = matcher.match(raw)
        names = (found.tg263_name or NONE, *(a.tg263_name for a in found.alternatives))
        return Answer(names, found.auto, found.kind is Kind.ORGAN)

    return answer


def table_method(names: list[str]) -> Method:
    """Return exact look-up apart from case and separators."""
    table = {_bare(name): name for name in names}

    def answer(raw: str) -> Answer:
        found = table.get(_bare(raw))
        return Answer((found,) if found else (), found is not None)

    return answer


def nearest_method(names: list[str], bar: float = 90) -> Method:
    """Return the nearest names by edit distance; applied from `bar` per cent on."""
    bare = {_bare(name): name for name in names}

    def answer(raw: str) -> Answer:
        near = process.extract(_bare(raw), list(bare), scorer=fuzz.ratio, limit=5)
        names_found = tuple(bare[choice] for choice, _, _ in near)
        return Answer(names_found, bool(near) and near[0][1] >= bar)

    return answer


def _bare(name: str) -> str:
    return "".join(c for c in name.lower() if c not in " _-")


def line(title: str, rows: list[dict[str, str]], method: Method) -> str:
    """Return one line of the table."""
    answers = [(row["tg263_name"], method(row["raw_name"])) for row in rows]
    first = sum(a.names[:1] == (want,) for want, a in answers)
    auto = [(want, a) for want, a in answers if a.auto]
    right = sum(a.names[:1] == (want,) for want, a in auto)
    rest = [(want, a) for want, a in answers if not a.auto]
    top3 = sum(want in a.names[:3] for want, a in rest)
    top5 = sum(want in a.names[:5] for want, a in rest)
    return (
        f"{title[:42]:42} {len(rows):6} {_share(first, len(rows))} {_share(len(auto), len(rows))}"
        f" {_share(right, len(auto))} {_share(top3, len(rest))} {_share(top5, len(rest))}"
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:7.1f}" if whole else "      -"


def print_table(rows: list[dict[str, str]], methods: dict[str, Method]) -> None:
    """Print what each method reaches; the first one also by source and language."""
    header = ("first", "auto", "right", "top3", "top5")
    print(f"{'':42} {'names':>6}" + "".join(f" {h:>7}" for h in header))
    for name, method in methods.items():
        print(line(name, rows, method))
    method = next(iter(methods.values()))
    for column in ("language", "source"):
        print(f"-- by {column}")
        for value, _ in Counter(row[column] for row in rows).most_common():
            print(line(value, [r for r in rows if r[column] == value], method))


def print_negatives(rows: list[dict[str, str]], methods: dict[str, Method]) -> None:
    """Print how many names of no organ would be given one unseen, or be suggested one."""
    for name, method in methods.items():
        answers = [method(row["raw_name"]) for row in rows]
        applied = sum(a.auto and a.is_organ and bool(a.names) for a in answers)
        print(
            f"no organ, {name[:32]:32} {len(rows):6} applied {applied}"
            f" ({100 * applied / len(rows):.2f} %), suggested {sum(bool(a.names) for a in answers)}"
        )


def print_errors(rows: list[dict[str, str]], matcher: Matcher, most: int) -> None:
    """Print wrong first answers, those applied unseen first."""
    wrong: list[tuple[bool, str, str, Mapping]] = []
    for row in rows:
        found = matcher.match(row["raw_name"])
        if found.tg263_name != row["tg263_name"]:
            wrong.append((found.auto, row["raw_name"], row["tg263_name"], found))
    print(f"-- wrong: {len(wrong)}")
    for auto, raw, want, found in sorted(wrong, key=lambda w: not w[0])[:most]:
        mark = "APPLIED" if auto else f"{found.confidence:7.2f}"
        print(f"{mark} {raw!r}: {want}, read {found.tg263_name}; {found.reason}")


def misspelt(name: str, rng: random.Random) -> str | None:
    """Return the name with one slip inside a word of five letters or more; None without one.

    The slip is a letter lost, doubled or exchanged with the next, the word cut off, or a stray x.
    """
    words = list(WORD.finditer(name))
    if not words:
        return None
    word = rng.choice(words)
    at = rng.randrange(word.start() + 1, word.end() - 1)
    slips = (
        name[:at] + name[at + 1 :],
        name[:at] + name[at - 1 : at] + name[at:],
        name[:at] + name[at : at + 2][::-1] + name[at + 2 :],
        name[: max(at, word.start() + 3)] + name[word.end() :],
        f"{name} x",
    )
    return rng.choice(slips)


def print_reliability(rows: list[dict[str, str]], matcher: Matcher) -> None:
    """Print, for names with one slip each, how often a first answer of some confidence is right."""
    rng = random.Random(7)
    bins: dict[float, list[bool]] = {}
    for row in rows * 3:
        slipped = misspelt(row["raw_name"], rng)
        found = matcher.match(slipped) if slipped else None
        if found and found.tg263_name:
            low = max(edge for edge in CONFIDENCES if found.confidence >= edge)
            bins.setdefault(low, []).append(found.tg263_name == row["tg263_name"])
    print("-- names with one slip: confidence from, names, first right")
    for low, right in sorted(bins.items(), reverse=True):
        print(f"{low:5.2f} {len(right):6} {_share(sum(right), len(right))}")


def print_styles() -> None:
    """Print how the listed names are read when they are written as hospitals write them."""
    nomenclature = load_nomenclature()
    matcher = Matcher(nomenclature)
    organs = [
        s.name for s in nomenclature.structures if s.kind is Kind.ORGAN and "PRV" not in s.name
    ]
    sided = [(name[:-2], name[-1], name) for name in organs if name[-2:] in {"_L", "_R"}]
    styles: dict[str, list[tuple[str, str]]] = {
        "dots": [(name.replace("_", "."), name) for name in organs],
        "capitals": [(name.replace("_", " ").upper(), name) for name in organs],
        "one slip": [(s, n) for n in organs if (s := misspelt(n, random.Random(n)))],
        "a copy, (1)": [(f"{name} (1)", name) for name in organs],
    }
    for left, right in SIDE_WORDS:
        said = {"L": left, "R": right}
        glued = [(said[side] + root.replace("_", ""), name) for root, side, name in sided]
        styles[f"{left} before"] = [(f"{said[s]} {root}", name) for root, s, name in sided]
        styles[f"{left} behind"] = [(f"{root} {said[s]}", name) for root, s, name in sided]
        styles[f"{left} glued"] = glued
    print("-- house styles of the listed names: names, first right, applied, of these right")
    for style, rows in styles.items():
        answers = [(want, matcher.match(raw)) for raw, want in rows]
        applied = [(want, found) for want, found in answers if found.auto]
        first = sum(found.tg263_name == want for want, found in answers)
        right = sum(found.tg263_name == want for want, found in applied)
        shares = f"{_share(first, len(rows))} {_share(len(applied), len(rows))}"
        print(f"{style:20} {len(rows):6} {shares} {_share(right, len(applied))}")


def print_speed(rows: list[dict[str, str]]) -> None:
    """Print the processor time for 10,000 different names, and that of the whole command."""
    rng = random.Random(1)
    endings = ("", " old", "_AB", " 2", "_opt", " PRV5", "_new", " (1)")
    real = {
        f"{misspelt(row['raw_name'], rng) or row['raw_name']}{end}"
        for end in endings
        for row in rows
    }
    letters = string.ascii_letters + "  __0123456789"
    nonsense = {"".join(rng.choices(letters, k=rng.randint(4, 24))) for _ in range(SPEED_NAMES * 2)}
    for title, names in (("as written", sorted(real)), ("nonsense", sorted(nonsense))):
        rng.shuffle(names)
        names = names[:SPEED_NAMES]
        start = time.process_time()
        matcher = Matcher(load_nomenclature())
        made = time.process_time()
        for name in names:
            matcher.match(name)
        took = time.process_time() - made
        print(
            f"speed, {title}: made in {made - start:.2f} s, {len(names)} names in {took:.2f} s,"
            f" kasari names map {_command_seconds(names):.2f} s"
        )


def _command_seconds(names: list[str]) -> float:
    """Return the processor time of `kasari names map` for some names, with its start."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "names.csv"
        with source.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["raw_name"], *([name] for name in names)])
        out = str(Path(folder) / "mapped.csv")
        command = [
            sys.executable,
            "-m",
            "kasari",
            "names",
            "map",
            "--in",
            str(source),
            "--out",
            out,
        ]
        before = os.times()
        subprocess.run(command, check=True, capture_output=True)
        after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    )


def print_archive_speed() -> None:
    """Print the time to map the structure sets of a whole archive by rules, on one core."""
    rng = random.Random(5)
    rules = tuple(Rule(f"oar {n}", "Lung_L", "A", "agreed", "2026-01-01") for n in range(5_000))
    mapper = Mapper(load_nomenclature(), RuleSet(1, rules))
    sets = [
        [RoiName(k, f"OAR_{rng.randrange(5_000)}") for k in range(ARCHIVE_STRUCTURES)]
        for _ in range(1_000)
    ]
    start = time.perf_counter()
    for n in range(ARCHIVE_PATIENTS):
        mapper.map_set(sets[n % len(sets)])
    took = time.perf_counter() - start
    print(
        f"archive: {ARCHIVE_PATIENTS} sets of {ARCHIVE_STRUCTURES} names by rules in {took:.0f} s"
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=Path, action="append")
    parser.add_argument("--negatives", type=Path, action="append")
    parser.add_argument("--errors", type=int, default=10)
    given = parser.parse_args()
    matcher = Matcher(load_nomenclature())
    names = [s.name for s in load_nomenclature().structures if s.kind is Kind.ORGAN]
    methods = {
        "KaSARi": ours(matcher),
        "exact table": table_method(names),
        "nearest by edit distance": nearest_method(names),
    }
    own = not given.pairs and not given.negatives
    pairs = read(given.pairs or [OWN / "organs.csv"])
    negatives = read(given.negatives or ([OWN / "no_organs.csv"] if own else []))
    print_table(pairs, methods)
    if negatives:
        print_negatives(negatives, methods)
    print_errors(pairs, matcher, given.errors)
    print_reliability(pairs, matcher)
    print_styles()
    print_speed(pairs)
    print_archive_speed()


if __name__ == "__main__":
    main()

"""`kasari prom score`: a file in, a file out, to the last digit."""

import csv
import random
from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kasari.commands.prom import app
from kasari.errors import InputError

HEADER = [f"q{n}" for n in range(1, 31)]
SCALES = {
    "PF2": ([1, 2, 3, 4, 5], 3, True),
    "RF2": ([6, 7], 3, True),
    "EF": ([21, 22, 23, 24], 3, True),
    "CF": ([20, 25], 3, True),
    "SF": ([26, 27], 3, True),
    "QL2": ([29, 30], 6, False),
    "FA": ([10, 12, 18], 3, False),
    "NV": ([14, 15], 3, False),
    "PA": ([9, 19], 3, False),
    "DY": ([8], 3, False),
    "SL": ([11], 3, False),
    "AP": ([13], 3, False),
    "CO": ([16], 3, False),
    "DI": ([17], 3, False),
    "FI": ([28], 3, False),
}


def exact(row: list[int | None]) -> dict[str, Fraction | None]:
    """Score by the published formulas in exact fractions: shares nothing with the product."""
    scores: dict[str, Fraction | None] = {}
    for code, (items, span, function) in SCALES.items():
        found = [value for n in items if (value := row[n - 1]) is not None]
        if 2 * len(found) < len(items):
            scores[code] = None
            continue
        share = (Fraction(sum(found), len(found)) - 1) / span
        scores[code] = 100 * (1 - share if function else share)
    good = [scores[c] for c in ("PF2", "RF2", "EF", "CF", "SF")]
    bad = [scores[c] for c in ("FA", "NV", "PA", "DY", "SL", "AP", "CO", "DI")]
    known = [v for v in good if v is not None] + [100 - v for v in bad if v is not None]
    scores["SumSc"] = sum(known, Fraction(0)) / 13 if len(known) == 13 else None
    return scores


def run(source: Path, out: Path, instrument: str = "qlq-c30") -> None:
    result = CliRunner().invoke(
        app, ["score", "--instrument", instrument, "--in", str(source), "--out", str(out)]
    )
    if result.exception:
        raise result.exception


def test_random_answers_are_scored_as_the_exact_formulas_do(tmp_path: Path) -> None:
    random.seed(20260101)
    rows: list[list[int | None]] = []
    for share in (0.0, 0.1, 0.3, 0.6, 1.0):
        for _ in range(100):
            rows.append(
                [
                    None if random.random() < share else random.randint(1, 7 if n >= 29 else 4)
                    for n in range(1, 31)
                ]
            )
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    with source.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    run(source, out)
    with out.open(newline="") as file:
        scored = list(csv.DictReader(file))
    assert list(scored[0]) == [*SCALES, "SumSc"]
    assert len(scored) == len(rows)
    for row, found in zip(rows, scored, strict=True):
        for code, wanted in exact(row).items():
            assert (found[code] == "") == (wanted is None), code
            if wanted is not None:
                assert float(found[code]) == pytest.approx(float(wanted), abs=1e-9)


def test_a_spreadsheet_s_own_form_is_understood(tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(b"\xef\xbb\xbfID;Q29;Q30\r\nx;7,0;NA\r\n")
    run(source, out)
    assert out.read_text().splitlines()[1] == ",,,,,100.0,,,,,,,,,,"


@pytest.mark.parametrize(
    "header", ["q{}", "Q{}", "item_{}", "BR23_{}", "qlq-br23_q{}", "br{}", "EORTC_QLQ_BR23_Q{}"]
)
@pytest.mark.parametrize("first", [1, 31])
def test_a_module_s_items_are_known_by_either_numbering(
    tmp_path: Path, header: str, first: int
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    names = [header.format(n) for n in range(first, first + 23)]
    answers = [4 if n in {43, 45} else 1 for n in range(31, 54)]
    source.write_text(",".join(names) + "\n" + ",".join(map(str, answers)) + "\n")
    run(source, out, "qlq-br23")
    with out.open(newline="") as file:
        (scores,) = csv.DictReader(file)
    assert (scores["BRFU"], scores["BRSEF"], scores["BRSEE"]) == ("0.0", "50.0", "0.0")


def test_a_core_questionnaire_is_not_taken_for_a_module(tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(",".join(HEADER) + "\n" + ",".join("1" * 30) + "\n")
    with pytest.raises(InputError, match="no column is an item"):
        run(source, out, "qlq-lc13")


def test_a_long_module_by_its_own_numbers_is_not_mixed_up_with_the_printed_ones(
    tmp_path: Path,
) -> None:
    """H&N35 has 35 items: its q31 to q35 are other items than those printed as 31 to 35."""
    row = ["1"] * 30 + ["2", "1", "1", "1", "2"]  # its last five are yes or no, printed 61 to 65
    answers, scores = tmp_path / "in.csv", tmp_path / "out.csv"
    answers.write_text(",".join(f"q{n}" for n in range(1, 36)) + "\n" + ",".join(row) + "\n")
    run(answers, scores, "qlq-hn35")
    printed = tmp_path / "printed.csv"
    printed.write_text(",".join(f"q{n}" for n in range(31, 66)) + "\n" + ",".join(row) + "\n")
    run(printed, tmp_path / "other.csv", "qlq-hn35")
    assert scores.read_text() == (tmp_path / "other.csv").read_text()
    (found,) = csv.DictReader(scores.open())
    assert (found["HNPK"], found["HNNU"], found["HNWG"]) == ("100.0", "0.0", "100.0")
    assert found["HNPA"] == "0.0"
    answers.write_text(",".join(f"q{n}" for n in range(20, 36)) + "\n" + ",".join(row[19:]) + "\n")
    with pytest.raises(InputError, match="q31 could be the item"):
        run(answers, scores, "qlq-hn35")


def test_an_item_that_no_scale_uses_stops_nothing(tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("q43,q48\n2,4\n")
    run(source, out, "qlq-cr29")
    assert "66.66666666666667" in out.read_text().splitlines()[1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("q1,q01\n1,1\n", "same item"),
        ("q1,q2\n5,1\n", "1 cells cannot be scored"),
        ("q1,q2\n1.5,1\n", "1 cells cannot be scored"),
        ("name\nx\n", "no column is an item"),
        ("", "empty"),
    ],
)
def test_bad_input_writes_nothing(tmp_path: Path, text: str, words: str) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(text)
    with pytest.raises(InputError, match=words):
        run(source, out)
    assert not out.exists()


@pytest.mark.parametrize(
    ("instrument", "column"),
    [("C30", "c30_q{}"), ("EORTC QLQ-C30", "EORTC QLQ-C30 {}"), ("qlq-c30", "C30_Q{:02}")],
)
def test_an_instrument_goes_by_the_names_that_a_gateway_takes(
    tmp_path: Path, instrument: str, column: str
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    header = ",".join(column.format(n) for n in range(1, 31))
    source.write_text(f"{header}\n{','.join(['1'] * 30)}\n", "utf-8")
    run(source, out, instrument)
    (scored,) = csv.DictReader(out.open(newline="", encoding="utf-8"))
    assert (scored["PF2"], scored["FA"], scored["QL2"]) == ("100.0", "0.0", "0.0")

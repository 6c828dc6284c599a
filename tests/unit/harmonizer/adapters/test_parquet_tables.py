"""Parquet tables read back: types as given, missing values missing, more rows than one part."""

from collections.abc import Iterable
from io import BytesIO

import pyarrow.parquet as pq

from harmonizer.adapters.parquet import GROUP, parquet_parts


def read(rows: Iterable[list[object]], kinds: dict[str, type]) -> pq.ParquetFile:
    return pq.ParquetFile(BytesIO(b"".join(parquet_parts(rows, kinds))))


def test_types_are_as_given_and_missing_values_are_missing() -> None:
    rows = [["id", "dose", "count", "empty"], ["a", 1, 2, ""], ["7", "", None, ""]]
    table = read(rows, {"dose": float, "count": int, "empty": float}).read()
    assert [str(kind) for kind in table.schema.types] == ["string", "double", "int64", "double"]
    assert table.to_pylist() == [
        {"id": "a", "dose": 1.0, "count": 2, "empty": None},
        {"id": "7", "dose": None, "count": None, "empty": None},
    ]


def test_a_table_without_rows_has_its_columns() -> None:
    assert read([["id", "dose"]], {"dose": float}).schema_arrow.names == ["id", "dose"]


def test_rows_are_written_part_by_part() -> None:
    count = 2 * GROUP + 1
    file = read([["n"], *([n] for n in range(count))], {"n": int})
    assert file.num_row_groups == 3
    assert file.read().column("n").to_pylist() == list(range(count))

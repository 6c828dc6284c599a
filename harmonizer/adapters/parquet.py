"""Tables as Parquet: typed columns, so that an extract opens the same every month."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from tempfile import TemporaryFile
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

KINDS: Final[Mapping[type, pa.DataType]] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}
GROUP: Final = 2_000
"""Rows held at a time; each such part is a row group of the file."""

CHUNK: Final = 1 << 20


def parquet_parts(
    rows: Iterable[Sequence[object]],
    kinds: Mapping[str, type],
    meanings: Mapping[str, str] | None = None,
) -> Iterator[bytes]:
    """Yield a Parquet file in parts. Memory does not grow with the number of rows.

    Parameters
    ----------
    rows
        The header first. "" and None are missing values.
    kinds
        int, float or bool by column name; what is not named is text. Types are given and not
        guessed: a column that happens to be empty keeps its type, so extracts can be put together.
    meanings
        What a column means, kept in the file as the field's `description`.
    """
    every = iter(rows)
    header = [str(name) for name in next(every)]
    told = meanings or {}
    schema = pa.schema(
        [
            pa.field(
                name,
                KINDS[kinds.get(name, str)],
                metadata={"description": told[name]} if name in told else None,
            )
            for name in header
        ]
    )
    with TemporaryFile() as file:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            while part := list(islice(every, GROUP)):
                writer.write_table(pa.table(_columns(part, schema), schema))
        file.seek(0)
        while chunk := file.read(CHUNK):
            yield chunk


def _columns(rows: Sequence[Sequence[object]], schema: pa.Schema) -> list[pa.Array]:
    columns = zip(*rows, strict=True)
    return [
        pa.array([_cell(value, field.type) for value in column], field.type)
        for column, field in zip(columns, schema, strict=True)
    ]


def _cell(value: object, kind: Any) -> object:
    if value is None or value == "":
        return None
    if kind == pa.string():
        return str(value)
    return float(str(value)) if kind == pa.float64() else value

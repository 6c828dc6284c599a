"""The condensed registry extract: one row per course, one column per variable."""

from harmonizer.domain.registry.extract import (
    COLUMNS,
    DESCRIPTORS,
    Column,
    KeptCourse,
    extract_row,
    structure_columns,
)

__all__ = [
    "COLUMNS",
    "DESCRIPTORS",
    "Column",
    "KeptCourse",
    "extract_row",
    "structure_columns",
]

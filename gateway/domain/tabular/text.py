"""Whether what was read is text: it must be possible to write and to hash it again."""

import re
from typing import Any, Final

SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""Half of a UTF-16 pair. JSON can escape one, and `surrogateescape` puts one for a lost byte."""


def is_text(value: Any) -> bool:
    """Tell whether every text in a JSON value can be written as UTF-8."""
    todo = [value]
    while todo:  # not by recursion: the value may be nested as deeply as JSON is read
        one = todo.pop()
        if isinstance(one, str) and SURROGATE.search(one):
            return False
        if isinstance(one, dict):
            todo += (*one.keys(), *one.values())
        elif isinstance(one, list):
            todo += one
    return True

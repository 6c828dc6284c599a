"""Finding a course in the archive by what a person has seen of its UID."""

from typing import Final

from kasari.doors import Door
from kasari.errors import InputError

PAGE: Final = 1000
MOST_LISTED: Final = 1_000_000


def whole_uid(ending: str, door: Door) -> str:
    """Return the UID of the only course that ends so; a whole UID is taken as it is."""
    ending = ending.strip("…")
    if not ending.isdigit():
        return ending
    found: list[str] = []
    for offset in range(0, MOST_LISTED, PAGE):
        page = door.json("GET", "/api/v1/courses", params={"limit": PAGE, "offset": offset})
        found += [one["course_uid"] for one in page if one["course_uid"].endswith(ending)]
        if len(page) < PAGE:
            break
    if not found:
        raise InputError("no course ends so; `kasari archive courses` lists them")
    if len(found) > 1:
        raise InputError(f"{len(found)} courses end so; give more of the UID")
    return found[0]

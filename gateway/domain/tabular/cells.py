"""One cell into one value. Every parser takes trimmed, non-empty text.

A date in an ambiguous or mangled form is refused by name and never guessed: a swapped day and
month would be silently wrong for ever.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date

from gateway.domain.tabular.problems import CellError

Parser = Callable[[str], object]

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan tammi januari january",
            "feb helmi februari february",
            "mar maalis mars march",
            "apr huhti april",
            "may touko maj",
            "jun kesa juni june",
            "jul heina juli july",
            "aug elo augusti august",
            "sep syys september",
            "oct loka oktober october okt",
            "nov marras november",
            "dec joulu december",
        ),
        start=1,
    )
    for name in names.split()
}

YES = frozenset({"1", "yes", "y", "true", "kyllä", "kylla", "k", "ja", "j", "x"})
NO = frozenset({"0", "no", "n", "false", "ei", "e", "nej"})
NOT_GIVEN = frozenset({"", "na", "n/a", "nan", "null", ".", "-", "missing", "#n/a"})


_LONGEST = 1 + max(map(len, NOT_GIVEN))


def given(text: str) -> str | None:
    """Return the trimmed text, or None where the cell says that there is nothing."""
    return None if len(text) < _LONGEST and text.lower() in NOT_GIVEN else text


def to_date(text: str) -> date:
    """Read an ISO date, `31.12.2024`, or `31-Dec-2024`; a time of day after it is dropped.

    Raises
    ------
    CellError
        For a two-digit year, a missing year (`1-Jan`), a spreadsheet's serial number and
        `01/02/2024`, where day and month could be swapped.
    """
    if len(text) == 10 and text[4] == text[7] == "-":  # most of them, by the short way
        with suppress(ValueError):
            return date.fromisoformat(text)
    first = re.split(r"[T ]", text, maxsplit=1)[0]
    iso = re.fullmatch(r"(\d{4})-?(\d{2})-?(\d{2})", first)
    if iso:
        return _date(int(iso[1]), int(iso[2]), int(iso[3]))
    nordic = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", first)
    if nordic:
        return _date(int(nordic[3]), int(nordic[2]), int(nordic[1]))
    named = re.fullmatch(r"(\d{1,2})[-.]([^\W\d_]+)\.?[-.](\d{4})", first)
    if named and (month := MONTHS.get(named[2].lower())):
        return _date(int(named[3]), month, int(named[1]))
    raise _bad_date(first)


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise CellError("no such day in the calendar", "write the date as YYYY-MM-DD") from error


def _bad_date(text: str) -> CellError:
    mend = "write the date as YYYY-MM-DD"
    if re.fullmatch(r"\d{1,2}/\d{1,2}/\d{4}", text):
        return CellError("day and month of this date could be swapped", mend)
    if re.fullmatch(r"\d{1,2}[-.][^\W\d_]+|[^\W\d_]+[-.]\d{1,2}", text):
        return CellError("a spreadsheet cut the year off this date", mend)
    if re.fullmatch(r"\d{5}([.,]\d+)?", text):
        return CellError("this is a spreadsheet's serial number, not a date", mend)
    if re.fullmatch(r"\d{1,2}[-./]\w{1,3}[-./]\d{2}", text):
        return CellError("the year of this date has two digits", mend)
    return CellError("this is not a date", mend)


def to_whole(low: int, high: int) -> Callable[[str], int]:
    """Return a parser of whole numbers from `low` to `high`; `3`, `3.0` and `3,0` are one."""

    def parse(text: str) -> int:
        match = re.fullmatch(r"([+-]?\d{1,9})(?:[.,]0+)?", text)
        if not match:
            raise CellError("this is not a whole number", f"give {low} to {high}")
        number = int(match[1])
        if not low <= number <= high:
            shown = number if abs(number) < 100 else "the number"
            raise CellError(f"{shown} lies outside {low} to {high}", f"give {low} to {high}")
        return number

    return parse


def to_number(low: float, high: float) -> Callable[[str], float]:
    """Return a parser of numbers from `low` to `high`; the decimal sign is a point or a comma."""

    def parse(text: str) -> float:
        if not re.fullmatch(r"[+-]?\d{1,12}([.,]\d{1,12})?", text):
            raise CellError("this is not a number", "give digits with one decimal sign at most")
        number = float(text.replace(",", "."))
        if not low <= number <= high:
            raise CellError("this number is out of range", f"give {low:g} to {high:g}")
        return number

    return parse


def to_bool(text: str) -> bool:
    word = text.lower()
    if word in YES or word in NO:
        return word in YES
    raise CellError("this is neither yes nor no", "give yes or no")


def one_of(words: Mapping[str, str]) -> Callable[[str], str]:
    """Return a parser of coded words; keys are what is understood, in lower case."""

    def parse(text: str) -> str:
        value = words.get(text.lower())
        if value is None:
            allowed = ", ".join(sorted(set(words.values())))
            raise CellError("this word is not in the code list", f"give one of {allowed}")
        return value

    return parse


def matching(pattern: str, what: str, example: str) -> Callable[[str], str]:
    """Return a parser of upper-case codes of one form."""
    form = re.compile(pattern)

    def parse(text: str) -> str:
        value = "".join(text.upper().split())
        if not form.fullmatch(value):
            raise CellError(f"this is not {what}", f"give a code like {example}")
        return value

    return parse


def to_version(text: str) -> str:
    """Read a version number: `3.0`, `v3.0` and `3,0` are one."""
    match = re.fullmatch(r"[vV]?(\d{1,2}(?:[.,]\d{1,2}){0,2})", text)
    if not match:
        raise CellError("this is not a version number", "give a number like 3.0")
    return match[1].replace(",", ".")


def to_text(text: str) -> str:
    """Keep a code list's word as it is; whoever uses it checks it against the list."""
    return " ".join(text.split())

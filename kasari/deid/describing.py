"""The profile as a table that a data protection officer can read."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.domain.deid import CODES, Action, Option, Profile, Rule, SafePrivate

COLUMNS = (
    "tag",
    "attribute",
    "vr",
    "action",
    "what happens",
    "objects",
    "option",
    "without it",
    "source",
)

MEANING = {
    Action.KEEP: "kept as it is; refused where its type of value forbids what it holds",
    Action.SEQUENCE: "kept; these rules hold for everything inside",
    Action.UID: "replaced by a keyed identifier; the standard's own are kept",
    Action.DATE: "moved by this patient's whole weeks; anything but a full date is emptied",
    Action.CLEAN: "published words stay, everything else becomes UNMAPPED_ and a keyed hash",
    Action.CODE: "kept if it looks like a code or version and names nobody, else cleaned as text",
    Action.EMPTY: "emptied",
    Action.HASH: "replaced by UNMAPPED_ and a keyed hash, whatever it says",
    Action.PSEUDONYM: "replaced by the pseudonym",
    Action.AGE: "kept; 90 years and more become 90",
    Action.DUMMY: "replaced by 1900-01-01 or midnight",
    Action.MARK: "written anew: says that and how the object was de-identified",
    Action.BURNED_IN: "kept; YES refuses the whole object",
}
"""One sentence for every action."""

HEADINGS = {
    Action.PSEUDONYM: "Replaced: who the patient is",
    Action.UID: "Replaced: identifiers of objects",
    Action.DATE: "Moved: dates",
    Action.CLEAN: "Cleaned: free text",
    Action.CODE: "Cleaned: codes and versions",
    Action.AGE: "Pooled: age",
    Action.HASH: "Replaced: what a standard demands to be there",
    Action.DUMMY: "Replaced: dates that must be there",
    Action.EMPTY: "Emptied",
    Action.BURNED_IN: "Decides about the whole object",
    Action.MARK: "Written by us",
    Action.SEQUENCE: "Kept: containers",
    Action.KEEP: "Kept: values",
}
"""One heading for every action, in the order of the page."""


_PRIVATE = {"UI": Action.UID, "LO": Action.CLEAN, "SH": Action.CLEAN}
_PRIVATE |= {"ST": Action.CLEAN, "LT": Action.CLEAN}


@dataclass(frozen=True)
class Described:
    """One row. `objects`: short names, or `all`. `without`: the action without the option."""

    tag: str
    attribute: str
    vr: str
    action: Action
    objects: str
    option: str
    without: str
    source: str

    def cells(self) -> tuple[str, ...]:
        """Return the values of `COLUMNS`."""
        what = MEANING[self.action]
        head = (self.tag, self.attribute, self.vr, self.action.name.lower(), what, self.objects)
        return (*head, self.option, self.without, self.source)


def describe(profile: Profile, object_name: str | None = None) -> list[Described]:
    """Return every rule, sorted by tag; only those of one kind of object if it is named.

    Private attributes that the policy lets stay come last.
    """
    rules = (
        rule
        for rule in sorted(profile.rules, key=lambda rule: rule.tag)
        if object_name is None or not rule.objects or object_name in rule.objects
    )
    return [*map(_described, rules), *map(_described_private, profile.safe_private)]


def _described(rule: Rule) -> Described:
    return Described(
        tag=f"({rule.tag >> 16:04X},{rule.tag & 0xFFFF:04X})",
        attribute=rule.keyword,
        vr=rule.vr,
        action=rule.action,
        objects=" ".join(sorted(rule.objects)) or "all",
        option=rule.option or "",
        without=_without(rule),
        source=rule.source,
    )


def _without(rule: Rule) -> str:
    if rule.option is None:
        return ""
    return "removed" if rule.otherwise is None else rule.otherwise.name.lower()


def _described_private(row: SafePrivate) -> Described:
    return Described(
        tag=f"({row.group:04X},xx{row.number:02X})",
        attribute=row.creator,
        vr=row.vr,
        action=_PRIVATE.get(row.vr, Action.KEEP),
        objects="all",
        option=Option.SAFE_PRIVATE,
        without="removed",
        source="PS3.15 E.3.10-1 2023b",
    )


def as_csv(rows: Iterable[Described]) -> str:
    """Return the rows under a header, for a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(row.cells() for row in rows)
    return text.getvalue()


def as_records(rows: Iterable[Described]) -> list[dict[str, str]]:
    """Return the rows ready for JSON."""
    return [dict(zip(COLUMNS, row.cells(), strict=True)) for row in rows]


def as_markdown(profile: Profile) -> str:
    """Return the part of the documentation that is made from the profile."""
    rows = describe(profile)
    lines = [
        f"Profile `{profile.name_and_hash}`: {len(rows)} attributes may be there;",
        "everything else is removed, at every depth, private or not.",
        "",
        "| Object | SOP Class UID |",
        "|---|---|",
        *(f"| {short} | {uid} |" for uid, short in profile.objects.items()),
        "",
        *_options(profile),
    ]
    for action, heading in HEADINGS.items():
        chosen = [row for row in rows if row.action is action]
        if chosen:
            lines += [*_section(heading, MEANING[action], chosen)]
    return "\n".join(lines).rstrip() + "\n"


def _options(profile: Profile) -> Iterator[str]:
    yield "| Option | On | Code (CID 7050) | Rules that it changes |"
    yield "|---|---|---|---|"
    for option, code in CODES.items():
        on = "yes" if option in profile.options else "no"
        count = sum(rule.option is option for rule in profile.rules)
        yield f"| `{option}` | {on} | {code} | {count or ''} |"
    yield ""


def _section(heading: str, meaning: str, rows: Sequence[Described]) -> Iterator[str]:
    yield f"### {heading} ({len(rows)})"
    yield ""
    yield f"{meaning[0].upper()}{meaning[1:]}."
    yield ""
    with_option = any(row.option for row in rows)
    more = "| Without its option " if with_option else ""
    yield f"| Tag | Attribute | VR | Objects {more}| Source |"
    yield "|---|---|---|---|---|" + "---|" * with_option
    for row in rows:
        without = f" {row.without} |" if with_option else ""
        yield f"| {row.tag} | {row.attribute} | {row.vr} | {row.objects} |{without} {row.source} |"
    yield ""

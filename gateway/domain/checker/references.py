"""The references of written objects, read from their bytes."""

from collections.abc import Collection, Mapping

from gateway.domain.checker.elements import Elements
from gateway.domain.checker.searching import STANDARD_UIDS

_REFERENCED_SOP_INSTANCE = 0x00081155


def referenced_uids(written: Elements) -> frozenset[str]:
    """Return every ReferencedSOPInstanceUID at any depth."""
    return frozenset(
        written.value(element).rstrip(b"\0 ").decode("ascii", "replace")
        for element in written.found
        if element.tag == _REFERENCED_SOP_INSTANCE and element.length
    )


def instance_uids(elements: Elements) -> frozenset[str]:
    """Return every UID in the object that is not the standard's own."""
    values = (
        elements.value(element).rstrip(b"\0 ").decode("ascii", "replace")
        for element in elements.found
        if element.vr == b"UI" and element.length
    )
    return frozenset(
        uid for value in values for uid in value.split("\\") if uid and uid not in STANDARD_UIDS
    )


def unresolved(
    references: Mapping[str, Collection[str]], known: Collection[str]
) -> list[tuple[str, str]]:
    """Return (from, to) for each reference that leads to nothing in `known`, sorted."""
    inside = set(known) | set(references)
    return sorted(
        (source, target)
        for source, targets in references.items()
        for target in targets
        if target not in inside
    )

"""The answers that the matcher gives, by how a name was understood."""

from collections.abc import Sequence

from harmonizer.domain.nomenclature.model import Kind, Mapping, Status
from harmonizer.domain.nomenclature.ranking import Candidate, alternatives

AUTO_BAR = 0.97
"""From this confidence on a name is applied without a curator."""


def exact_name(raw: str, name: str, kind: Kind) -> Mapping:
    """Answer that the name is the standard name itself."""
    status = Status.HELPER if kind is Kind.HELPER else Status.EXACT
    return Mapping(0, raw, name, status, 1.0, True, kind, f"'{raw}' is the standard name {name}")


def suggested_name(
    raw: str, name: str, confidence: float, reason: str, others: Sequence[Candidate] = ()
) -> Mapping:
    """Answer what the grammar reads; applied unseen from `AUTO_BAR` on."""
    certain, but = confidence >= AUTO_BAR, alternatives(others, name)
    return Mapping(0, raw, name, Status.SUGGESTED, confidence, certain, Kind.ORGAN, reason, but)


def aid(raw: str, reason: str, others: Sequence[Candidate] = ()) -> Mapping:
    """Answer that the name is that of a planning aid; `others`: the organs, should it be none."""
    but = alternatives(others)
    return Mapping(0, raw, None, Status.HELPER, 0.95, False, Kind.HELPER, reason, but)


def unmapped_name(raw: str, reason: str, others: Sequence[Candidate] = ()) -> Mapping:
    """Answer that no name can be given."""
    but = alternatives(others)
    return Mapping(0, raw, None, Status.UNMAPPED, 0.0, False, Kind.UNKNOWN, reason, but)

"""Which grades a CTCAE term can have, by version; how v5.0 carries over to v6.0."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One adverse event term. Grade 0 (absent) is always possible and not listed."""

    code: int  # MedDRA LLT code of the version
    term: str
    grades: frozenset[int]


@dataclass(frozen=True)
class CarriedGrade:
    """Where NCI's official mapping puts one grade of a v5.0 term in v6.0."""

    code: int
    grade: int
    same_words: bool
    """False where the definition changed, so that the grade is not strictly comparable."""


@dataclass(frozen=True)
class CtcaeVersion:
    version: str
    by_name: Mapping[str, Term]  # key: casefolded, single spaces
    by_code: Mapping[int, Term]

    @classmethod
    def of(cls, version: str, terms: Iterable[Term]) -> "CtcaeVersion":
        listed = list(terms)
        return cls(version, {_key(t.term): t for t in listed}, {t.code: t for t in listed})

    def find(self, term: str, code: int | None) -> Term | None:
        """Return the term of that name, or else of that code; None if neither is known."""
        found = self.by_name.get(_key(term))
        return found or (self.by_code.get(code) if code is not None else None)


@dataclass(frozen=True)
class Ctcae:
    versions: Mapping[str, CtcaeVersion]
    from_5_to_6: Mapping[tuple[int, int], CarriedGrade]

    def problem(self, version: str, term: str, code: int | None, grade: int) -> str | None:
        """Return why a graded event cannot be, in words, or None.

        The version decides: nothing is converted to make a grade fit.
        """
        edition = self.versions.get(version)
        if edition is None:
            return f"CTCAE version {version!r} is not one of {', '.join(self.versions)}"
        known = edition.find(term, code)
        if known is None:
            return f"CTCAE v{version} has no such term here; check its spelling and its version"
        if code is not None and known.code != code:
            return f"{known.term} has the code {known.code} in v{version}, not {code}"
        if grade != 0 and grade not in known.grades:
            possible = ", ".join(str(g) for g in sorted(known.grades))
            return f"{known.term} has no grade {grade} in CTCAE v{version}; it has {possible}"
        return None

    def as_version_6(self, term: str, code: int | None, grade: int) -> CarriedGrade | None:
        """Carry a v5.0 grade to v6.0 by the official mapping; None where it has no place."""
        known = self.versions["5.0"].find(term, code)
        if known is None:
            return None
        if grade == 0:
            found = (self.from_5_to_6.get((known.code, one)) for one in known.grades)
            codes = {carried.code for carried in found if carried is not None}
            return CarriedGrade(codes.pop(), 0, True) if len(codes) == 1 else None
        return self.from_5_to_6.get((known.code, grade))


def _key(term: str) -> str:
    return " ".join(term.casefold().split())

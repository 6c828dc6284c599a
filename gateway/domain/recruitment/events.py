"""What is known of recruitment: the consent ledger, and the screening log that goes before it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from gateway.contract.ages import age_on
from gateway.domain.consent import MERGED, Consent, ConsentStatus, Person, in_force
from gateway.domain.recruitment.counting import UNKNOWN, Screened, age_band

STEPS: Final = ("eligible", "asked", "consented", "declined", "withdrawn")


@dataclass(frozen=True)
class Enrolled:
    """One person of the vault with all statements."""

    person: Person
    statements: Sequence[Consent]


def of_ledger(people: Iterable[Enrolled]) -> Iterator[Screened]:
    """Yield the steps of everybody on the consent lists: whoever stands there was asked.

    The month is that of the first statement. A person who was merged away counts as the one who
    stayed.
    """
    for one in people:
        said = (s for s in one.statements if s.status is not ConsentStatus.DECEASED)
        statements = sorted(said, key=lambda s: s.given_on)
        if not statements or any(s.version == MERGED for s in statements):
            continue
        first = statements[0].given_on
        born = one.person.birth_date
        years = age_on(born, first) if born else None
        diagnosis, sex = one.person.diagnosis[:3] or UNKNOWN, one.person.sex or UNKNOWN
        head = (f"{first:%Y-%m}", diagnosis, age_band(years), sex)
        for step in _steps(statements):
            yield Screened(step, *head)


def _steps(statements: Sequence[Consent]) -> tuple[str, ...]:
    ever = any(s.status is ConsentStatus.GRANTED for s in statements)
    last = in_force(statements, date.min)  # whose agreed time is over has not withdrawn
    granted = last is not None and last.status is ConsentStatus.GRANTED
    if not ever:
        return ("eligible", "asked", "declined")
    gone = () if granted else ("withdrawn",)
    return ("eligible", "asked", "consented", *gone)


def together(log: Sequence[Screened], ledger: Iterable[Screened]) -> list[Screened]:
    """Put log and ledger together: what the log tells of a step in a month goes before.

    A log without months tells of its steps once for all.
    """
    told = {(event.step, event.month) for event in log}
    always = {step for step, month in told if month == UNKNOWN}
    rest = (e for e in ledger if e.step not in always and (e.step, e.month) not in told)
    return [*log, *rest]

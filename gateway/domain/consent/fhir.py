"""Reading consents as HL7 FHIR R4: a Bundle of Consent and Patient resources, or one Consent.

Every problem is reported with the entry it stands in, and names no value. What decides: `scope`,
`status`, `provision.type` and `provision.period`; who: the identifier of `patient`, or of the
Patient that it refers to. A consent to a part only cannot be kept to here: it is a problem, and so
is whatever FHIR says must be understood (`modifierExtension`).
"""

import json
from datetime import date
from typing import Any, Final

from gateway.domain.consent.ledger import Consent, ConsentStatus
from gateway.domain.consent.sheet import (
    LATER,
    LATER_MEND,
    NO_FORM,
    RESEARCH,
    ConsentRow,
    ListRules,
    Sheet,
    not_of_scope,
)
from gateway.domain.fhir import Patients, Resource, entries_of, flaws_of
from gateway.domain.identity import has_wrong_check
from gateway.domain.tabular.problems import Problem

_STATUSES: Final = {
    ("active", "permit"): ConsentStatus.GRANTED,
    ("active", ""): ConsentStatus.GRANTED,
    ("active", "deny"): ConsentStatus.DECLINED,
    ("inactive", "permit"): ConsentStatus.WITHDRAWN,
    ("inactive", ""): ConsentStatus.WITHDRAWN,
    ("inactive", "deny"): ConsentStatus.WITHDRAWN,
    ("rejected", "permit"): ConsentStatus.DECLINED,
    ("rejected", ""): ConsentStatus.DECLINED,
    ("rejected", "deny"): ConsentStatus.DECLINED,
}
_PARTS: Final = ("provision", "dataPeriod", "data", "class", "code", "securityLabel")
"""What makes a provision one of a part of the data, or adds exceptions to it."""
_SEXES: Final = {"female": "F", "male": "M", "other": "O"}


class _NotTakenError(Exception):
    """A consent to something else."""


class _Wrong(Exception):  # noqa: N818 - a finding about an entry, not an error of the program
    def __init__(self, path: str, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.path, self.reason, self.mend = path, reason, mend


def read_bundle(body: bytes, rules: ListRules) -> Sheet:
    """Parse a Bundle. `line` of a row or a problem is the number of its entry, from 1.

    Of half a bundle, or one with an entry that nobody can read, there are problems and no rows.
    """
    try:
        content = json.loads(body)
    except json.JSONDecodeError as error:
        wrong = Problem(error.lineno, "", "the file is not JSON", "export it again")
        return Sheet((), (wrong,))
    except (ValueError, RecursionError):
        reason = "the file is no JSON in UTF-8, is nested too deeply or has a number far too long"
        return Sheet((), (Problem(1, "", reason, "export it again"),))
    bundle = _bundle(content)
    flaws = flaws_of(bundle)
    return Sheet((), tuple(flaws)) if flaws else _read(bundle, rules)


def _bundle(content: Any) -> Resource:
    """Return a bundle as it is, and one resource as the only one of a bundle."""
    if not isinstance(content, dict):
        return {}
    is_bundle = content.get("resourceType") == "Bundle"
    return content if is_bundle else {"entry": [{"resource": content}]}


def _read(bundle: Resource, rules: ListRules) -> Sheet:
    entries = entries_of(bundle)
    patients = Patients(entries, rules.identifier_system)
    rows: list[ConsentRow] = []
    problems: list[Problem] = []
    not_taken: list[Problem] = []
    for number, _, resource in entries:
        if resource.get("resourceType") != "Consent":
            continue
        try:
            rows += _rows(number, resource, patients, rules)
        except _NotTakenError:
            not_taken.append(not_of_scope(number, "Consent.scope"))
        except _Wrong as wrong:
            problems.append(Problem(number, wrong.path, wrong.reason, wrong.mend))
        except (AttributeError, TypeError, KeyError, IndexError):
            mend = "validate it against FHIR R4"
            problems.append(Problem(number, "", "this entry is not shaped like a Consent", mend))
    if not rows and not problems and not not_taken:
        mend = "send a FHIR R4 Bundle with Consent resources"
        problems.append(Problem(1, "resourceType", "there is no Consent in it", mend))
    return Sheet(tuple(rows), (*problems, *_repeated(rows)), tuple(not_taken))


def _rows(number: int, consent: Resource, patients: Patients, rules: ListRules) -> list[ConsentRow]:
    scope = _scope(consent, rules)
    patient = patients.of(consent.get("patient"), consent) or {}
    said = consent.get("status")
    kind = (consent.get("provision") or {}).get("type") or ""
    status = _STATUSES.get((str(said), str(kind)))
    if status is None:
        mend = "send active, inactive or rejected consents, with provision.type permit or deny"
        raise _Wrong("Consent.status", "does not say whether it is given", mend)
    given_on = _past("Consent.dateTime", consent.get("dateTime"), rules)
    version = _version(consent, needed=status is ConsentStatus.GRANTED)
    ends_on = _ends_on(consent, rules) if said == "active" else None
    statements = [Consent(status, version, scope, given_on, ends_on)]
    died = patient.get("deceasedDateTime")
    if died:
        day = _past("Patient.deceasedDateTime", died, rules)
        statements.append(Consent(ConsentStatus.DECEASED, NO_FORM, RESEARCH, day))
    identifier = _checked(patients.number(patient, consent.get("patient")))
    name = _first(patient.get("name"))
    birth = patient.get("birthDate")
    return [
        ConsentRow(
            number,
            identifier,
            str(name.get("family") or ""),
            " ".join(name.get("given") or ()),
            _day("Patient.birthDate", birth) if birth else None,
            statement,
            _SEXES.get(str(patient.get("gender")), ""),
        )
        for statement in statements
    ]


def _checked(value: str) -> str:
    if not value:
        mend = "send the Patient with its identifier in the same Bundle, or patient.identifier"
        raise _Wrong("Consent.patient", "leads to no patient identifier", mend)
    if has_wrong_check(value):
        raise _Wrong(
            "Consent.patient",
            "looks like a personal identity code, but its check character is wrong",
            "compare it with the patient's record",
        )
    return value


def _version(consent: Resource, *, needed: bool) -> str:
    rule = consent.get("policyRule") or {}
    coded = _first(rule.get("coding")).get("code")
    policy = _first(consent.get("policy")).get("uri")
    version = str(policy or coded or rule.get("text") or "").rstrip("/").rpartition("/")[2]
    if not version and needed:
        mend = "name the consent form in policy.uri or policyRule"
        raise _Wrong("Consent.policy", "does not name the consent form", mend)
    return version or NO_FORM


def _scope(consent: Resource, rules: ListRules) -> str:
    codings = (consent.get("scope") or {}).get("coding") or []
    codes = [str(coding.get("code") or "") for coding in codings]
    if not any(codes):
        mend = "give the code of what is consented to, research for instance"
        raise _Wrong("Consent.scope", "has no code", mend)
    taken = [code for code in codes if rules.takes(code)]
    if not taken:
        raise _NotTakenError
    return taken[0]


def _ends_on(consent: Resource, rules: ListRules) -> date | None:
    """Return the last day of a consent that is given for a time; refuse one to a part."""
    provision = consent.get("provision") or {}
    if consent.get("modifierExtension") or provision.get("modifierExtension"):
        mend = "send it without, or enter this consent in a CSV list"
        raise _Wrong(
            "Consent.modifierExtension", "changes what it says in a way unknown here", mend
        )
    if any(provision.get(part) for part in _PARTS):
        mend = "ask the patient for the whole, or enter in a CSV list what they agreed to"
        raise _Wrong("Consent.provision", "is about a part only, or has exceptions", mend)
    period = provision.get("period") or {}
    if period.get("start"):
        path = "Consent.provision.period.start"
        if _day(path, period["start"]) > rules.latest:
            raise _Wrong(path, LATER, "send it when it has begun")
    return _day("Consent.provision.period.end", period["end"]) if period.get("end") else None


def _first(items: Any) -> Resource:
    return next(iter(items or []), {})


def _day(path: str, value: Any) -> date:
    try:
        return date.fromisoformat(str(value or "")[:10])
    except ValueError:
        raise _Wrong(path, "is not a whole date", "write it as YYYY-MM-DD") from None


def _past(path: str, value: Any, rules: ListRules) -> date:
    day = _day(path, value)
    if day > rules.latest:
        raise _Wrong(path, LATER, LATER_MEND)
    return day


def _repeated(rows: list[ConsentRow]) -> list[Problem]:
    """Two statements of one patient and day cannot be ordered; a death is none of them."""
    seen: dict[tuple[str, date, bool], int] = {}
    found = []
    for row in rows:
        died = row.consent.status is ConsentStatus.DECEASED
        first = seen.setdefault((row.patient_id, row.consent.given_on, died), row.line)
        if first != row.line and not died:
            reason = f"the same patient and date stand in entry {first} already"
            mend = "keep one statement per patient and day"
            found.append(Problem(row.line, "Consent.patient", reason, mend))
    return found

"""FHIR R4 bundles: Patient, Condition, Procedure, MedicationStatement, Observation,
QuestionnaireResponse and AdverseEvent, as the mCODE 4.0 and CodeX Radiation Therapy 2.0 guides
write them. Other resources are left alone; Consent comes with the consent lists.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from gateway.contract.clinical import RowKind
from gateway.domain.clinical.codelists import CodeLists
from gateway.domain.clinical.sources.fhir_facts import COURSE_SUMMARY, facts
from gateway.domain.clinical.sources.itemcodes import item_code
from gateway.domain.clinical.sources.section import Section, read_json, section
from gateway.domain.fhir import (
    Entry,
    Patients,
    Resource,
    coded,
    codes,
    entries_of,
    extensions,
    flaws_of,
)
from gateway.domain.tabular.problems import Problem, TableError

NCIT_GRADES: Final = {
    "C75533": 0,
    "C41338": 1,
    "C41339": 2,
    "C41340": 3,
    "C41337": 4,
    "C48275": 5,
}
"""NCI Thesaurus codes of CTCAE grades, as the CodeX guide binds them."""

SIDES: Final = {"7771000": "L", "24028007": "R", "51440002": "B"}
"""SNOMED CT laterality qualifiers."""

ECOG, SMOKING_STATUS = "89247-1", "72166-2"
"""LOINC codes of the observations that a clinical row takes up."""

SMOKING: Final = {
    "266919005": "never",
    "8517006": "former",
    "77176002": "current",
    "449868002": "current",
    "266927001": "unknown",
}
READ: Final = frozenset(
    {
        *("Patient", "Condition", "Procedure", "MedicationStatement", "Observation"),
        *("QuestionnaireResponse", "AdverseEvent"),
    }
)


def read_fhir(data: bytes, lists: CodeLists, system: str = "") -> Sequence[Section]:
    """Return the sections of a bundle. A row's line is the number of its entry.

    `system` is that of the patients' numbers, as for consents; empty for any. Of half a bundle, or
    one with an entry that nobody can read, there are problems and no rows.

    Raises
    ------
    TableError
        If it is no bundle.
    """
    bundle = read_json(data)
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise TableError("this is no FHIR bundle", "export a Bundle with its Patient resources")
    flaws = section(RowKind.CLINICAL, (), flaws_of(bundle))
    return [flaws] if flaws else _Bundle(entries_of(bundle), lists, system).sections()


class _Bundle:
    """Reads resource after resource. One of another shape than R4's is a problem, not the end."""

    def __init__(self, entries: Sequence[Entry], lists: CodeLists, system: str) -> None:
        self._entries = entries
        self._lists = lists
        self._people = _People(entries, system)
        self._problems: dict[int, Problem] = {}

    def sections(self) -> list[Section]:
        about: dict[str, dict[str, object]] = defaultdict(dict)
        for number, _, resource in self._entries:
            with self._reading(number, resource):
                said = _said_of_patient(resource)
                if said:
                    about[self._people.name_of(resource)].update(said)
        found: dict[RowKind, list[tuple[int, Mapping[str, object]]]] = defaultdict(list)
        for number, _, resource in self._entries:
            with self._reading(number, resource):
                for kind, record in self._records(resource, about):
                    found[kind].append((number, record))
        bad = [problem for _, problem in sorted(self._problems.items())]
        kinds = found or ({RowKind.CLINICAL: []} if bad else {})
        first = next(iter(kinds), None)
        made = (section(k, rows, bad if k is first else ()) for k, rows in kinds.items())
        return [one for one in made if one is not None]

    def _records(
        self, resource: Resource, about: Mapping[str, Mapping[str, object]]
    ) -> list[tuple[RowKind, Mapping[str, object]]]:
        """Return all records of a resource, or, where one cannot be read, none."""
        records: list[tuple[RowKind, Mapping[str, object]]] = []
        kind = resource.get("resourceType")
        if kind == "Condition":
            who = self._people.name_of(resource)
            said = _clinical(resource, who, self._people.of(resource), about[who])
            records.append((RowKind.CLINICAL, said))
        elif kind == "AdverseEvent":
            records.append((RowKind.TOXICITY, _event(resource, self._people)))
        elif kind == "QuestionnaireResponse":
            records.append((RowKind.PROM, _form(resource, self._people, self._lists)))
        for fact, told in facts(resource):
            records.append((fact, {"patient_id": self._people.name_of(resource), **told}))
        return records

    @contextmanager
    def _reading(self, number: int, resource: Resource) -> Iterator[None]:
        name = str(resource.get("resourceType"))
        known = name if name in READ else "resource"
        try:
            yield
        except _StrangerError:
            reason = f"the {known} speaks of a patient who is not in the bundle"
            mend = "put the Patient resources into the same bundle"
            self._problems[number] = Problem(number, "subject", reason, mend)
        except (AttributeError, TypeError, ValueError, LookupError, RecursionError):
            reason = f"the {known} has not the shape that FHIR R4 gives it"
            mend = "validate the bundle and export it again"
            self._problems[number] = Problem(number, "", reason, mend)


class _StrangerError(Exception):
    """A reference means no Patient of the bundle."""


class _People:
    """Whom a resource speaks of."""

    def __init__(self, entries: Sequence[Entry], system: str) -> None:
        self._patients = Patients(entries, system)

    def of(self, resource: Resource) -> Resource:
        """Return the Patient, or of one who is only named by a number, nothing else."""
        if resource.get("resourceType") == "Patient":
            return resource
        subject = resource.get("subject") or {}
        found = self._patients.of(subject, resource)
        if found is None and not self._patients.number(None, subject):
            raise _StrangerError
        return found or {}

    def name_of(self, resource: Resource) -> str:
        return self._patients.number(self.of(resource), resource.get("subject"))


def _clinical(
    condition: Resource, who: str, patient: Resource, about: Mapping[str, object]
) -> dict[str, object]:
    """Return a Condition's record, with what the other resources say of its patient."""
    return {
        "patient_id": who,
        "recorded_on": condition.get("recordedDate") or condition.get("onsetDateTime"),
        "birth_date": patient.get("birthDate"),
        "sex": patient.get("gender"),
        "diagnosis_icd10": coded(condition.get("code"), "icd-10"),
        "laterality": _side(condition),
        **about,
    }


def _said_of_patient(resource: Resource) -> Mapping[str, object]:
    """Return what a resource adds to its patient's clinical record."""
    kind = resource.get("resourceType")
    if kind == "Procedure" and COURSE_SUMMARY in codes(resource.get("code")):
        period = resource.get("performedPeriod") or {}
        return {"rt_start": period.get("start"), "rt_end": period.get("end")}
    if kind == "MedicationStatement":
        drug = codes(resource.get("medicationCodeableConcept"))
        return {"chemotherapy": True} if any(c.startswith("L01") for c in drug) else {}
    return _observed(resource) if kind == "Observation" else {}


def _observed(observation: Resource) -> dict[str, object]:
    asked = codes(observation.get("code"))
    if ECOG in asked:
        value = observation.get("valueInteger")
        if value is None:
            value = (observation.get("valueQuantity") or {}).get("value")
        return {"performance_status": value}
    if SMOKING_STATUS in asked:
        said = codes(observation.get("valueCodeableConcept"))
        return {"smoking": next((SMOKING[c] for c in said if c in SMOKING), None)}
    return {}


def _event(event: Resource, people: _People) -> dict[str, object]:
    said = event.get("event") or {}
    coding: Resource = next(iter(said.get("coding") or ()), {})
    return {
        "patient_id": people.name_of(event),
        "assessed_on": event.get("date") or event.get("recordedDate"),
        # The guide's value set is of v5.0; another version has to be said.
        "ctcae_version": coding.get("version") or "5.0",
        "term": coding.get("display") or said.get("text"),
        "grade": _grade(event),
    }


def _grade(event: Resource) -> object:
    for extension in extensions(event, "adverse-event-grade"):
        said = codes(extension.get("valueCodeableConcept"))
        grade = next((NCIT_GRADES[c] for c in said if c in NCIT_GRADES), None)
        return extension.get("valueInteger") if grade is None else grade
    return None


def _form(response: Resource, people: _People, lists: CodeLists) -> dict[str, object]:
    url, _, version = str(response.get("questionnaire", "")).partition("|")
    name = url.rstrip("/").rsplit("/", 1)[-1]
    answers = {
        item_code(str(item.get("linkId", ""))): _value(item)
        for item in _items(response.get("item") or ())
    }
    return {
        "patient_id": people.name_of(response),
        "answered_on": response.get("authored"),
        "instrument": lists.instrument(name) or name,
        "instrument_version": version,
        **answers,
    }


def _items(items: Sequence[Resource]) -> Iterator[Resource]:
    for item in items:
        if item.get("item"):
            yield from _items(item["item"])
        else:
            yield item


def _value(item: Resource) -> object:
    answer: Resource = next(iter(item.get("answer") or ()), {})
    for name in ("valueInteger", "valueDecimal"):
        if name in answer:
            return answer[name]
    return (answer.get("valueCoding") or {}).get("code")


def _side(condition: Resource) -> str | None:
    for site in condition.get("bodySite") or ():
        for extension in extensions(site, ""):
            said = codes(extension.get("valueCodeableConcept"))
            side = next((SIDES[c] for c in said if c in SIDES), None)
            if side:
                return side
    return None

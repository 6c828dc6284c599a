"""What came of it: graded events, answered questionnaires and their scores."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from harmonizer.domain.fhir.coding import (
    ABSENT,
    ADVERSE_EVENT_GRADE,
    CAUSALITY,
    CTCAE,
    GRADES,
    MEDDRA,
    NCIT,
    UCUM,
    Resource,
    concept,
    extension,
    reference,
)

CAUSES: Final[Mapping[str, str]] = {
    "unlikely": "Unlikely",
    "possible": "Possible",
    "probable": "Probably-Likely",
    "definite": "Certain",
}


def adverse_event(
    number: int, row: Mapping[str, Any], patient: Resource, course: Resource
) -> Resource:
    """Return one graded event; grade 0 says that it was looked for and was not there."""
    code, display = GRADES[row["grade"]]
    term = {"system": CTCAE, "version": row["ctcae_version"], "code": row["term"]}
    codings: list[Resource] = [term | {"display": row["term"]}]
    if row["meddra_code"]:
        codings.append({"system": MEDDRA, "code": str(row["meddra_code"])})
    suspect: Resource = {"instance": reference(course)}
    cause = row["attribution"]
    if cause:
        said = concept(CAUSALITY, CAUSES[cause], text=cause) if cause in CAUSES else {"text": cause}
        suspect["causality"] = [{"assessment": said}]
    return {
        "resourceType": "AdverseEvent",
        "id": f"event-{number}",
        "extension": [
            extension(ADVERSE_EVENT_GRADE, valueCodeableConcept=concept(NCIT, code, display))
        ],
        "actuality": "actual",
        "event": {"coding": codings, "text": row["term"]},
        "subject": reference(patient),
        "date": row["assessed_on"].isoformat(),
        "suspectEntity": [suspect],
    }


def answered(
    number: int, row: Mapping[str, Any], patient: Resource, base: str
) -> Iterator[Resource]:
    """Yield the answers and one observation per score. No wording: it belongs to its authors."""
    instrument, version = row["instrument"], row["instrument_version"]
    response: Resource = {
        "resourceType": "QuestionnaireResponse",
        "id": f"answers-{number}",
        "questionnaire": f"{base}/Questionnaire/{instrument}|{version}",
        "status": "completed" if row["not_answered"] is None else "stopped",
        "subject": reference(patient),
        "authored": row["answered_on"].isoformat(),
    }
    given = {code: value for code, value in row["answers"].items() if value is not None}
    if given:
        response["item"] = [
            {"linkId": code, "answer": [{"valueInteger": value}]} for code, value in given.items()
        ]
    yield response
    for code, value in row["scores"].items():
        yield _score(f"score-{number}-{_id(code)}", code, value, row, response, patient, base)


def _score(
    name: str,
    code: str,
    value: float | None,
    row: Mapping[str, Any],
    response: Resource,
    patient: Resource,
    base: str,
) -> Resource:
    said: Resource
    if value is None:
        said = {"dataAbsentReason": concept(ABSENT, "not-performed", "Not Performed")}
    else:
        unit = {"unit": "score", "system": UCUM, "code": "{score}"}
        said = {"valueQuantity": {"value": value, **unit}}
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "category": [
            concept("http://terminology.hl7.org/CodeSystem/observation-category", "survey")
        ],
        "code": concept(f"{base}/CodeSystem/{row['instrument']}", code),
        "subject": reference(patient),
        "effectiveDateTime": row["answered_on"].isoformat(),
        "derivedFrom": [reference(response)],
        **said,
    }


def _id(code: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in code)

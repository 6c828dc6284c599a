"""A course as FHIR: valid by the models, by the guides' rules, and in the right unit."""

import copy
import json
from datetime import date
from typing import Any

import pytest

from gateway.adapters.clinical_codelists import load_code_lists
from gateway.contract.clinical import RowKind
from gateway.domain.clinical.sources import READERS
from harmonizer.domain.fhir import CourseStory, StoredSeries, bundle
from tests.factories.fhir_rules import CODEX, MCODE, check_bundle, extensions

BASE = "https://archive.example"
UID = "2.25.340282366920938463463374607431768211455"
TARGET = {
    "roi_number": 4,
    "standard_name": "PTV_4005",
    "kind": "target",
    "metrics": {"D50%[Gy]": 40.05, "D95%[%]": 97.0},
}
HEART = {"roi_number": 5, "standard_name": "Heart", "kind": "organ", "metrics": {"Mean[Gy]": 2.5}}
COURSE: dict[str, Any] = {
    "course_uid": UID,
    "national_id": "N-0001",
    "site": "breast",
    "laterality": "L",
    "technique": "modulated",
    "prescribed_gy": 40.05,
    "fractions": 15,
    "structures": [TARGET, HEART],
}
SERIES = (
    StoredSeries("2.25.1", "2.25.11", "CT", [("2.25.111", "1.2.840.10008.5.1.4.1.1.2")]),
    StoredSeries("2.25.1", "2.25.12", "RTPLAN", [("2.25.121", "1.2.840.10008.5.1.4.1.1.481.5")]),
)
BOOSTED = (
    *SERIES,
    StoredSeries("2.25.1", "2.25.13", "RTPLAN", [("2.25.131", "1.2.840.10008.5.1.4.1.1.481.5")]),
)
PLANS: list[dict[str, Any]] = [
    {
        "plan_uid": "2.25.121",
        "label": "Whole breast",
        "technique": "static",
        "fractions": 15,
        "delivered": 15,
        "first_day": "2020-01-15",
        "last_day": "2020-02-04",
        "prescribed": [[4, 40.05]],
    },
    {
        "plan_uid": "2.25.131",
        "label": None,
        "technique": "modulated",
        "fractions": 4,
        "delivered": 1,
        "first_day": "2020-02-05",
        "last_day": "2020-02-05",
        "prescribed": [[4, 10.0]],
    },
]
PATIENT = {
    "sex": "F",
    "diagnosis_icd10": "C50.4",
    "rt_start": date(2020, 1, 15),
    "rt_end": date(2020, 2, 4),
}
GRADED = {
    "term": "Dermatitis radiation",
    "ctcae_version": "5.0",
    "meddra_code": 10061103,
    "grade": 2,
    "attribution": "probable",
    "assessed_on": date(2020, 2, 14),
}
ANSWERED = {
    "instrument": "qlq-c30",
    "instrument_version": "3.0",
    "answered_on": date(2020, 2, 14),
    "answers": {"q29": 6, "q30": 7, "q1": None},
    "scores": {"QL2": 91.66666666666667, "PF2": None},
    "not_answered": None,
}


def story(**changes: Any) -> CourseStory:
    given: dict[str, Any] = {
        "course": COURSE,
        "delivered": 15,
        "series": SERIES,
        "patient": PATIENT,
        "toxicity": [GRADED, GRADED | {"grade": 0, "attribution": None, "meddra_code": None}],
        "proms": [ANSWERED],
    }
    return CourseStory(**(given | changes))


def resources(one: CourseStory, kind: str) -> list[dict[str, Any]]:
    entries = bundle(one, BASE)["entry"]
    return [e["resource"] for e in entries if e["resource"]["resourceType"] == kind]


@pytest.mark.parametrize(
    "one",
    [
        story(),
        story(delivered=None),
        story(delivered=7),
        story(delivered=None, patient={}, toxicity=[], proms=[]),
        story(course=COURSE | {"site": None, "laterality": None, "technique": None}),
        story(series=(*SERIES, StoredSeries("2.25.2", "2.25.21", "RTPLAN", [("2.25.5", "1.2")]))),
        story(series=BOOSTED, planned=PLANS),
        story(series=BOOSTED, planned=[one | {"fractions": None} for one in PLANS]),
        story(proms=[ANSWERED | {"answers": {"q1": None}, "not_answered": "too-ill"}]),
    ],
)
def test_every_resource_is_valid_and_keeps_the_rules(one: CourseStory) -> None:
    found = bundle(one, BASE)
    assert check_bundle(json.loads(json.dumps(found))) == []


def test_doses_are_centigrays() -> None:
    summary, phase = resources(story(delivered=10), "Procedure")
    (planned,) = resources(story(delivered=10), "ServiceRequest")
    (given,) = extensions(summary, MCODE + "radiotherapy-dose-delivered-to-volume")
    # 40.05 Gy in 15 fractions, 10 of them given: 26.7 Gy
    assert extensions(given, "totalDoseDelivered")[0]["valueQuantity"]["value"] == 2670.0
    assert extensions(given, "fractionsDelivered")[0]["valueUnsignedInt"] == 10
    (wanted,) = extensions(planned, CODEX + "radiotherapy-dose-planned-to-volume")
    assert extensions(wanted, "totalDose")[0]["valueQuantity"]["value"] == 4005.0
    assert extensions(wanted, "fractionDose")[0]["valueQuantity"]["value"] == 267.0
    assert extensions(phase, CODEX + "radiotherapy-fractions-delivered")


def test_a_course_of_several_plans_has_a_phase_for_each() -> None:
    """A boost of 4 x 2.5 Gy, of which one fraction was given."""
    one = story(series=BOOSTED, planned=PLANS, delivered=16)
    summary, whole, boost = resources(one, "Procedure")
    planned = resources(one, "ServiceRequest")
    assert [p["extension"][1]["valuePositiveInt"] for p in planned] == [15, 4]
    assert [p["identifier"][0]["value"] for p in planned] == ["Whole breast", "breast L 2"]
    (wanted,) = extensions(planned[1], CODEX + "radiotherapy-dose-planned-to-volume")
    assert extensions(wanted, "totalDose")[0]["valueQuantity"]["value"] == 1000.0
    assert extensions(wanted, "fractionDose")[0]["valueQuantity"]["value"] == 250.0
    (given,) = extensions(boost, MCODE + "radiotherapy-dose-delivered-to-volume")
    assert extensions(given, "totalDoseDelivered")[0]["valueQuantity"]["value"] == 250.0
    assert (whole["status"], boost["status"]) == ("completed", "stopped")
    assert boost["performedPeriod"] == {"start": "2020-02-05", "end": "2020-02-05"}
    assert boost["basedOn"] == [{"reference": f"ServiceRequest/{planned[1]['id']}"}]
    parent = {"reference": f"Procedure/{summary['id']}"}
    assert whole["partOf"] == boost["partOf"] == [parent]
    (told,) = extensions(summary, MCODE + "radiotherapy-dose-delivered-to-volume")
    uniform = extensions(told, CODEX + "radiotherapy-uniform-fractionation")
    assert uniform[0]["valueBoolean"] is False


@pytest.mark.parametrize(
    ("delivered", "patient", "status"),
    [
        (15, PATIENT, "completed"),
        (7, PATIENT, "stopped"),
        (7, {}, "in-progress"),
        (0, PATIENT, "not-done"),
        (None, PATIENT, "completed"),
        (None, {}, "in-progress"),
    ],
)
def test_the_status_follows_the_records(
    delivered: int | None, patient: dict[str, Any], status: str
) -> None:
    assert story(delivered=delivered, patient=patient).status == status


def test_without_records_no_dose_is_called_delivered() -> None:
    text = json.dumps(bundle(story(delivered=None), BASE))
    assert "totalDoseDelivered" not in text
    assert "totalDose" in text


def test_images_are_counted() -> None:
    (study,) = resources(story(), "ImagingStudy")
    assert (study["numberOfSeries"], study["numberOfInstances"]) == (2, 2)


def test_what_goes_out_is_understood_by_a_gateway() -> None:
    """A centre that imports the bundle reads the same grades and answers."""
    data = json.dumps(bundle(story(), BASE)).encode()
    found = {s.kind: s.table.rows for s in READERS["fhir"](data, load_code_lists())}
    event = found[RowKind.TOXICITY][0].cells
    assert [event[n] for n in ("ctcae_version", "term", "grade", "assessed_on")] == [
        "5.0",
        "Dermatitis radiation",
        "2",
        "2020-02-14",
    ]
    answers = found[RowKind.PROM][0].cells
    assert (answers["instrument"], answers["q29"], answers["q30"]) == ("qlq-c30", "6", "7")


@pytest.mark.parametrize(
    ("kind", "spoil", "rule"),
    [
        ("Procedure", {"status": "unknown"}, "codexrt-procedure-status"),
        ("Procedure", {"reasonCode": []}, "mcode-reason-required"),
        ("Procedure", {"identifier": []}, "needs a name"),
        ("ServiceRequest", {"extension": []}, "planned fractions"),
        ("AdverseEvent", {"suspectEntity": []}, "suspects nothing"),
        ("BodyStructure", {"morphology": {}}, "no type"),
    ],
)
def test_the_rules_notice_a_planted_fault(kind: str, spoil: dict[str, Any], rule: str) -> None:
    found = copy.deepcopy(bundle(story(), BASE))
    first = next(e["resource"] for e in found["entry"] if e["resource"]["resourceType"] == kind)
    first.update({k: v for k, v in spoil.items() if v})
    for name in [name for name, value in spoil.items() if not value]:
        del first[name]
    if kind == "ServiceRequest":
        first["extension"] = [{"url": "urn:x", "valueInteger": 1}]
    assert any(rule in text for text in check_bundle(found)), check_bundle(found)

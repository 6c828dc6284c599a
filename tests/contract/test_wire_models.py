"""The wire contract: both sides refuse what they do not know, and nothing changes on the way."""

from datetime import UTC, date, datetime

import pytest
from pydantic import BaseModel, ValidationError

from gateway.contract import clinical, manifest, receipts, site
from gateway.contract.clinical import ClinicalBatch, ClinicalRow, ToxicityRow
from gateway.contract.manifest import (
    CertificateBody,
    Manifest,
    ManifestInstance,
    Release,
    Role,
)
from gateway.contract.model import WireModel

MODULES = (clinical, manifest, receipts, site)


def instance(**changes: object) -> ManifestInstance:
    values: dict[str, object] = {
        "sop_instance_uid": "2.25.1",
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.481.5",
        "series_instance_uid": "2.25.2",
        "study_instance_uid": "2.25.3",
        "modality": "RTPLAN",
        "role": Role.PLAN,
        "size_bytes": 10,
        "sha256": "0" * 64,
    }
    return ManifestInstance.model_validate(values | changes)


def course() -> Manifest:
    release = Release(
        released_at=datetime(2026, 1, 2, tzinfo=UTC),
        role="steward",
        reasons=("97 of 98 CT slices missing",),
        comment="Known: the source package holds one slice.",
    )
    return Manifest(
        course_uid="2.25.9",
        version=1,
        centre="KUH",
        national_id="FIABC",
        instances=(instance(),),
        release=release,
    )


def test_no_account_gets_into_a_manifest_by_name() -> None:
    known = course().model_dump(mode="json")
    known["release"]["role"] = "steward:maija.virtanen"
    with pytest.raises(ValidationError, match=r"release\.role"):
        Manifest.model_validate(known)


def test_a_manifest_survives_the_wire() -> None:
    assert Manifest.model_validate_json(course().model_dump_json()) == course()


@pytest.mark.parametrize(
    "model",
    [
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, BaseModel)
        and value not in (BaseModel, WireModel)
    ],
    ids=lambda model: model.__name__,
)
def test_every_wire_model_is_frozen_and_refuses_unknown_fields(model: type[BaseModel]) -> None:
    assert model.model_config.get("frozen") is True
    assert model.model_config.get("extra") == "forbid"


@pytest.mark.parametrize(
    "changes", [{"sha256": "xyz"}, {"size_bytes": 0}, {"role": "unheard-of"}, {"extra": 1}]
)
def test_a_malformed_instance_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        instance(**changes)


def test_a_certificate_cannot_say_that_a_course_failed() -> None:
    body = {
        "manifest": course().model_dump(mode="json"),
        "manifest_sha256": "0" * 64,
        "profile": "p",
        "engine_version": "1",
        "checker_version": "1",
        "key_id": "k",
        "actions": {},
        "references_resolved": 0,
        "invariants_compared": 0,
    }
    assert CertificateBody.model_validate(body | {"passed": True}).passed
    with pytest.raises(ValidationError):
        CertificateBody.model_validate(body | {"passed": False})


@pytest.mark.parametrize(("field", "value"), [("age_years", 91), ("age_years", 17), ("sex", "X")])
def test_a_clinical_row_keeps_to_the_coarse_values(field: str, value: object) -> None:
    row: dict[str, object] = {
        "national_id": "FIABC",
        "row_key": "k",
        "source": "csv",
        "recorded_on": date(2020, 1, 1),
    }
    assert ClinicalRow.model_validate(row)
    with pytest.raises(ValidationError):
        ClinicalRow.model_validate(row | {field: value})


def test_ctcae_knows_no_grade_six() -> None:
    with pytest.raises(ValidationError):
        ToxicityRow(
            national_id="FIABC",
            row_key="k",
            source="csv",
            assessed_on=date(2020, 1, 1),
            ctcae_version="5.0",
            term="Fatigue",
            grade=6,
        )


def test_a_batch_without_rows_is_still_a_batch() -> None:
    batch = ClinicalBatch(batch_id="b", centre="KUH")
    assert ClinicalBatch.model_validate_json(batch.model_dump_json()) == batch

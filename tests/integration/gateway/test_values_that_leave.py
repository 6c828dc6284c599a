"""Unique values per attribute path: what is collected, who may read it, and that it goes too."""

import pytest

from gateway.domain.checker import read_elements, texts_of
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital, basic
from tests.integration.gateway.test_gateway_http import call, operator, session


@pytest.fixture
def ward(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> Hospital:
    """A hospital whose second stage changes nothing, so that what leaves can be read."""
    rewrite = hospital.stage.rewrite

    def readable(data: bytes, *who: object) -> object:
        done = rewrite(data, *who)
        return done.__class__(data, done.actions, done.problems, done.compared, done.references)

    monkeypatch.setattr(hospital.stage, "rewrite", readable)
    return hospital


def rows(ward: Hospital, path: str | None = None, at_most: int = 3) -> dict[tuple[str, str], int]:
    found = ward.service.values.view(path, at_most, "steward")["texts"]
    return {(row["path"], row["text"]): row["patients"] for row in found}


def test_each_text_is_told_with_its_place_and_how_many_people_have_it(ward: Hospital) -> None:
    for number in range(1, 6):
        name = f"ID-{number}"
        line = f"patient_id,status,version,date\n{name},granted,1,2020-01-01\n".encode()
        ward.service.consents.import_sheet(line, "operator", commit=True)
        plan = make.plan(900 + number, 100, ward.pseudonym(name))
        if number == 1:
            plan = plan.replace(b"M1", b"X9")
        leaves = plan
        places = texts_of(read_elements(leaves))
        ward.service.values._values.note(places, ward.pseudonym(name))
    machine = "BeamSequence > TreatmentMachineName"
    found = rows(ward)
    assert found[machine, "X9"] == 1
    assert found[machine, "M1"] == 3  # three and more: it names nobody
    assert rows(ward, machine, at_most=2) == {(machine, "X9"): 1}


def test_sending_collects_and_reads_one_slice_of_a_series(ward: Hospital) -> None:
    ward.take_in(make.course(slices=8, patient=ward.pseudonym()))
    assert ward.send()
    found = rows(ward)
    assert ("StructureSetROISequence > ROIName", "Heart") in found
    assert ("Modality", "CT") in found
    assert not any(ward.pseudonym() in text for _, text in found)
    before = len(found)
    ward.take_in([make.ct(60, 99.0, ward.pseudonym())])
    assert len(rows(ward)) == before


def test_what_was_erased_is_not_told_any_more(ward: Hospital) -> None:
    ward.take_in(make.course(patient=ward.pseudonym()))
    assert ward.send()
    assert rows(ward)
    withdrawal = b"patient_id,status,version,date\nID-1,withdrawn,2.1,2026-03-02\n"
    ward.service.consents.import_sheet(withdrawal, "operator", commit=True)
    ward.service.withdrawal.step()
    assert rows(ward) == {}


def test_only_a_steward_may_read_and_each_look_is_audited(ward: Hospital) -> None:
    assert operator(ward, "GET", "/api/v1/values").status_code == 403
    assert call(ward, "GET", "/values", cookies=session(ward)).status_code == 403
    name, password = ward.add_steward()
    told = call(ward, "GET", "/api/v1/values", headers=basic(name, password))
    assert told.json()["texts"] == []
    page = call(ward, "GET", "/values", cookies=session(ward, name, password))
    assert "Nothing yet" in page.text
    actions = [(entry["action"], entry["role"]) for entry in ward.service.audit.entries(4)]
    assert actions.count(("values-view", "steward:anna")) == 2

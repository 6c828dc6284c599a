"""What fails for one patient, or in one loop, is told in words and stops nothing else."""

from collections.abc import Sequence

import pytest

from gateway.config import DicomDoor, Settings
from gateway.domain.validation import Subject
from gateway.errors import RetryError
from gateway.loops import Background
from gateway.standstill import STANDSTILLS, standstill_of, told_of
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital, hospital_of
from tests.integration.gateway.test_courses_that_are_joined import second_course

SECOND = b"patient_id,status,version,date\nID-2,granted,1,2019-12-01\n"


class Broken:
    """Knows nobody's sex and age of one patient, and says so with a name."""

    def __init__(self, pseudonym: str) -> None:
        self.pseudonym = pseudonym
        self.asked = 0

    def __call__(self, pseudonym: str, _days: Sequence[str]) -> Subject:
        if pseudonym == self.pseudonym:
            self.asked += 1
            raise KeyError("Virtanen")
        return Subject()


@pytest.fixture
def two(hospital: Hospital) -> Hospital:
    hospital.service.consents.import_sheet(SECOND, "operator", commit=True)
    return hospital


@pytest.mark.parametrize("broken", ["ID-1", "ID-2"])
def test_a_patient_that_cannot_be_judged_stops_no_other(
    two: Hospital, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    first, second = (two.pseudonym(one) for one in ("ID-1", "ID-2"))
    wrong = Broken(two.pseudonym(broken))
    monkeypatch.setattr(two.service.course_service, "_subject_of", wrong)
    two.take_in([*make.course(patient=first), *second_course(second)])
    assert two.states() == ["held"]  # of the other one, as both have objects of one study
    (alert,) = two.service.alerts.open()
    assert alert["code"] == "courses-unjudged"
    assert "a course without a number yet (KeyError)" in alert["text"]
    for name in (first, second, "Virtanen", "ID-"):
        assert name not in alert["text"]
    asked = wrong.asked
    assert two.service.course_service.step() == 0  # so that its loop pauses
    assert wrong.asked == asked
    wrong.pseudonym = ""
    two.clock.forward(61)
    two.settle()
    assert two.states() == ["held", "held"]
    assert two.service.alerts.open() == []


def test_a_course_that_has_a_number_is_told_by_it(
    two: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = two.pseudonym()
    two.take_in(make.course(patient=first)[:-1])
    monkeypatch.setattr(two.service.course_service, "_subject_of", Broken(first))
    two.take_in(make.course(patient=first)[-1:])
    (alert,) = two.service.alerts.open()
    assert alert["text"].startswith("course 1 (KeyError): ")
    two.restart()
    two.settle()
    assert two.service.alerts.open() == []
    assert two.states() == ["ready"]


def test_every_loop_says_what_stands_still_meanwhile(settings: Settings) -> None:
    door = {"ae_title": "KUH", "listen": {"host": "127.0.0.1", "port": 0}, "orthanc_port": 1}
    chosen = {"dicom": DicomDoor.model_validate(door), "unknown_patients": "hold"}
    for hospital in hospital_of(settings.model_copy(update=chosen)):
        loops = Background(hospital.service).loops
        said = {standstill_of(loop.name) for loop in loops}
        assert said == set(STANDSTILLS.values())
        names = {loop.name for loop in loops if not loop.name.startswith("sender-")}
        assert names | {"sender"} == STANDSTILLS.keys()


def test_an_alert_of_a_loop_quotes_nothing_foreign() -> None:
    told = told_of("withdrawal", RuntimeError("Virtanen"))
    assert "not deleted here yet" in told
    assert told.endswith("(RuntimeError)")
    assert told_of("sender-1", RetryError("the archive: ReadTimeout")).endswith("ReadTimeout)")

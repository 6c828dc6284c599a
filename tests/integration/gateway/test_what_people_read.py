"""What the console says: errors as pages, refusals in words, one screen on one patient."""

import re
from datetime import timedelta

import pytest

from gateway.contract.site import PluginReport, RefusalCount
from gateway.errors import RetryError
from gateway.web.consent_pages import LIVES
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import CONSENTS, Hospital, hospital_of
from tests.integration.gateway.test_gateway_http import call, operator, session

LIST = {"file": ("list.csv", CONSENTS.replace(b"ID-1", b"ID-2"))}
PREVIEW = re.compile(r'name="preview" value="([^"]+)"')


def why(hospital: Hospital, patient_id: str = "ID-1") -> str:
    verdict: str = hospital.service.inquiry.why(patient_id, "steward:anna").as_json()["verdict"]
    return verdict


@pytest.mark.parametrize(
    ("method", "path", "code", "text"),
    [
        ("GET", "/courses/99", 404, "There is no such course."),
        ("GET", "/nothing", 404, "There is no such page."),
        ("GET", "/account/yesterday", 422, "go back and try again"),
        ("POST", "/consents", 422, "go back and try again"),
    ],
)
def test_a_browser_gets_a_page_whatever_is_wrong(
    hospital: Hospital, method: str, path: str, code: int, text: str
) -> None:
    answer = call(hospital, method, path, cookies=session(hospital))
    assert (answer.status_code, "<h1>That did not work</h1>" in answer.text) == (code, True)
    assert text in answer.text
    assert "Courses</a>" in answer.text
    assert "Courses</a>" not in call(hospital, method, "/nothing").text  # nobody is logged in


def test_a_machine_gets_json(hospital: Hospital) -> None:
    assert operator(hospital, "GET", "/api/v1/nothing").json() == {
        "code": "unknown-path",
        "text": "Not Found",
    }
    answer = operator(hospital, "GET", "/api/v1/account/days/yesterday")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_just_what_was_looked_at_is_imported_once_and_by_whoever_looked(
    hospital: Hospital,
) -> None:
    cookies = session(hospital)
    looked = call(hospital, "POST", "/consents", files=LIST, cookies=cookies)
    form = {"preview": PREVIEW.findall(looked.text)[0]}
    assert "Nothing imported yet" in looked.text
    other = session(hospital, *hospital.add_steward())
    for cookie, text in ((other, "too old"), (cookies, "Imported"), (cookies, "too old")):
        page = call(hospital, "POST", "/consents/import", data=form, cookies=cookie).text
        assert text in page
    lookup = hospital.service.naming.lookup("ID-2")
    assert hospital.service.vault.pseudonyms([lookup])


def test_a_preview_is_forgotten_after_a_while(hospital: Hospital) -> None:
    previews, now = hospital.app.state.previews, hospital.clock.now()
    names = [previews.keep(f"one-{n}", b"list", now) for n in range(20)]
    assert previews.take(names[0], "one-0", now) is None  # only the last few are kept
    assert previews.take(names[19], "one-19", now + LIVES) is None
    assert previews.take(names[18], "one-18", now + LIVES - timedelta(seconds=1)) == b"list"


def test_a_refusal_at_the_door_is_told_in_words(hospital: Hospital) -> None:
    refusal = RefusalCount(reason="no-consent", dimse_status=0x0124, sender="TPS", count=3)
    totals = PluginReport(received=0, refused=(refusal,), boot_id="b")
    hospital.service.status.take_report(totals)
    page = call(hospital, "GET", "/", cookies=session(hospital)).text
    assert "The patient is in no consent list, or has not consented." in page


def test_one_screen_says_what_came_and_what_each_course_waits_for(hospital: Hospital) -> None:
    assert "no object has come" in why(hospital)
    hospital.take_in(make.course(patient=hospital.pseudonym())[:-1])
    told = hospital.service.inquiry.why("ID-1", "steward:anna").as_json()
    held = "Course 1 is held until a person decides or what is missing comes: no dose has come."
    assert told["verdict"] == held
    assert told["courses"][0]["contents"] == [
        {"role": "planning-image", "modality": "CT", "instances": 4},
        {"role": "structures", "modality": "RTSTRUCT", "instances": 1},
        {"role": "plan", "modality": "RTPLAN", "instances": 1},
    ]
    hospital.service.decisions.refuse(1, "a verification plan", "operator")
    assert why(hospital) == "Course 1 stays here for good: no dose has come."


def test_it_says_what_is_in_the_archive_and_what_is_not(hospital: Hospital) -> None:
    objects = make.course(patient=hospital.pseudonym())
    hospital.take_in(objects)
    hospital.archive.failures["announce"].append(RetryError("the archive answered 503"))
    hospital.send()
    assert why(hospital) == "Course 1 waits to be sent again: the archive answered 503."
    hospital.clock.forward(86_400)
    hospital.send()
    assert why(hospital) == "Everything that came is in the archive, verified."
    hospital.site.objects["x"] = objects[0]
    hospital.take_in([make.ct(90, 0.0, hospital.pseudonym(), series=990, frame="2.25.77")])
    hospital.service.intake.reconcile()
    assert why(hospital) == (
        "1 of 2 courses are in the archive. Course 2 is held until a person decides or what is "
        "missing comes: 1 CT instance: no plan, structure set or dose refers to them. 1 object is "
        "set aside in the site's Orthanc: see the alerts on the page Status."
    )


def test_until_when_something_may_still_come(hospital: Hospital) -> None:
    patient = hospital.settings.model_copy(
        update={
            "waiting_minutes": {"no-dose": 60},
            "data_folder": hospital.settings.data_folder / "patient",
        }
    )
    for other in hospital_of(patient):
        other.take_in(make.course(patient=other.pseudonym())[:-1])
        assert why(other) == "Course 1 waits for what may still come: no dose has come."
        page = call(other, "GET", "/courses/1", cookies=session(other)).text
        assert "A person is asked from 2026-03-02 13:00 UTC on." in page
        other.clock.forward(3600)
        other.service.course_service.step()
        assert other.service.course_service.read(1)["waits_until"] is None

"""The gateway's HTTP: who may call, what comes back, and that no page names anybody."""

import asyncio
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pydicom import dcmread

from gateway.contract.site import ConsentSnapshot
from gateway.errors import RetryError
from tests.factories import site_objects as make
from tests.integration.gateway.conftest import OPERATOR, PLUGIN, Hospital, basic


def call(hospital: Hospital, method: str, path: str, **how: Any) -> httpx.Response:
    """Ask the application without a socket."""

    cookies = how.pop("cookies", None)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=hospital.app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://gateway", cookies=cookies
        ) as client:
            return await client.request(method, path, **how)

    return asyncio.run(ask())


def operator(hospital: Hospital, method: str, path: str, **how: Any) -> httpx.Response:
    return call(hospital, method, path, headers={"Authorization": f"Bearer {OPERATOR}"}, **how)


def plugin(hospital: Hospital, method: str, path: str, **how: Any) -> httpx.Response:
    return call(hospital, method, path, headers={"Authorization": f"Bearer {PLUGIN}"}, **how)


def session(hospital: Hospital, name: str = "", password: str = "") -> dict[str, str]:
    """Log in with the operator token, or with an account."""
    form = {"name": name, "password": password} if name else {"token": OPERATOR}
    answer = call(hospital, "POST", "/login", data=form)
    assert answer.status_code == 303
    return dict(answer.cookies)


GUARDED = [
    ("GET", "/api/v1/status"),
    ("GET", "/api/v1/courses"),
    ("GET", "/api/v1/account"),
    ("GET", "/api/v1/audit"),
    ("GET", "/api/v1/accounts"),
    ("POST", "/api/v1/consents"),
    ("POST", "/api/v1/courses/1/release"),
    ("POST", "/api/v1/courses/1/leave-out"),
    ("POST", "/api/v1/courses/1/take-in"),
    ("POST", "/api/v1/why"),
    ("POST", "/api/v1/sending/resume"),
    ("POST", "/api/v1/clinical?kind=prom"),
    ("POST", "/api/v1/clinical/again"),
    ("POST", "/api/v1/recruitment"),
    ("GET", "/api/v1/recruitment"),
    ("GET", "/internal/consent-snapshot"),
    ("POST", "/internal/plugin-report"),
]


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_without_a_token_everything_is_closed(hospital: Hospital, method: str, path: str) -> None:
    wrong = {"Authorization": "Bearer no"}
    body = {"comment": "x", "patient_id": "x", "received": 0, "refused": [], "boot_id": "b"}
    assert call(hospital, method, path, json=body).status_code == 401
    assert call(hospital, method, path, json=body, headers=wrong).status_code == 401


def test_every_route_is_guarded_or_known_to_be_open(hospital: Hospital) -> None:
    """A route that somebody adds without a guard fails here."""
    open_ones = {"/health", "/login", "/logout", "/openapi.json"}
    schema = hospital.app.openapi()["paths"]
    for path, methods in schema.items():
        for method in methods:
            given = path.replace("{course_id}", "1")
            answer = call(hospital, method.upper(), given, json={"comment": "", "patient_id": "x"})
            assert path in open_ones or answer.status_code in {401, 422}, path
            assert path in open_ones or answer.status_code == 401 or "clinical" in path, path


def test_the_plugin_may_not_use_the_operators_api(hospital: Hospital) -> None:
    assert plugin(hospital, "GET", "/api/v1/status").status_code == 401
    assert operator(hospital, "GET", "/internal/consent-snapshot").status_code == 401


def test_pages_lead_to_the_login_form(hospital: Hospital) -> None:
    for path in ("/", "/courses", "/courses/1", "/consents", "/why", "/account", "/audit"):
        answer = call(hospital, "GET", path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert call(hospital, "POST", "/login", data={"token": "wrong"}).status_code == 401


def test_a_form_from_another_site_does_nothing(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym())[:-1])
    answer = call(
        hospital,
        "POST",
        "/courses/1/release",
        data={"comment": "fine"},
        cookies=session(hospital),
        headers={"Origin": "http://elsewhere"},
    )
    assert answer.headers["location"] == "/login"
    assert hospital.states() == ["held"]


def test_the_snapshot_holds_who_may_be_stored(hospital: Hospital) -> None:
    answer = plugin(hospital, "GET", "/internal/consent-snapshot")
    snapshot = ConsentSnapshot.model_validate_json(answer.content)
    assert snapshot.admitted == {hospital.service.naming.lookup("ID-1"): hospital.pseudonym()}
    assert snapshot.policy_hash == "test 0000"


def test_reports_of_two_starts_of_orthanc_add_up(hospital: Hospital) -> None:
    for boot, counts in (("a", (3, 5)), ("b", (2,))):
        for count in counts:
            refusal = {
                "reason": "no-consent",
                "dimse_status": 0x0124,
                "sender": "TPS",
                "count": count,
            }
            report = {"received": count * 10, "refused": [refusal], "boot_id": boot}
            answer = plugin(hospital, "POST", "/internal/plugin-report", json=report)
            assert answer.status_code == 204
    status = operator(hospital, "GET", "/api/v1/status").json()
    assert hospital.service.totals.stored() == (70, 0, 1)
    assert status["refused"] == [
        {"reason": "no-consent", "dimse_status": 0x0124, "sender": "TPS", "count": 7}
    ]


def test_a_bad_consent_list_imports_nothing_and_tells_each_line(hospital: Hospital) -> None:
    body = (
        b"patient_id,status,version,date\n"
        b"ID-7,granted,2.1,2026-01-01\n"
        b"ID-8,perhaps,2.1,2026-01-01\n"
        b"ID-9,granted,2.1,32.2.2026\n"
    )
    answer = operator(hospital, "POST", "/api/v1/consents", content=body)
    assert answer.status_code == 422
    told = answer.json()
    assert [(p["line"], p["column"]) for p in told["problems"]] == [(3, "status"), (4, "date")]
    assert "ID-8" not in answer.text
    assert hospital.service.consents.counts()["granted"] == 1


def test_a_preview_changes_nothing(hospital: Hospital) -> None:
    body = b"patient_id,status,version,date\nID-7,granted,2.1,2026-01-01\n"
    answer = operator(hospital, "POST", "/api/v1/consents?preview=true", content=body)
    assert (answer.status_code, answer.json()["new"]) == (200, 1)
    assert hospital.service.consents.counts()["granted"] == 1


def test_whoever_asks_who_takes_part_is_recorded(hospital: Hospital) -> None:
    """A preview stores nothing and tells who is there all the same."""
    head = b"patient_id,status,version,date\n"
    line = b"ID-1,granted,2.1,2026-01-01\n"
    for path, body in (
        ("/api/v1/consents?preview=true", head + line * 2),
        ("/api/v1/consents", head + line + b"ID-8,maybe,2.1,2026-01-01\n"),
    ):
        operator(hospital, "POST", path, content=body)
        (last,) = hospital.service.audit.entries(1)
        assert (last["action"], last["detail"]) == ("consent-preview", "2 rows"), path
    rows = b"patient_id,recorded_on,diagnosis_icd10\nID-1,2020-01-10,C50.4\n"
    url = "/api/v1/clinical?kind=clinical&check_only=true"
    assert operator(hospital, "POST", url, content=rows).json()["stored"] == 1
    (last,) = hospital.service.audit.entries(1)
    assert (last["action"], last["detail"]) == ("clinical-check", "clinical, 1 lines")


def test_a_held_course_is_released_on_the_page(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym())[:-1])
    cookies = session(hospital)
    page = call(hospital, "GET", "/courses/1", cookies=cookies)
    assert "no dose has come" in page.text
    wrong = {"comment": "Maija agreed"}
    answer = call(hospital, "POST", "/courses/1/release", data=wrong, cookies=cookies)
    assert answer.status_code == 422
    assert hospital.states() == ["held"]
    right = {"comment": "dose is not exported by this system"}
    answer = call(hospital, "POST", "/courses/1/release", data=right, cookies=cookies)
    assert answer.status_code == 303
    assert hospital.states() == ["ready"]
    shown = call(hospital, "GET", "/courses/1", cookies=cookies).text
    assert "by an operator: dose is not exported by this system. It could go although" in shown
    assert "no dose has come" in shown


def test_releasing_what_is_not_held_is_refused(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    answer = operator(hospital, "POST", "/api/v1/courses/1/release", json={"comment": "go"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not-held")
    answer = operator(hospital, "POST", "/api/v1/courses/99/release", json={"comment": "go"})
    assert answer.status_code == 404


def test_no_page_or_answer_names_anybody(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym())[:-1])
    cookies = session(hospital)
    pages = ("/", "/courses", "/courses/1", "/consents", "/account", "/audit", "/accounts")
    answers = [call(hospital, "GET", path, cookies=cookies) for path in pages]
    assert [answer.status_code for answer in answers] == [200] * len(pages)
    assert all("</html>" in answer.text for answer in answers)
    texts = [answer.text for answer in answers]
    texts += [operator(hospital, "GET", path).text for _, path in GUARDED[:4]]
    cookies = session(hospital, *hospital.add_steward())
    asked = call(hospital, "POST", "/why", data={"patient_id": "ID-1"}, cookies=cookies)
    texts.append(call(hospital, "GET", "/terms", cookies=cookies).text)
    assert "no dose has come" in asked.text
    for text in [*texts, asked.text]:
        assert text
        assert not any(word in text for word in ("Virtanen", "Maija", "1952", "ID-1"))


def test_the_answer_to_why_depends_on_where_it_stopped(hospital: Hospital) -> None:
    steward = basic(*hospital.add_steward())

    def verdict(patient_id: str) -> str:
        body = {"patient_id": patient_id}
        answer = call(hospital, "POST", "/api/v1/why", json=body, headers=steward)
        text: str = answer.json()["verdict"]
        return text

    assert "in no consent list" in verdict("ID-404")
    assert "no object has come" in verdict("ID-1")
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    assert "on its way" in verdict("id-1 ")
    hospital.send()
    assert "in the archive, verified" in verdict("ID-1")


def test_health_follows_the_canary(hospital: Hospital) -> None:
    assert call(hospital, "GET", "/health").status_code == 503
    hospital.service.canary.step()
    assert call(hospital, "GET", "/health").status_code == 200
    hospital.site.plugin_in_force = False
    hospital.service.canary.step()
    answer = call(hospital, "GET", "/health")
    assert answer.status_code == 503
    assert answer.json()["alerts"] == ["canary-stored"]
    assert not hospital.site.objects, "the canary is deleted again"
    hospital.site.plugin_in_force = True
    hospital.service.canary.step()
    assert call(hospital, "GET", "/health").status_code == 200


def test_an_unexpected_error_tells_nothing(hospital: Hospital) -> None:
    def broken() -> dict[str, Any]:
        raise RuntimeError("Virtanen")

    hospital.app.state.status.status = broken
    answer = operator(hospital, "GET", "/api/v1/status")
    assert answer.status_code == 500
    assert "Virtanen" not in answer.text


@pytest.mark.parametrize("error", [RuntimeError("Virtanen"), RetryError("try again")])
def test_what_goes_wrong_on_a_page_is_told_as_a_page(hospital: Hospital, error: Exception) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    cookies = session(hospital)
    hospital.app.state.audit = SimpleNamespace(record=hospital.service.audit.record, entries=broken)
    answer = call(hospital, "GET", "/audit", cookies=cookies)
    assert answer.status_code == (500 if isinstance(error, RuntimeError) else 503)
    assert answer.headers["content-type"].startswith("text/html")
    assert "That did not work" in answer.text
    assert 'href="/courses"' in answer.text
    assert "Virtanen" not in answer.text


def test_a_page_without_accounts_to_ask_is_still_a_page(hospital: Hospital) -> None:
    cookies = session(hospital)
    with hospital.service.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO away")
    answer = call(hospital, "GET", "/courses", cookies=cookies)
    assert answer.status_code == 500
    assert "That did not work" in answer.text


def test_a_revised_plan_s_course_leads_to_the_earlier_one_and_back(hospital: Hospital) -> None:
    mine = hospital.pseudonym()
    again = [
        make.ct(801, 0.0, mine, series=880),
        make.structures(810, [801], mine),
        make.plan(820, 810, mine),
        make.dose(830, 820, mine),
    ]
    objects = [dcmread(BytesIO(data)) for data in (*make.course(patient=mine), *again)]
    for dataset in objects:
        if dataset.Modality == "RTPLAN":
            dataset.RTPlanLabel = "BREAST"
        if dataset.SOPInstanceUID == make.uid(820):
            dataset.RTPlanDate = "20200115"
    hospital.take_in([make.as_bytes(dataset) for dataset in objects])
    listed = operator(hospital, "GET", "/api/v1/courses").json()
    first, second = sorted(listed, key=lambda course: -course["instances"])
    told = operator(hospital, "GET", f"/api/v1/courses/{second['id']}").json()
    (link,) = told["revises"]
    assert (link["course"], link["basis"]) == (first["id"], "same-label")
    cookies = session(hospital)
    page = call(hospital, "GET", f"/courses/{second['id']}", cookies=cookies).text
    assert f'Revises a plan of <a href="/courses/{first["id"]}">' in page
    page = call(hospital, "GET", f"/courses/{first['id']}", cookies=cookies).text
    assert f'Revised by a plan of <a href="/courses/{second["id"]}">' in page
    while hospital.send():
        pass
    body = hospital.archive.announced[second["course_uid"], 1]
    (link,) = body.manifest.revisions
    assert (link.plan_uid, link.earlier_uid) == (second["course_uid"], first["course_uid"])

"""A statement of consent that was wrong: a steward annuls it, and everybody hears of it."""

import pytest

from tests.factories import site_objects as make
from tests.integration.gateway.conftest import Hospital, basic
from tests.integration.gateway.test_consent_policies import admitted, say
from tests.integration.gateway.test_gateway_http import call, operator

WRONG = "ID-1,withdrawn,2.1,2026-02-01"


def ask(hospital: Hospital, path: str, **body: object) -> tuple[int, object]:
    headers = basic(*hospital.steward)  # type: ignore[attr-defined]
    answer = call(hospital, "POST", f"/api/v1/consents/{path}", headers=headers, json=body)
    return answer.status_code, answer.json() if answer.content else None


def ledger(hospital: Hospital) -> list[dict]:
    code, found = ask(hospital, "statements", patient_id="ID-1")
    assert code == 200
    assert isinstance(found, list)
    return found


@pytest.fixture
def ward(hospital: Hospital) -> Hospital:
    hospital.steward = hospital.add_steward()  # type: ignore[attr-defined]
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    say(hospital, WRONG)
    return hospital


def test_the_statement_before_counts_again(ward: Hospital) -> None:
    assert not admitted(ward)
    assert [(one["status"], one["counts"]) for one in ledger(ward)] == [
        ("granted", False),
        ("withdrawn", True),
    ]
    wrong = ledger(ward)[1]["statement"]
    body = {"patient_id": "ID-1", "statement": wrong, "comment": "it was another patient"}
    assert ask(ward, "annul", **body) == (204, None)
    assert admitted(ward)
    assert ward.service.withdrawal.step() == 0
    ward.service.course_service.step()
    assert ward.send()
    assert [one["counts"] for one in ledger(ward)] == [True, False]
    assert ledger(ward)[1]["annulled_at"]
    event = next(e for e in ward.service.audit.entries(20) if e["action"] == "consent-annul")
    assert (event["role"], event["subject"]) == ("steward:anna", ward.pseudonym())
    assert event["detail"] == "withdrawn: it was another patient"
    assert ask(ward, "annul", **body)[0] == 404  # once is enough


def test_the_same_line_of_another_list_stays_annulled_and_is_told(ward: Hospital) -> None:
    wrong = ledger(ward)[1]["statement"]
    ask(ward, "annul", patient_id="ID-1", statement=wrong, comment="another patient")
    told = say(ward, WRONG)
    assert (told["annulled"], told["changed"], told["committed"]) == (1, 0, True)
    assert admitted(ward)
    assert say(ward, "ID-1,withdrawn,2.1,2026-02-02")["changed"] == 1  # said once more, it counts
    assert not admitted(ward)


def test_what_was_erased_meanwhile_may_come_again(ward: Hospital) -> None:
    assert ward.service.withdrawal.step() == 1
    wrong = ledger(ward)[1]["statement"]
    ask(ward, "annul", patient_id="ID-1", statement=wrong, comment="another patient")
    assert ward.service.consents.is_admitted(ward.pseudonym())


def test_a_consent_that_was_none_is_annulled_too_and_may_be_given(ward: Hospital) -> None:
    for one in ledger(ward):
        ask(ward, "annul", patient_id="ID-1", statement=one["statement"], comment="another")
    ward.service.course_service.step()
    assert not ward.service.consents.is_admitted(ward.pseudonym())
    assert ward.states() == ["held"]
    say(ward, "ID-1,granted,2.2,2026-02-20")
    ward.service.course_service.step()
    assert ward.states() == ["ready"]
    assert ward.send()


def test_what_cannot_be_annulled_is_told_without_a_name(ward: Hospital) -> None:
    one = ledger(ward)[1]["statement"]
    cases = (
        (("ID-2", one, "why"), 422, "unknown-patient"),
        (("ID-1", one + 1, "why"), 404, "unknown-statement"),
        (("ID-1", one, "Virtanen said so"), 422, "comment"),
        (("ID-1", one, " "), 422, "comment"),
    )
    for (patient, statement, comment), status, code in cases:
        body = {"patient_id": patient, "statement": statement, "comment": comment}
        answered, told = ask(ward, "annul", **body)
        assert (answered, told["code"]) == (status, code)  # type: ignore[index]
        assert "Virtanen" not in str(told)
    assert not admitted(ward)


def test_it_is_a_steward_s_to_do(ward: Hospital) -> None:
    for path, body in (
        ("statements", {"patient_id": "ID-1"}),
        ("annul", {"patient_id": "ID-1", "statement": 1, "comment": "x"}),
    ):
        assert operator(ward, "POST", f"/api/v1/consents/{path}", json=body).status_code == 403


def test_the_page_shows_annuls_and_says_so(ward: Hospital) -> None:
    headers = basic(*ward.steward)  # type: ignore[attr-defined]

    def post(**data: object) -> tuple[int, str]:
        answer = call(ward, "POST", "/statements", headers=headers, data=data)
        return answer.status_code, answer.text

    wrong = ledger(ward)[1]["statement"]
    assert post(patient_id="ID-2")[0] == 422
    code, text = post(patient_id="ID-1")
    assert (code, text.count(">Annul<")) == (200, 2)
    code, text = post(patient_id="ID-1", statement=wrong, comment="")
    assert (code, "Not annulled" in text) == (422, True)
    code, text = post(patient_id="ID-1", statement=wrong, comment="another patient")
    assert (code, "counts no more." in text, text.count(">Annul<")) == (200, True, 1)
    assert admitted(ward)

"""Redacted terms: noted at intake, decided by the operator, applied to every object."""

import asyncio
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import httpx
import pytest
from pydicom import dcmread

from gateway.adapters.second_stage import EngineSecondStage
from gateway.app import World, create_app, open_ring
from gateway.config import Settings
from gateway.data.deid import load_profile
from gateway.domain.deid import Decision, SiteStage
from gateway.domain.identity import site_pseudonym
from gateway.errors import RejectError
from tests.factories import sent_objects
from tests.factories import site_objects as make
from tests.factories.gateway_world import FakeArchive, FakeClinicalArchive, FakeClock, FakeSite
from tests.integration.gateway.conftest import OPERATOR, Hospital, basic

PATIENT = "130452-308Y"
CONSENTS = (
    b"patient_id,family_name,given_name,birth_date,status,version,scope,date\n"
    b"130452-308Y,Virtanen,Maija,1952-04-13,granted,2.1,research,2019-12-01\n"
)
TERM, PLAN = "Oravanpesa", "RTPLAN"


class Clinic:
    """A hospital whose two stages are the real ones."""

    def __init__(self, settings: Settings) -> None:
        ring = open_ring(settings)
        profile = load_profile()
        self.keys = ring.site_keys()
        self.first = SiteStage(profile, self.keys)
        self.archive = FakeArchive()
        site, clock = FakeSite(), FakeClock()
        stage = EngineSecondStage(profile, ring)
        world = World(site, self.archive, stage, FakeClinicalArchive(), clock)
        app = create_app(settings, world, background=False)
        self.hospital = Hospital(settings, site, self.archive, stage, clock, app)  # type: ignore[arg-type]
        self.hospital.service.consents.import_sheet(CONSENTS, "operator", commit=True)

    @property
    def terms(self) -> Any:
        return self.hospital.service.terms

    def course(self, label: str = TERM, number: int = 200) -> list[bytes]:
        """A plan whose label nobody knows, with its images, structures and dose."""
        objects = [sent_objects.sent(data) for data in make.course(2)]
        for dataset in objects:
            if dataset.Modality == PLAN:
                dataset.RTPlanLabel = dataset.RTPlanName = label
        pseudonym = site_pseudonym(self.keys, PATIENT)
        sent = (sent_objects.as_bytes(dataset) for dataset in objects)
        return [self.first.deidentify(data, pseudonym).data for data in sent]

    def deliver(self) -> None:
        self.hospital.take_in(self.course())
        assert self.hospital.send()
        assert self.hospital.states() == ["delivered"]

    def plan_at_the_archive(self) -> tuple[str, str]:
        held = (dcmread(BytesIO(data)) for data in self.archive.held.values())
        (plan,) = [dataset for dataset in held if dataset.Modality == PLAN]
        return str(plan.RTPlanLabel), str(plan.RTPlanName)

    def version(self) -> int:
        (course,) = self.hospital.service.courses.find()
        return course.version

    def only_term(self) -> dict[str, Any]:
        (term,) = self.terms.find()
        return dict(term)


@pytest.fixture
def clinic(settings: Settings) -> Iterator[Clinic]:
    clinic = Clinic(settings)
    yield clinic
    clinic.hospital.service.close()


def test_a_redacted_term_is_listed_once_with_its_frequency(clinic: Clinic) -> None:
    clinic.hospital.take_in(clinic.course())
    term = clinic.only_term()
    assert term["original"] == TERM
    assert term["decision"] == "open"
    assert term["where"] == ["RTPlanLabel", "RTPlanName"]
    assert term["replacement"].startswith("UNMAPPED_")
    clinic.hospital.settle()
    assert clinic.only_term() == term


def test_an_approved_term_goes_to_the_archive_as_the_next_version(clinic: Clinic) -> None:
    clinic.deliver()
    redacted = clinic.plan_at_the_archive()
    assert all(text.startswith("UNMAPPED_") for text in redacted)
    done = clinic.terms.decide(clinic.only_term()["replacement"], Decision.APPROVED, "", "operator")
    assert (done["courses"], done["text"]) == (1, TERM)
    clinic.hospital.settle()
    assert clinic.hospital.send()
    assert clinic.hospital.states() == ["delivered"]
    assert clinic.plan_at_the_archive() == (TERM, TERM)
    assert clinic.version() == 2


def test_a_mapped_term_is_replaced_in_objects_that_come_later(clinic: Clinic) -> None:
    clinic.hospital.take_in(clinic.course())
    clinic.terms.decide(clinic.only_term()["replacement"], Decision.MAPPED, "Boost", "operator")
    clinic.hospital.settle()
    assert clinic.hospital.send()
    assert clinic.plan_at_the_archive() == ("Boost", "Boost")
    assert clinic.version() == 1


def test_a_term_can_be_redacted_again(clinic: Clinic) -> None:
    clinic.deliver()
    name = clinic.only_term()["replacement"]
    for decision in (Decision.APPROVED, Decision.LEFT):
        clinic.terms.decide(name, decision, "", "operator")
        clinic.hospital.settle()
        assert clinic.hospital.send()
    assert all(text.startswith("UNMAPPED_") for text in clinic.plan_at_the_archive())
    assert clinic.version() == 3


def test_a_comment_stays_in_the_audit_and_names_nobody(clinic: Clinic) -> None:
    clinic.hospital.take_in(clinic.course())
    name, audit = clinic.only_term()["replacement"], clinic.hospital.service.audit
    for said in (f"the name {TERM} stands there", "born 13.4.1952"):
        with pytest.raises(RejectError, match="comment"):
            clinic.terms.decide(name, Decision.LEFT, "", "operator", said)
    assert clinic.only_term()["decision"] == "open"
    clinic.terms.decide(name, Decision.MAPPED, "Boost", "operator", "our word for a boost")
    last = audit.entries(1)[0]
    assert (last["action"], last["detail"]) == ("term-mapped", "our word for a boost")


def test_leaving_a_term_sends_nothing(clinic: Clinic) -> None:
    clinic.deliver()
    done = clinic.terms.decide(clinic.only_term()["replacement"], Decision.LEFT, "", "operator")
    assert done["courses"] == 0
    clinic.hospital.settle()
    assert not clinic.hospital.send()
    assert clinic.version() == 1


def test_decisions_outlive_a_restart(clinic: Clinic) -> None:
    clinic.hospital.take_in(clinic.course())
    clinic.terms.decide(clinic.only_term()["replacement"], Decision.MAPPED, "Boost", "operator")
    old = clinic.hospital
    old.service.close()
    ring = open_ring(old.settings)
    stage = EngineSecondStage(load_profile(), ring)
    world = World(old.site, clinic.archive, stage, FakeClinicalArchive(), old.clock)
    clinic.hospital = Hospital(
        old.settings,
        old.site,
        clinic.archive,
        stage,
        old.clock,  # type: ignore[arg-type]
        create_app(old.settings, world, background=False),
    )
    clinic.hospital.settle()
    assert clinic.hospital.send()
    assert clinic.plan_at_the_archive() == ("Boost", "Boost")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "say which text"),
        ("Virtanen boost", "name or identifier"),
        ("MAIJA", "name or identifier"),
        ("131052-308T", "identity code"),
        ("boost 13.4.52", "a date"),
        ("a\\b", "simple signs"),
        ("<b>", "simple signs"),
        ("line\nline", "simple signs"),
        ("UNMAPPED_12345678", "simple signs"),
        ("x" * 65, "at most 64"),
    ],
)
def test_a_text_that_would_identify_somebody_is_not_taken(
    clinic: Clinic, text: str, told: str
) -> None:
    clinic.hospital.take_in(clinic.course())
    with pytest.raises(RejectError, match=told) as refused:
        clinic.terms.decide(clinic.only_term()["replacement"], Decision.MAPPED, text, "operator")
    assert refused.value.code == "term"
    assert clinic.only_term()["decision"] == "open"


def test_the_patients_own_name_cannot_be_approved(clinic: Clinic) -> None:
    clinic.hospital.take_in(clinic.course(label="Virtanen"))
    with pytest.raises(RejectError, match="name or identifier"):
        clinic.terms.decide(clinic.only_term()["replacement"], Decision.APPROVED, "", "operator")


def test_a_text_too_long_for_an_attribute_stays_redacted_there(clinic: Clinic) -> None:
    clinic.hospital.take_in(clinic.course())
    text = "A boost to the tumor bed"
    clinic.terms.decide(clinic.only_term()["replacement"], Decision.MAPPED, text, "operator")
    clinic.hospital.settle()
    assert clinic.hospital.send()
    label, name = clinic.plan_at_the_archive()
    assert label.startswith("UNMAPPED_")
    assert name == text


def test_the_audit_tells_the_decision_and_not_the_term(clinic: Clinic) -> None:
    clinic.hospital.take_in(clinic.course())
    clinic.terms.decide(clinic.only_term()["replacement"], Decision.APPROVED, "", "operator")
    entries = clinic.hospital.service.audit.entries(10)
    assert any(entry["action"] == "term-approved" for entry in entries)
    assert TERM not in str(entries)


def test_the_database_holds_no_original_in_clear(clinic: Clinic) -> None:
    clinic.hospital.take_in(clinic.course())
    clinic.hospital.service.engine.dispose()
    folder = clinic.hospital.settings.data_folder
    assert not any(
        TERM.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file()
    )


def test_withdrawal_forgets_the_patients_terms(clinic: Clinic) -> None:
    clinic.hospital.take_in(clinic.course())
    withdrawn = CONSENTS.replace(b"granted", b"withdrawn").replace(b"2019-12-01", b"2020-12-01")
    clinic.hospital.service.consents.import_sheet(withdrawn, "operator", commit=True)
    assert clinic.hospital.service.withdrawal.step() == 1
    assert clinic.terms.find() == []


def ask(clinic: Clinic, method: str, path: str, **how: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=clinic.hospital.app)
        cookies = how.pop("cookies", None)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://gateway", cookies=cookies
        ) as client:
            return await client.request(method, path, **how)

    return asyncio.run(send())


def test_over_http_the_steward_only(clinic: Clinic) -> None:
    clinic.hospital.take_in(clinic.course())
    assert ask(clinic, "GET", "/api/v1/terms").status_code == 401
    assert ask(clinic, "POST", "/api/v1/terms/x", json={"decision": "left"}).status_code == 401
    token = basic(*clinic.hospital.add_steward())
    machine = {"Authorization": f"Bearer {OPERATOR}"}
    assert ask(clinic, "GET", "/api/v1/terms", headers=machine).status_code == 403
    (term,) = ask(clinic, "GET", "/api/v1/terms?decision=open", headers=token).json()
    assert term["original"] == TERM
    path = f"/api/v1/terms/{term['replacement']}"
    body = {"decision": Decision.MAPPED, "text": "Boost"}
    done = ask(clinic, "POST", path, headers=token, json=body)
    assert (done.status_code, done.json()["text"]) == (200, "Boost")
    wrong = ask(
        clinic, "POST", path, headers=token, json={"decision": Decision.MAPPED, "text": "Maija"}
    )
    assert wrong.status_code == 422
    missing = ask(clinic, "POST", "/api/v1/terms/x", headers=token, json=body)
    assert missing.status_code == 404
    assert ask(clinic, "GET", "/api/v1/terms?decision=open", headers=token).json() == []


def test_on_the_page_a_term_is_seen_mapped_and_refused(clinic: Clinic) -> None:
    clinic.hospital.take_in(clinic.course(label="Orava<b>pesa"))
    assert ask(clinic, "GET", "/terms").headers["location"] == "/login"
    name, password = clinic.hospital.add_steward()
    form = {"name": name, "password": password}
    cookies = dict(ask(clinic, "POST", "/login", data=form).cookies)
    page = ask(clinic, "GET", "/terms", cookies=cookies)
    assert page.status_code == 200
    assert "Orava" in page.text
    assert page.headers["cache-control"] == "no-store"
    name = clinic.terms.find()[0]["replacement"]
    chosen = {"decision": Decision.MAPPED, "text": "Boost"}
    done = ask(clinic, "POST", f"/terms/{name}", cookies=cookies, data=chosen)
    assert f"{name} is mapped" in done.text
    chosen["text"] = "Virtanen"
    wrong = ask(clinic, "POST", f"/terms/{name}", cookies=cookies, data=chosen)
    assert wrong.status_code == 422
    assert "Not decided" in wrong.text
    nothing = ask(clinic, "POST", "/terms/x", cookies=cookies, data=chosen)
    assert nothing.status_code == 404

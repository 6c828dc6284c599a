"""Every decision of a person in headless Chromium: clicked, told on the page, and in the audit."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from gateway.config import DicomDoor, Settings
from gateway.errors import RejectError
from tests.factories import site_objects as make
from tests.factories.console import NEEDS, PATIENCE_S, chromium, log_in, served
from tests.integration.gateway.conftest import Hospital, hospital_of
from tests.integration.gateway.test_clinical_files import GOOD
from tests.integration.gateway.test_courses_that_are_joined import changed, settle_all
from tests.integration.gateway.test_deciding_on_terms import TERM, Clinic
from tests.integration.gateway.test_merging_patients import OTHER
from tests.integration.gateway.test_plans_kept_apart import name

WRONG = b"patient_id,status,version,date\nID-1,withdrawn,2.1,2026-02-01\n"
STUDY = "1.2.246.10.7"
DOOR = {
    "ae_title": "KASARI_KUH",
    "listen": {"host": "127.0.0.1", "port": 0},
    "orthanc_port": 1,
    "senders": [{"aet": "TPS", "host": "192.0.2.7"}],
}

pytestmark = [pytest.mark.slow, NEEDS]


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def guarded(settings: Settings) -> Iterator[Hospital]:
    """A hospital that knows one sender; another one has called."""
    door = DicomDoor.model_validate(DOOR)
    for hospital in hospital_of(settings.model_copy(update={"dicom": door})):
        assert hospital.service.door is not None
        callers, now = hospital.service.door.senders._callers, hospital.clock.now()
        callers.note("STRANGER", "192.0.2.9", now, accepted=False)
        yield hospital


@pytest.fixture
def clinic(settings: Settings) -> Iterator[Clinic]:
    clinic = Clinic(settings)
    clinic.deliver()
    yield clinic
    clinic.hospital.service.close()


def without_dose(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym())[:-1])
    assert hospital.states() == ["held"]


def delivered(hospital: Hospital) -> None:
    hospital.take_in(make.course(patient=hospital.pseudonym()))
    assert hospital.send()


def audited(page: Page, action: str) -> tuple[str, str]:
    """Return role and detail of the latest such event on the page Audit."""
    page.get_by_role("link", name="Audit", exact=True).click()
    tells(page, "The chain is whole")
    row = page.locator("main tr").filter(has=page.get_by_role("cell", name=action, exact=True))
    cells = row.first.locator("td").all_inner_texts()
    return cells[3], cells[5]


def click(where: Page | Locator, button: str) -> None:
    where.get_by_role("button", name=button, exact=True).click()


def to_the_course(page: Page) -> None:
    page.get_by_role("link", name="Courses", exact=True).click()
    page.locator("main").get_by_role("link", name="1", exact=True).click()


def tells(where: Page | Locator, text: str) -> None:
    """Wait until a page, or a part of it, says this."""
    part = where if isinstance(where, Locator) else where.locator("main")
    expect(part).to_contain_text(text, timeout=PATIENCE_S * 1000)


def test_a_held_course_is_released(hospital: Hospital, page: Page) -> None:
    without_dose(hospital)
    with served(hospital.app) as address:
        log_in(hospital.service, page, address, "operator")
        to_the_course(page)
        comment = page.get_by_label("Comment (travels with the course")
        comment.fill("for Virtanen")
        click(page, "Release as it is: send it")
        tells(page.get_by_role("alert"), "identifies the patient")
        comment.fill("no dose was computed")
        click(page, "Release as it is: send it")
        tells(page, "Released on 2026-03-02 by an operator: no dose was computed")
        tells(page, "It could go although no dose has come")
        settle_all(hospital)
        page.reload()
        tells(page.locator("h1"), "delivered")
        assert audited(page, "course-release") == ("operator:operator", "no dose was computed")


def test_a_held_course_is_kept_for_good(hospital: Hospital, page: Page) -> None:
    without_dose(hospital)
    with served(hospital.app) as address:
        log_in(hospital.service, page, address, "operator")
        to_the_course(page)
        page.get_by_label("Comment (travels with the course").fill("a phantom")
        click(page, "Keep it here for good: never send it")
        tells(page.locator("h1"), "refused")
        tells(page, "Refused on 2026-03-02 (operator:operator): a phantom")
        expect(page.get_by_role("button", name="Keep it here for good")).to_have_count(0)
        assert audited(page, "course-refuse") == ("operator:operator", "a phantom")


def test_a_plan_is_left_out_and_taken_in(hospital: Hospital, page: Page) -> None:
    patient = hospital.pseudonym()
    second = [changed(make.plan(201, 100, patient), RTPlanLabel="b"), make.dose(301, 201, patient)]
    hospital.take_in([*make.course(patient=patient), *second])

    def decide(open_it: str, comment: str, button: str, told: str) -> None:
        plan = page.locator(f'input[value="{name(hospital, 201)}"]')
        row = page.locator("tr").filter(has=plan)
        row.get_by_text(open_it, exact=True).click()
        row.get_by_label("Comment").fill(comment)
        click(row, button)
        tells(page.locator("tr").filter(has=plan), told)

    with served(hospital.app) as address:
        log_in(hospital.service, page, address, "operator")
        to_the_course(page)
        told = "with 1 object of it; left out on 2026-03-02 (operator:operator): of another study"
        decide("Leave it out", "of another study", "Leave this plan out", told)
        decide("Take it in", "it is of this one", "Take this plan in", "yes")
        assert audited(page, "plan-leave-out") == ("operator:operator", "of another study")
        assert audited(page, "plan-take-in") == ("operator:operator", "it is of this one")


@pytest.mark.parametrize(
    ("button", "state"),
    [("Map", "mapped"), ("Approve as it is", "approved"), ("Leave redacted", "left")],
)
def test_a_term_is_decided_on(clinic: Clinic, page: Page, button: str, state: str) -> None:
    with served(clinic.hospital.app) as address:
        log_in(clinic.hospital.service, page, address, "steward")
        page.get_by_role("link", name="Terms", exact=True).click()
        row = page.locator("tr").filter(has_text=TERM)
        if state == "mapped":
            row.get_by_label("Map to").fill("Boost")
        row.get_by_label("Comment, kept in the audit").fill("as we agreed")
        click(row, button)
        tells(page.get_by_role("status"), f"is {state}")
        cells = page.locator("tr").filter(has_text=TERM).locator("td").all_inner_texts()
        assert cells[4] == state
        assert cells[1] == {"mapped": "Boost", "approved": TERM}.get(state, cells[1])
        assert audited(page, f"term-{state}") == ("steward:steward", "as we agreed")


def test_a_sender_is_quarantined_and_let_in(guarded: Hospital, page: Page) -> None:
    with served(guarded.app) as address:
        log_in(guarded.service, page, address, "operator")
        page.get_by_role("link", name="Senders", exact=True).click()
        row = page.locator("tr").filter(has=page.get_by_role("cell", name="TPS", exact=True))
        row.get_by_text("Quarantine", exact=True).click()
        row.get_by_label("Why").fill("sends test patients")
        click(row, "Refuse its calls")
        tells(row, "quarantinedsends test patients")
        click(row, "Let in again")
        tells(row, "known")
        click(page, "I have looked at the unknown ones")
        assert page.get_by_role("link", name="Senders").get_attribute("aria-current") == "page"
        assert audited(page, "sender-quarantine") == ("operator:operator", "sends test patients")
        assert audited(page, "sender-lift")[0] == "operator:operator"


def test_a_wrong_patient_is_recalled(
    hospital: Hospital, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    recall = hospital.service.recall
    monkeypatch.setattr(recall, "_site_uid", lambda uid: {STUDY: make.uid(700)}.get(uid))
    delivered(hospital)
    with served(hospital.app) as address:
        log_in(hospital.service, page, address, "steward")
        page.get_by_role("link", name="Deletions", exact=True).click()
        page.get_by_label("Identifier under which it was sent").fill("ID-1")
        page.get_by_label("Study, series or instance UID").fill(STUDY)
        page.get_by_label("Why").fill("sent under a namesake")
        click(page, "Recall and delete")
        tells(page, "7 instances in 1 courses are deleted")
        tells(page, "1 recall not finished")
        hospital.turn()
        hospital.archive_erases()
        hospital.turn()
        page.get_by_role("link", name="Deletions", exact=True).click()
        receipt = page.locator("main tr").nth(1)
        tells(receipt, "recalled")
        receipt.get_by_text("show", exact=True).click()
        tells(receipt, hospital.pseudonym())
        tells(receipt, "Signature (Ed25519")
        expect(page.get_by_role("status")).to_have_count(0)
        assert audited(page, "recall") == ("steward:steward", "sent under a namesake")


def test_a_statement_is_annulled(hospital: Hospital, page: Page) -> None:
    hospital.service.consents.import_sheet(WRONG, "operator", commit=True)
    assert not hospital.service.consents.is_admitted(hospital.pseudonym())
    with served(hospital.app) as address:
        log_in(hospital.service, page, address, "steward")
        page.get_by_role("link", name="Consents", exact=True).click()
        page.get_by_role("link", name="What a patient has said").click()
        page.get_by_label("Patient identifier").fill("ID-1")
        click(page, "Look")
        row = page.locator("tr").filter(has_text="withdrawn")
        tells(row, "(counts)")
        row.get_by_text("It was wrong", exact=True).click()
        row.get_by_label("Why").fill("it was another patient")
        click(row, "Annul")
        tells(page.get_by_role("status"), "counts no more")
        tells(row, "annulled 2026-03-02")
        assert "(counts)" in page.locator("tr").filter(has_text="granted").inner_text()
        detail = "withdrawn: it was another patient"
        assert audited(page, "consent-annul") == ("steward:steward", detail)
    assert hospital.service.consents.is_admitted(hospital.pseudonym())


def test_a_merge_is_undone(hospital: Hospital, page: Page) -> None:
    with served(hospital.app) as address:
        log_in(hospital.service, page, address, "steward")
        page.get_by_role("link", name="Merge", exact=True).click()
        page.get_by_label("Identifier to keep").fill("ID-1")
        page.get_by_label("Other identifier").fill(OTHER)
        click(page, "Merge")
        assert len(hospital.service.consents.snapshot().admitted) == 2
        row = page.locator("main tr").nth(1)
        click(row, "Undo")
        tells(page.get_by_role("status"), "Undone.")
        tells(row, "merge undone")
        expect(page.get_by_role("button", name="Undo")).to_have_count(0)
        assert audited(page, "merge-undo")[0] == "steward:steward"
    assert len(hospital.service.consents.snapshot().admitted) == 1


def test_whose_course_it_is_is_shown_and_audited(hospital: Hospital, page: Page) -> None:
    without_dose(hospital)
    with served(hospital.app) as address:
        log_in(hospital.service, page, address, "steward")
        to_the_course(page)
        expect(page.locator("main")).not_to_contain_text("Virtanen")
        click(page, "Whose course is this?")
        tells(page.get_by_role("status"), "born 1952-04-13")
        assert audited(page, "identity-view") == ("steward:steward", "course 1")


def test_what_is_gone_counts_as_deleted(hospital: Hospital, page: Page) -> None:
    without_dose(hospital)
    hospital.site.objects.clear()
    hospital.service.intake.reconcile()
    hospital.settle()
    with served(hospital.app) as address:
        log_in(hospital.service, page, address, "operator")
        page.get_by_role("link", name="Account", exact=True).click()
        page.get_by_label("6 instances gone").fill("test objects")
        click(page, "Deleted on purpose: count as deleted")
        tells(page.get_by_role("status"), "6 instances count as deleted")
        assert audited(page, "deletion-confirm") == ("operator:operator", "6: test objects")


def test_clinical_rows_are_checked_imported_and_sent_again(hospital: Hospital, page: Page) -> None:
    def choose(button: str) -> None:
        page.get_by_label("What it is").select_option("ctcae")
        page.get_by_label("File", exact=True).set_input_files(
            {"name": "grades.csv", "mimeType": "text/csv", "buffer": GOOD}
        )
        click(page, button)

    refused = RejectError("unknown-word", "the archive refuses a row")
    hospital.service.world.clinical.failures.append(refused)  # type: ignore[attr-defined]
    with served(hospital.app) as address:
        log_in(hospital.service, page, address, "operator")
        page.get_by_role("link", name="Clinical", exact=True).click()
        choose("Check")
        tells(page, "Checked, nothing imported yet (ctcae): 1 rows; 1 new")
        choose("Import all or nothing")
        tells(page, "Imported (ctcae): 1 rows; 1 new")
        hospital.service.clinical_sending.send()
        page.get_by_role("link", name="Clinical", exact=True).click()
        click(page, "Send refused rows again")
        expect(page.get_by_role("button", name="Send refused rows again")).to_have_count(0)
        assert audited(page, "clinical-import") == ("operator:operator", "ctcae, console")
        assert audited(page, "clinical-again")[0] == "operator:operator"

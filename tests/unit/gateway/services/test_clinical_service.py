"""Importing, correcting, disagreeing, withdrawing, sending: on a real database in memory."""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from gateway.adapters.audit import SqlAudit
from gateway.adapters.clinical_codelists import load_code_lists
from gateway.adapters.clinical_store import SqlClinicalStore
from gateway.adapters.tables.base import GatewayTable
from gateway.adapters.watch import SqlAlerts
from gateway.contract.clinical import (
    BatchReceipt,
    ClinicalBatch,
    RowProblem,
    WithdrawalReceipt,
)
from gateway.domain.clinical import CodeLists, Person
from gateway.domain.clinical.sources import Section
from gateway.errors import RejectError, RetryError
from gateway.services.clinical import ClinicalService, ImportOptions, ImportResult
from gateway.services.clinical_sending import ClinicalSender

HEAD = "patient_id,assessed_on,ctcae_version,term,grade\n"
MATTI = "010160-123A"


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


class FakePeople:
    def __init__(self) -> None:
        self.known = {
            MATTI: Person("P1", "FI1", -70, date(1960, 1, 1)),
            "liisa": Person("P2", "FI2", -7, None),
        }
        self.gone: dict[str, str] = {}
        self.ended: set[str] = set()

    def consented(self, patient_ids: Collection[str]) -> Mapping[str, Person]:
        return {
            p: self.known[p]
            for p in patient_ids
            if p in self.known and self.known[p].pseudonym not in self.gone
        }

    def consenting(self) -> set[str]:
        known = {person.pseudonym for person in self.known.values()}
        return known - self.gone.keys() - self.ended

    def withdrawn(self) -> Mapping[str, str]:
        return self.gone

    def withdrew(self, pseudonyms: Collection[str]) -> set[str]:
        return self.gone.keys() & set(pseudonyms)

    def returned(self, pseudonyms: Collection[str]) -> Mapping[str, str]:
        return {p: n for p, n in self.national_ids(pseudonyms).items() if p not in self.gone}

    def national_ids(self, pseudonyms: Collection[str]) -> Mapping[str, str]:
        known = {one.pseudonym: one.national_id for one in self.known.values()}
        return {p: known[p] for p in pseudonyms}


class FakeArchive:
    def __init__(self) -> None:
        self.batches: list[ClinicalBatch] = []
        self.down = False
        self.refusals: list[RejectError] = []
        self.rows_at_once = 1000
        self.problems: tuple[RowProblem, ...] = ()

    def send(self, batch: ClinicalBatch) -> BatchReceipt:
        if self.down:
            raise RetryError("down")
        if self.refusals:
            raise self.refusals.pop(0)
        if len(batch.toxicity) > self.rows_at_once:
            raise RejectError("archive-413", "the body is larger than it may be")
        self.batches.append(batch)
        problems, self.problems = self.problems, ()
        count = 0 if problems else len(batch.toxicity)
        return BatchReceipt(
            batch_id=batch.batch_id, stored=count, unchanged=0, superseded=0, problems=problems
        )

    def withdrawals(self) -> list[WithdrawalReceipt]:
        return []


class Centre:
    def __init__(self) -> None:
        engine = create_engine("sqlite://", poolclass=StaticPool)
        GatewayTable.metadata.create_all(engine)
        self.store = SqlClinicalStore(engine)
        self.people, self.archive = FakePeople(), FakeArchive()
        self.audit = SqlAudit(engine, FixedClock())
        self.service = ClinicalService(
            self.store, self.people, load_code_lists(), FixedClock(), self.audit, b"k" * 32
        )
        self.sender = ClinicalSender(
            self.store,
            self.people,
            self.archive,
            FixedClock(),
            "KUH",
            SqlAlerts(engine, FixedClock()),
            self.audit,
            batch_rows=2,
        )
        self.alerts = SqlAlerts(engine, FixedClock())

    def bring(self, lines: str, **options: object) -> ImportResult:
        given = ImportOptions(**options)  # type: ignore[arg-type]
        return self.service.import_file("ctcae", (HEAD + lines).encode(), "operator", given)


@pytest.fixture
def centre() -> Centre:
    return Centre()


def numbers(result: ImportResult) -> tuple[int, int, int]:
    return result.stored, result.unchanged, result.superseded


def test_the_same_file_twice_changes_nothing(centre: Centre) -> None:
    lines = f"{MATTI},2020-01-01,5.0,Fatigue,1\nliisa,2020-01-01,5.0,Fatigue,2\n"
    assert numbers(centre.bring(lines)) == (2, 0, 0)
    assert numbers(centre.bring(lines)) == (0, 2, 0)


def test_a_corrected_row_supersedes_and_the_old_one_stays(centre: Centre) -> None:
    centre.bring("liisa,2020-01-01,5.0,Fatigue,1\n")
    centre.sender.send()
    assert numbers(centre.bring("liisa,2020-01-01,5.0,Fatigue,2\n")) == (0, 0, 1)
    centre.sender.send()
    assert [row.grade for batch in centre.archive.batches for row in batch.toxicity] == [1, 2]
    assert centre.service.counts()["sent"] == 2
    back = centre.bring("liisa,2020-01-01,5.0,Fatigue,1\n")
    assert numbers(back) == (0, 0, 1)
    centre.sender.send()
    assert len({batch.batch_id for batch in centre.archive.batches}) == 3


def test_one_bad_row_keeps_the_whole_file_out(centre: Centre) -> None:
    lines = "liisa,2020-01-01,5.0,Fatigue,1\nliisa,2020-01-02,5.0,Fatigue,4\n"
    result = centre.bring(lines)
    assert numbers(result) == (0, 0, 0)
    assert [(p.line, p.column) for p in result.problems] == [(3, "grade")]
    assert centre.service.counts() == {"held": 0}


def test_partial_takes_the_good_rows_and_holds_the_others(centre: Centre) -> None:
    lines = "liisa,2020-01-01,5.0,Fatigue,1\nliisa,2020-01-02,5.0,Fatigue,4\n"
    result = centre.bring(lines, partial=True)
    assert numbers(result) == (1, 0, 0)
    assert result.held == 1
    assert centre.service.counts() == {"waiting": 1, "held": 1}


def test_who_has_no_consent_is_a_line_and_never_a_name(centre: Centre) -> None:
    result = centre.bring("stranger,2020-01-01,5.0,Fatigue,1\nliisa,2020-01-01,5.0,Fatigue,2\n")
    assert numbers(result) == (1, 0, 0)
    assert (result.skipped, result.skipped_lines) == (1, (2,))
    assert "stranger" not in str(result.as_json())


def test_two_systems_that_disagree_are_told_and_nothing_is_stored(centre: Centre) -> None:
    centre.bring("liisa,2020-01-01,5.0,Fatigue,1\n", source="kaiku")
    result = centre.bring(
        "liisa,2020-01-01,5.0,Fatigue,2\nliisa,2020-02-01,5.0,Fatigue,2\n", source="redcap"
    )
    assert numbers(result) == (0, 0, 0)
    assert "kaiku says something else" in result.problems[0].reason
    assert numbers(centre.bring("liisa,2020-01-01,5.0,Fatigue,1\n", source="redcap")) == (0, 1, 0)
    lines = "liisa,2020-01-01,5.0,Fatigue,2\nliisa,2020-02-01,5.0,Fatigue,2\n"
    some = centre.bring(lines, source="redcap", partial=True)
    assert (numbers(some), some.held) == ((1, 0, 0), 1)


def test_a_file_that_contradicts_itself_is_refused(centre: Centre) -> None:
    result = centre.bring("liisa,2020-01-01,5.0,Fatigue,1\nliisa,2020-01-01,5.0,Fatigue,2\n")
    assert [(p.line, p.reason[:31]) for p in result.problems] == [
        (2, "says something else than line 3"),
        (3, "says something else than line 2"),
    ]
    twice = centre.bring("liisa,2020-01-01,5.0,Fatigue,1\nliisa,2020-01-01,5.0,Fatigue,1\n")
    assert numbers(twice) == (1, 0, 0)


def test_too_many_cells_are_one_line_s_problem(centre: Centre) -> None:
    """Nobody can tell which of the cells is whose: none of the line is taken, nor quoted."""
    lines = (
        "liisa,2020-01-01,5.0,Fatigue,1\n"
        f"{MATTI},2020-01-01,5.0,Fatigue,1,5\n"  # a decimal comma
        "liisa,2020-01-02,5.0,Pain,2,,\n"  # empty ones say nothing
    )
    whole = centre.bring(lines)
    assert numbers(whole) == (0, 0, 0)
    (problem,) = whole.problems
    assert (problem.line, problem.reason) == (3, "cells beyond the last column: 1")
    assert "semicolons" in problem.mend
    some = centre.bring(lines, partial=True)
    assert numbers(some) == (2, 0, 0)
    assert (some.rows, some.held, some.problems) == (3, 1, whole.problems)
    assert centre.service.counts()["held"] == 1


def test_of_rows_that_contradict_each_other_a_partial_import_takes_none(centre: Centre) -> None:
    lines = "liisa,2020-01-01,5.0,Fatigue,1\n" * 2 + "liisa,2020-01-01,5.0,Fatigue,2\n"
    result = centre.bring(lines + f"{MATTI},2020-01-01,5.0,Fatigue,1\n", partial=True)
    assert (result.stored, result.held) == (1, 2)


def test_the_same_grade_twice_in_one_record_is_one_row(centre: Centre) -> None:
    """Rows of a JSON export have their patient's number, not a line each."""
    grade = {"symptom": "Fatigue", "ctcae_version": "5.0", "graded_at": "2020-01-01", "grade": 1}
    data = json.dumps({"patients": [{"id": MATTI, "symptoms": [grade, grade]}]}).encode()
    assert numbers(centre.service.import_file("kaiku", data, "operator")) == (1, 0, 0)
    assert centre.service.counts()["waiting"] == 1


def test_who_imported_what_is_in_the_audit_before_it_is_read(centre: Centre) -> None:
    refused = centre.service.import_file("clinical", b"", "sari", ImportOptions(source="x"))
    assert refused.problems
    (entry,) = centre.audit.entries()
    assert (entry["action"], entry["detail"]) == ("clinical-import", "clinical, x")
    assert "sari" in entry.values()


def test_check_only_counts_and_stores_nothing(centre: Centre) -> None:
    assert numbers(centre.bring("liisa,2020-01-01,5.0,Fatigue,1\n", check_only=True)) == (1, 0, 0)
    (entry,) = centre.audit.entries()
    assert (entry["action"], entry["detail"]) == ("clinical-check", "ctcae, 1 lines")
    assert centre.service.counts() == {"held": 0}


def test_an_interrupted_batch_is_sent_again_as_it_was(centre: Centre) -> None:
    for day in (1, 2, 3):
        centre.bring(f"liisa,2020-01-0{day},5.0,Fatigue,1\n")
    centre.archive.down = True
    with pytest.raises(RetryError):
        centre.sender.send()
    begun = centre.store.next_batch("KUH", 99, FixedClock().now(), {"P1", "P2"})
    centre.bring("liisa,2020-01-04,5.0,Fatigue,1\n")
    centre.archive.down = False
    assert centre.sender.send() == 2
    assert centre.archive.batches[0] == begun
    assert [len(batch.toxicity) for batch in centre.archive.batches] == [2, 2]
    assert centre.sender.send() == 0


def test_rows_that_the_archive_refuses_do_not_hold_up_the_others(centre: Centre) -> None:
    centre.bring("liisa,2020-01-01,5.0,Fatigue,1\nliisa,2020-01-02,5.0,Fatigue,1\n")
    begun = centre.store.next_batch("KUH", 99, FixedClock().now(), {"P1", "P2"})
    assert begun is not None
    bad = begun.toxicity[0].row_key
    centre.archive.problems = (RowProblem(row_key=bad, field="grade", reason="cannot be"),)
    centre.sender.send()
    assert centre.service.counts() == {"refused": 1, "sent": 1, "held": 0}


def test_a_withdrawn_patient_s_rows_go_and_stay_gone(centre: Centre) -> None:
    lines = f"{MATTI},2020-01-01,5.0,Fatigue,1\nliisa,2020-01-01,5.0,Fatigue,2\n"
    centre.bring(lines)
    centre.sender.send()
    centre.people.gone = {"P1": "FI1"}
    assert centre.service.forget_withdrawn() == 1
    assert centre.service.forget_withdrawn() == 0
    assert centre.sender.send() == 1
    assert centre.archive.batches[-1].withdrawn == ("FI1",)
    assert centre.sender.send() == 0
    centre.people.gone = {}  # a new consent does not bring back what was erased
    assert centre.bring(lines).skipped == 1
    assert centre.service.counts() == {"sent": 1, "held": 0}


THREE = "".join(f"liisa,2020-01-0{day},5.0,Fatigue,1\n" for day in (1, 2, 3))
BOTH = f"{MATTI},2020-01-01,5.0,Fatigue,1\nliisa,2020-01-01,5.0,Fatigue,2\n"


def grades(centre: Centre) -> list[list[int]]:
    return [[row.grade for row in batch.toxicity] for batch in centre.archive.batches]


def test_whose_consent_has_ended_is_withheld_and_goes_when_it_is_back(centre: Centre) -> None:
    centre.bring(BOTH)
    centre.people.ended = {"P1"}
    centre.sender.send()
    assert grades(centre) == [[2]]
    assert centre.service.counts() == {"withheld": 1, "sent": 1, "held": 0}
    centre.people.ended = set()
    centre.sender.send()
    assert grades(centre) == [[2], [1]]
    assert centre.service.counts() == {"sent": 2, "held": 0}


def test_a_batch_that_was_begun_goes_without_whom_it_may_not_have(centre: Centre) -> None:
    centre.bring(BOTH)
    centre.archive.down = True
    with pytest.raises(RetryError):
        centre.sender.send()
    begun = centre.store.next_batch("KUH", 99, FixedClock().now(), {"P1", "P2"})
    assert begun is not None
    assert len(begun.toxicity) == 2
    centre.people.ended, centre.archive.down = {"P1"}, False
    centre.sender.send()
    (sent,) = centre.archive.batches
    assert [row.grade for row in sent.toxicity] == [2]
    assert sent.batch_id != begun.batch_id  # the archive answers each name once
    assert centre.service.counts() == {"withheld": 1, "sent": 1, "held": 0}


def test_withheld_rows_do_not_hide_those_behind_them(centre: Centre) -> None:
    lines = "".join(f"{MATTI},2020-01-0{day},5.0,Fatigue,1\n" for day in (1, 2, 3, 4, 5))
    centre.bring(lines + THREE)  # two rows a batch
    centre.people.ended = {"P1"}
    assert centre.sender.send() == 2
    assert centre.service.counts() == {"withheld": 5, "sent": 3, "held": 0}


def test_a_withheld_row_that_was_corrected_stays_behind(centre: Centre) -> None:
    centre.bring("liisa,2020-01-01,5.0,Fatigue,1\n")
    centre.people.ended = {"P2"}
    centre.sender.send()
    centre.people.ended = set()
    centre.bring("liisa,2020-01-01,5.0,Fatigue,2\n")
    centre.sender.send()
    assert grades(centre) == [[2]]
    assert centre.service.counts() == {"superseded": 1, "sent": 1, "held": 0}


def test_a_refused_batch_is_set_aside_and_the_others_go(centre: Centre) -> None:
    centre.bring(THREE)  # two batches
    centre.archive.refusals = [RejectError("archive-422", "the archive refuses the clinical rows")]
    centre.sender.send()
    assert grades(centre) == [[1]]
    assert centre.service.counts() == {"refused": 2, "sent": 1, "held": 0}
    (alert,) = centre.alerts.open()
    assert alert["code"] == "archive-refuses-rows"
    assert "2 clinical rows are set aside" in alert["text"]
    centre.sender.send()
    assert len(centre.archive.batches) == 1
    assert centre.sender.send_refused_again("operator") == 2
    centre.sender.send()
    assert centre.service.counts() == {"sent": 3, "held": 0}
    assert centre.alerts.open() == []


def test_too_large_a_batch_goes_in_smaller_ones(centre: Centre) -> None:
    centre.bring(THREE)
    centre.archive.rows_at_once = 1
    centre.sender.send()
    assert grades(centre) == [[1], [1], [1]]
    assert centre.service.counts() == {"sent": 3, "held": 0}


def test_a_single_row_that_is_too_large_is_set_aside(centre: Centre) -> None:
    centre.bring(THREE)
    centre.archive.rows_at_once = 0
    centre.sender.send()
    assert centre.service.counts() == {"refused": 3, "held": 0}


def test_an_export_is_read_by_what_the_centre_was_given(centre: Centre) -> None:
    """A form that only this centre has a reader for is one; its name is not among ours."""
    read: list[bytes] = []

    def reader(data: bytes, _lists: CodeLists) -> list[Section]:
        read.append(data)
        return []

    service = ClinicalService(
        centre.store,
        centre.people,
        load_code_lists(),
        FixedClock(),
        centre.audit,
        b"k" * 32,
        {"aria": reader},
    )
    assert service.import_file("aria", b"export", "operator") == ImportResult(rows=0)
    assert read == [b"export"]


def test_batches_grow_again_once_the_archive_takes_more(centre: Centre) -> None:
    def sizes(day: int) -> list[int]:
        before = len(centre.archive.batches)
        centre.bring("".join(f"liisa,2020-0{m}-0{day},5.0,Fatigue,1\n" for m in (1, 2)))
        centre.sender.send()
        return [len(batch.toxicity) for batch in centre.archive.batches[before:]]

    centre.archive.rows_at_once = 1
    assert sizes(1) == [1, 1]
    centre.archive.rows_at_once = 1000
    assert sizes(2) == [2]
    assert centre.sender._batch_rows == 2, "no more than the setting"

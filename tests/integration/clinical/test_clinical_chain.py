"""From a centre's files to the archive's timeline, over real vaults, databases and JSON."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path

import pytest

from gateway.adapters.audit import SqlAudit
from gateway.adapters.clinical_codelists import load_code_lists
from gateway.adapters.clinical_people import VaultPeople
from gateway.adapters.clinical_store import SqlClinicalStore
from gateway.adapters.database import open_engine
from gateway.adapters.schema import upgrade
from gateway.adapters.vault import SqlVault
from gateway.adapters.watch import SqlAlerts
from gateway.app import KeyedNaming
from gateway.contract.clinical import BatchReceipt, ClinicalBatch, WithdrawalReceipt
from gateway.domain.consent import ListRules
from gateway.domain.identity import KeyRing, national_id, site_pseudonym
from gateway.services.clinical import ClinicalService, ImportResult
from gateway.services.clinical_sending import ClinicalSender
from gateway.services.consent import ConsentService
from harmonizer.adapters.audit import SqlAudit as ArchiveAudit
from harmonizer.adapters.clinical_records import SqlClinicalRecords
from harmonizer.adapters.clinical_tables import SqlTableRecords
from harmonizer.adapters.database import open_engine as open_archive
from harmonizer.adapters.database import upgrade as upgrade_archive
from harmonizer.adapters.dose_metrics import SqlDoseMetrics
from harmonizer.adapters.holdings import SqlHoldings
from harmonizer.adapters.work import SqlWork
from harmonizer.data.ctcae import load_ctcae
from harmonizer.data.instruments import load_instruments
from harmonizer.data.schedules import load_schedule
from harmonizer.errors import NotFoundError
from harmonizer.services.clinical import ClinicalService as ArchiveService
from harmonizer.services.tables import TableService
from harmonizer.services.withdrawal import WithdrawalService
from tests.factories.archive_world import MemoryStore
from tests.factories.postgresql import new_database, postgresql

MATTI, LIISA = "MRN-MATTI-77", "MRN-LIISA-88"
CONSENT = "patient_id,family_name,given_name,birth_date,status,version,scope,date\n"
GRANTED = (
    f"{MATTI},Virtanen,Matti,1950-05-17,granted,1,research,2019-01-01\n"
    f"{LIISA},Korhonen,Liisa,1960-06-18,declined,1,research,2019-01-01\n"
)
WITHDRAWN = f"{MATTI},Virtanen,Matti,1950-05-17,withdrawn,1,research,2020-12-01\n"
CLINICAL = (
    "patient_id;recorded_on;site;laterality;diagnosis_icd10;rt_start;remark\n"
    f"{MATTI};2.1.2020;breast;L;C50.4;15.1.2020;phone Virtanen\n"
    f"{LIISA};2.1.2020;breast;R;C50.4;15.1.2020;\n"
)
TOXICITY = (
    "patient_id,assessed_on,ctcae_version,term,grade\n"
    f"{MATTI},2020-02-14,5.0,Dermatitis radiation,2\n"
)
PROM = f"patient_id,answered_on,instrument,q29,q30\n{MATTI},2020-01-10,qlq-c30,7,6\n"


NUMBERS = count()


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


class Wire:
    """What HTTP does between the two: JSON there and back."""

    def __init__(self, archive: ArchiveService, withdrawal: WithdrawalService) -> None:
        self._archive = archive
        self._withdrawal = withdrawal

    def send(self, batch: ClinicalBatch) -> BatchReceipt:
        received = ClinicalBatch.model_validate_json(batch.model_dump_json())
        answer = self._archive.receive(received, "KUH").model_dump_json()
        return BatchReceipt.model_validate_json(answer)

    def withdrawals(self) -> list[WithdrawalReceipt]:
        told = self._withdrawal.receipts("KUH")
        return [WithdrawalReceipt.model_validate_json(one.model_dump_json()) for one in told]


class Chain:
    def __init__(self, our_url: str, their_url: str) -> None:
        clock, self.ring = FixedClock(), KeyRing.from_root(bytes(range(32)), "KUH")
        ours, theirs = open_engine(our_url), open_archive(their_url)
        self.engines = (ours, theirs)
        upgrade(ours)
        upgrade_archive(theirs)
        vault = SqlVault(ours, self.ring.vault_key, self.ring.key_id, clock)
        audit = SqlAudit(ours, clock)
        self.consents = ConsentService(
            vault,
            KeyedNaming(self.ring),
            audit,
            "policy",
            "keys",
            rules=lambda: ListRules(latest=date(2026, 1, 2)),
            on_change=lambda _pseudonym: None,
            closed=lambda: None,
            recalled=frozenset,
            erasing=lambda _pseudonym: False,
            hold_unknown=False,
        )
        people = VaultPeople(vault, self.ring, self.consents.admitted, frozenset)
        store = SqlClinicalStore(ours)
        self.gateway = ClinicalService(store, people, load_code_lists(), clock, audit, b"k" * 32)
        self.withdrawal = WithdrawalService(
            SqlHoldings(theirs), MemoryStore(), SqlWork(theirs), ArchiveAudit(theirs, clock), clock
        )
        self.archive = ArchiveService(
            SqlClinicalRecords(theirs),
            load_ctcae(),
            load_instruments(),
            load_schedule(),
            clock,
            self.withdrawal,
        )
        self.tables = TableService(
            SqlTableRecords(theirs), load_schedule(), load_ctcae(), SqlDoseMetrics(theirs)
        )
        self.sender = ClinicalSender(
            store,
            people,
            Wire(self.archive, self.withdrawal),
            clock,
            "KUH",
            SqlAlerts(ours, clock),
            audit,
        )
        self.national = national_id(self.ring, site_pseudonym(self.ring.site_keys(), MATTI))

    def bring(self) -> list[ImportResult]:
        files = [
            ("clinical", CLINICAL),
            ("ctcae", TOXICITY),
            ("prom", PROM),
        ]
        send = self.gateway.import_file
        return [send(word, text.encode("latin-1"), "operator") for word, text in files]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def chain(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Chain]:
    urls = [f"sqlite:///{tmp_path}/{name}.db" for name in ("gateway", "harmonizer")]
    if request.param == "postgresql":
        running = request.getfixturevalue("server")
        urls = [new_database(running, f"{name}{next(NUMBERS)}") for name in ("ours", "theirs")]
    built = Chain(*urls)
    built.consents.import_sheet((CONSENT + GRANTED).encode(), "operator", commit=True)
    yield built
    for engine in built.engines:
        engine.dispose()


def test_rows_arrive_joined_with_true_intervals(chain: Chain) -> None:
    results = chain.bring()
    assert [(r.stored, r.skipped, r.problems) for r in results] == [
        (1, 1, ()),
        (1, 0, ()),
        (1, 0, ()),
    ]
    assert results[0].dropped_columns == ("remark",)
    chain.sender.send()
    timeline = chain.archive.timeline(chain.national)
    found = {event.name: (event.day, event.value) for event in timeline.events}
    assert found["Dermatitis radiation"] == (30, 2)
    assert found["qlq-c30 QL2"] == (-5, pytest.approx(1100 / 12))
    assert timeline.rt_start is not None
    assert timeline.rt_start < date(2020, 1, 15)
    assert timeline.rt_start.weekday() == date(2020, 1, 15).weekday()
    latest = chain.archive.latest(chain.national)
    assert latest is not None
    assert (latest.site, latest.laterality, latest.age_years) == ("breast", "L", 69)


def test_every_row_says_where_it_is_from(chain: Chain) -> None:
    chain.bring()
    chain.sender.send()
    events = chain.archive.timeline(chain.national).events
    origins = {event.kind: event.origin for event in events}
    assert {kind: (o["source"], o["form"]) for kind, o in origins.items()} == dict.fromkeys(
        ("clinical", "toxicity", "prom"), ("csv", "csv")
    )
    assert {o["code_lists"] for o in origins.values()} == {load_code_lists().fingerprint}
    assert len({o["import_batch"] for o in origins.values()}) == 3  # of three files
    assert all(len(o["import_batch"]) == 16 for o in origins.values())


def test_twice_is_once(chain: Chain) -> None:
    chain.bring()
    chain.sender.send()
    again = chain.bring()
    assert [(r.stored, r.unchanged, r.superseded) for r in again] == [(0, 1, 0)] * 3
    assert chain.sender.send() == 0
    assert sum(chain.archive.counts().values()) == 3


@pytest.mark.parametrize("chain", ["sqlite"], indirect=True)
def test_no_identifier_is_in_any_database_file(chain: Chain, tmp_path: Path) -> None:
    chain.bring()
    chain.sender.send()
    files = list(tmp_path.iterdir())
    assert len(files) >= 2
    for file in files:
        data = file.read_bytes()
        for word in (MATTI, LIISA, "Virtanen", "Matti", "1950-05-17", "2020-02-14"):
            assert word.encode() not in data, f"{word} in {file.name}"


def test_a_withdrawal_reaches_the_archive_and_lasts(chain: Chain) -> None:
    chain.bring()
    chain.sender.send()
    chain.consents.import_sheet((CONSENT + WITHDRAWN).encode(), "operator", commit=True)
    assert chain.gateway.forget_withdrawn() == 3
    chain.sender.send()
    with pytest.raises(NotFoundError):
        chain.archive.timeline(chain.national)
    assert [r.stored for r in chain.bring()] == [0, 0, 0]


def test_the_receipt_of_the_archive_is_kept_and_shown(chain: Chain) -> None:
    chain.bring()
    chain.sender.send()
    chain.consents.import_sheet((CONSENT + WITHDRAWN).encode(), "operator", commit=True)
    chain.gateway.forget_withdrawn()
    chain.sender.send()
    (waiting,) = chain.gateway.withdrawals()
    assert waiting["archive_told_at"]
    assert waiting["archive"] is None
    assert chain.withdrawal.step()
    chain.sender.send()
    (done,) = chain.gateway.withdrawals()
    assert done["archive"]["rows"] == 3
    assert done["archive"]["erased_at"]
    assert chain.national not in str(done)


def test_after_new_consent_rows_are_taken_again_and_may_be_withdrawn_again(chain: Chain) -> None:
    for year in ("2021", "2022"):
        chain.bring()
        chain.sender.send()
        assert sum(chain.archive.counts().values()) == 3
        withdrawn = WITHDRAWN.replace("2020", year)
        chain.consents.import_sheet((CONSENT + withdrawn).encode(), "operator", commit=True)
        assert chain.gateway.forget_withdrawn() == 3
        chain.sender.send()
        assert chain.archive.counts()["withdrawn"] == 1
        assert chain.withdrawal.step()
        granted = withdrawn.replace("withdrawn", "granted").replace("-12-01", "-12-02")
        chain.consents.import_sheet((CONSENT + granted).encode(), "operator", commit=True)
        chain.sender.send()
        assert chain.gateway.withdrawals() == []
        assert chain.archive.counts()["withdrawn"] == 0


def test_the_wide_table_has_the_patient(chain: Chain) -> None:
    chain.bring()
    chain.sender.send()
    head, *rows = chain.tables.wide(date(2026, 1, 1))
    (row,) = (dict(zip(head, cells, strict=True)) for cells in rows)
    assert row["site"] == "breast"
    assert row["ctcae-5.0.Dermatitis radiation.days_to_grade_2"] == 30
    assert row["qlq-c30.baseline.status"] == "received"
    assert row["qlq-c30.12-months.status"] == "missed"

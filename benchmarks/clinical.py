"""How long a nation's clinical rows take: file to gateway to archive, time and memory.

    python -m benchmarks.clinical --patients 29000 [--databases URL URL]

Per patient 1 clinical, 19 toxicity and 10 PROM rows, and a course with 60 dose metrics for the
joined table. Everything is the product's own code, except that the two services talk by function
calls instead of HTTP (JSON is written and read) and that the doses are put in as rows.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random

from sqlalchemy import Engine

from gateway.adapters.audit import SqlAudit
from gateway.adapters.clinical_codelists import load_code_lists
from gateway.adapters.clinical_store import SqlClinicalStore
from gateway.adapters.database import open_engine
from gateway.adapters.tables.base import GatewayTable
from gateway.adapters.watch import SqlAlerts
from gateway.contract.clinical import BatchReceipt, ClinicalBatch, WithdrawalReceipt
from gateway.contract.recruitment import RecruitmentCounts
from gateway.domain.clinical import Person
from gateway.domain.identity import KeyRing, day_shift, national_id, site_pseudonym
from gateway.services.clinical import DEFAULT, ClinicalService, ImportOptions
from gateway.services.clinical_sending import ClinicalSender
from harmonizer.adapters.clinical_records import SqlClinicalRecords
from harmonizer.adapters.clinical_tables import SqlTableRecords
from harmonizer.adapters.database import insert_many
from harmonizer.adapters.dose_metrics import SqlDoseMetrics
from harmonizer.adapters.tables.base import HarmonizerTable
from harmonizer.adapters.tables.studies import CourseTable, MetricTable
from harmonizer.api.csv_answers import csv_text
from harmonizer.data.ctcae import load_ctcae
from harmonizer.data.instruments import load_instruments
from harmonizer.data.schedules import load_schedule
from harmonizer.services.clinical import ClinicalService as ArchiveService
from harmonizer.services.tables import TableService

TOXICITY, PROMS, PART = 19, 10, 1000
ORGANS = (
    *("Heart", "Lung_L", "Lung_R", "Esophagus", "SpinalCord"),
    *("Body", "Liver", "Breast_L", "A_LAD", "PTV"),
)
METRICS = ("Mean[Gy]", "Max[Gy]", "D2%[Gy]", "D95%[Gy]", "V20Gy[%]", "V5Gy[%]")
TERMS = ("Fatigue", "Dermatitis radiation", "Breast pain", "Lymphedema", "Cough", "Dyspnea")
CLINICAL_HEAD = "patient_id,recorded_on,birth_date,sex,site,laterality,diagnosis_icd10,rt_start"
TOXICITY_HEAD = "patient_id,assessed_on,ctcae_version,term,grade"
PROM_HEAD = "patient_id,answered_on,instrument," + ",".join(f"q{n}" for n in range(1, 31))


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Everybody:
    """Everybody consented; the names are made by the product's own keys."""

    def __init__(self) -> None:
        self._ring = KeyRing.from_root(bytes(range(32)), "KUH")
        self._keys = self._ring.site_keys()
        self._known: set[str] = set()

    def consented(self, patient_ids: Collection[str]) -> Mapping[str, Person]:
        people = {patient: self._person(patient) for patient in patient_ids}
        self._known.update(person.pseudonym for person in people.values())
        return people

    def consenting(self) -> set[str]:
        return self._known

    def withdrawn(self) -> Mapping[str, str]:
        return {}

    def returned(self, pseudonyms: Collection[str]) -> Mapping[str, str]:
        return self.national_ids(pseudonyms)

    def national_ids(self, pseudonyms: Collection[str]) -> Mapping[str, str]:
        return {name: national_id(self._ring, name) for name in pseudonyms}

    def _person(self, patient: str) -> Person:
        name = site_pseudonym(self._keys, patient)
        return Person(name, national_id(self._ring, name), day_shift(self._keys, name))


class Neighbour:
    """The archive, one function call away; rows are JSON on the way, as over HTTP."""

    def __init__(self, service: ArchiveService) -> None:
        self._service = service

    def send(self, batch: ClinicalBatch) -> BatchReceipt:
        return self._service.receive(
            ClinicalBatch.model_validate_json(batch.model_dump_json()), batch.centre
        )

    def tell_recruitment(self, counts: RecruitmentCounts) -> None:
        """Nobody is asked here."""

    def withdrawals(self) -> Sequence[WithdrawalReceipt]:
        return []


def files(patients: int) -> Iterator[tuple[str, bytes]]:
    """Yield the files part by part, `PART` patients each."""
    random = Random(1)
    for first in range(0, patients, PART):
        names = [f"patient-{n:06d}" for n in range(first, min(first + PART, patients))]
        start = date(2018, 1, 1)
        days = {name: start + timedelta(days=random.randrange(2000)) for name in names}
        yield (
            "clinical",
            _csv(
                CLINICAL_HEAD,
                (f"{n},{days[n]},1960-02-03,F,breast,L,C50.4,{days[n]}" for n in names),
            ),
        )
        yield "ctcae", _csv(TOXICITY_HEAD, _graded(names, days, random))
        yield "prom", _csv(PROM_HEAD, _answered(names, days, random))


def _graded(names: list[str], days: Mapping[str, date], random: Random) -> Iterator[str]:
    for name in names:
        for visit in range(TOXICITY):
            on = days[name] + timedelta(days=30 * (visit // len(TERMS)))
            term = TERMS[visit % len(TERMS)]
            yield f"{name},{on},5.0,{term},{random.randrange(3)}"


def _answered(names: list[str], days: Mapping[str, date], random: Random) -> Iterator[str]:
    for name in names:
        for visit in range(PROMS):
            on = days[name] + timedelta(days=30 * visit)
            answers = ",".join(str(random.randrange(1, 5)) for _ in range(30))
            yield f"{name},{on},qlq-c30,{answers}"


def _csv(head: str, lines: Iterator[str]) -> bytes:
    return "\n".join((head, *lines, "")).encode()


def main() -> None:
    """Check all and import all, as the command does; import again, send; print one JSON line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--patients", type=int, default=29_000)
    options.add_argument("--databases", nargs=2, help="URLs of two empty PostgreSQL databases")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        local = [f"sqlite:///{folder}/gateway.db", f"sqlite:///{folder}/harmonizer.db"]
        print(json.dumps(measure(given.patients, *(given.databases or local))))


def _sender(
    ours: Engine, store: SqlClinicalStore, people: Everybody, archive: ArchiveService
) -> ClinicalSender:
    told = SqlAlerts(ours, Now()), SqlAudit(ours, Now())
    return ClinicalSender(store, people, Neighbour(archive), Now(), "KUH", *told)


def _service(ours: Engine, store: SqlClinicalStore, people: Everybody) -> ClinicalService:
    audit = SqlAudit(ours, Now())
    return ClinicalService(store, people, load_code_lists(), Now(), audit, b"k" * 32)


def measure(patients: int, gateway_url: str, archive_url: str) -> dict[str, float | int | str]:
    """Return seconds of each step and the peak memory of the process in MB."""
    ours, theirs = open_engine(gateway_url), open_engine(archive_url)
    GatewayTable.metadata.create_all(ours)
    HarmonizerTable.metadata.create_all(theirs)
    store, people = SqlClinicalStore(ours), Everybody()
    service = _service(ours, store, people)
    checked, checked_cpu = _timed_import(service, patients, ImportOptions(check_only=True))
    imported, imported_cpu = _timed_import(service, patients)
    again, _ = _timed_import(service, min(patients, PART))
    archive = ArchiveService(
        SqlClinicalRecords(theirs), load_ctcae(), load_instruments(), load_schedule(), Now()
    )
    begun, cpu = time.perf_counter(), time.process_time()
    batches = _sender(ours, store, people, archive).send()
    sent, sent_cpu = time.perf_counter() - begun, time.process_time() - cpu
    fill_doses(theirs)
    dose = SqlDoseMetrics(theirs)
    tables = TableService(SqlTableRecords(theirs), load_schedule(), load_ctcae(), dose)
    begun, cpu = time.perf_counter(), time.process_time()
    text = csv_text(tables.wide(date(2026, 1, 1)))
    wide = sum(part.count("\n") for part in text) - 1
    joined, joined_cpu = time.perf_counter() - begun, time.process_time() - cpu
    return {
        "patients": patients,
        "rows": patients * (1 + TOXICITY + PROMS),
        "database": ours.dialect.name,
        "check_s": round(checked, 1),
        "check_cpu_s": round(checked_cpu, 1),
        "import_s": round(imported, 1),
        "import_cpu_s": round(imported_cpu, 1),
        "again_1000_patients_s": round(again, 1),
        "batches": batches,
        "send_and_store_s": round(sent, 1),
        "send_and_store_cpu_s": round(sent_cpu, 1),
        "stored_at_archive": sum(archive.counts().values()),
        "wide_rows": wide,
        "wide_table_s": round(joined, 1),
        "wide_table_cpu_s": round(joined_cpu, 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def fill_doses(archive: Engine) -> None:
    """Give every patient a harmonized course with metrics of ten structures."""
    courses, metrics = CourseTable.__table__, MetricTable.__table__  # type: ignore[attr-defined]
    everybody, random = SqlTableRecords(archive).patients(), Random(2)
    kept = {"version": 1, "centre": "KUH", "state": "harmonized", "made_by": {}}
    kept["stored_at"] = datetime.now(UTC)
    for first in range(0, len(everybody), PART):
        part = {f"2.25.{first + n}": who for n, who in enumerate(everybody[first : first + PART])}
        rows = [
            {"course_uid": uid, "roi_number": roi, "standard_name": name, "name": metric}
            | {"value": random.random() * 40, "unit": "Gy", "note": ""}
            for uid in part
            for roi, name in enumerate(ORGANS)
            for metric in METRICS
        ]
        with archive.begin() as db:
            named = ({"course_uid": uid, "national_id": who} for uid, who in part.items())
            insert_many(db, courses, [kept | one for one in named])
            insert_many(db, metrics, rows)


def _timed_import(
    service: ClinicalService, patients: int, options: ImportOptions = DEFAULT
) -> tuple[float, float]:
    """Return seconds by the clock and of this process; the database's own are in the first."""
    spent = cpu = 0.0
    for word, data in files(patients):
        begun, ours = time.perf_counter(), time.process_time()
        result = service.import_file(word, data, "operator", options)
        spent += time.perf_counter() - begun
        cpu += time.process_time() - ours
        if result.problems:
            raise SystemExit(f"unexpected problem: {result.problems[0]}")
    return spent, cpu


if __name__ == "__main__":
    main()

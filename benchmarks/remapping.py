"""How long released rules take to reach every structure of an archive, on one core.

    python benchmarks/remapping.py [--patients 29000] [--structures 25] [--share 0.1] [--metrics 4]

Fills a database of its own (SQLite, in a temporary folder) with harmonized courses, releases a rule
set by two curators, and works the pass over the names. `share`: of the structures whose name the
rules change. Nothing but the database is touched: no object is read.
"""

import argparse
import random
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, func, insert, select

from harmonizer.adapters.clock import SystemClock
from harmonizer.adapters.database import open_engine, upgrade
from harmonizer.adapters.kept_names import SqlKeptNames
from harmonizer.adapters.nomenclature_rules import SqlNameRules, SqlNameUses
from harmonizer.adapters.rule_files import TextRuleFiles
from harmonizer.adapters.tables.studies import CourseTable, MetricTable, StructureTable
from harmonizer.adapters.work import SqlWork
from harmonizer.data.tg263 import load_nomenclature
from harmonizer.services.nomenclature import NomenclatureService
from harmonizer.services.remapping import RemappingService

CENTRES = ("HUS", "KUH", "OYS", "Tays", "Tyks")
LOCAL_NAMES, RULES = 5_000, 500
AT_ONCE = 500


def fill(engine: Engine, given: argparse.Namespace) -> None:
    """Write courses whose regions have local names; the first `RULES` of these get rules."""
    rng = random.Random(4)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for first in range(0, given.patients, AT_ONCE):
        courses, structures, metrics = [], [], []
        for number in range(first, min(first + AT_ONCE, given.patients)):
            uid = f"2.25.{number}"
            courses.append(_course(uid, CENTRES[number % len(CENTRES)], f"P{number}", at))
            for roi in range(1, given.structures + 1):
                ruled = rng.random() < given.share
                name = rng.randrange(RULES) if ruled else rng.randrange(RULES, LOCAL_NAMES)
                structures.append(_structure(uid, roi, f"OAR {name}"))
                metrics += [_metric(uid, roi, n) for n in range(given.metrics)]
        with Session(engine) as session:
            for table, rows in (
                (CourseTable, courses),
                (StructureTable, structures),
                (MetricTable, metrics),
            ):
                if rows:
                    session.exec(insert(table), params=rows)
            session.commit()


def _course(uid: str, centre: str, patient: str, at: datetime) -> dict[str, object]:
    return {
        "course_uid": uid,
        "version": 1,
        "centre": centre,
        "national_id": patient,
        "state": "harmonized",
        "site": "breast",
        "stored_at": at,
        "made_by": {"names": "2 2017-08-15 rules 0"},
    }


def _structure(uid: str, roi: int, name: str) -> dict[str, object]:
    return {
        "course_uid": uid,
        "roi_number": roi,
        "local_name": name,
        "kind": "unknown",
        "confidence": 0.0,
        "status": "unmapped",
        "reason": "no word that names a structure",
        "alternatives": [],
        "dose_status": "none",
        "curve": [],
    }


def _metric(uid: str, roi: int, number: int) -> dict[str, object]:
    name = f"D{number}cc[Gy]"
    return {"course_uid": uid, "roi_number": roi, "name": name, "value": 1.0, "unit": "Gy"}


def release(service: NomenclatureService) -> str:
    """Propose and release rules for the first names; return what the preview said."""
    names = [s.name for s in load_nomenclature().structures if s.kind == "organ"]
    lines = ["local_name,tg263_name,author,reason,decided_on"]
    lines += [f"OAR {n},{names[n % len(names)]},anna,agreed,2026-01-01" for n in range(RULES)]
    service.bring_in("\n".join(lines), "csv", "anna", whole=True)
    version = service.propose("anna", "").version
    return service.release(version, "bert").summary()


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--patients", type=int, default=29_000)
    parser.add_argument("--structures", type=int, default=25)
    parser.add_argument("--metrics", type=int, default=4)
    parser.add_argument("--share", type=float, default=0.1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'archive.db'}")
        upgrade(engine)
        fill(engine, given)
        work, clock = SqlWork(engine), SystemClock()
        service = NomenclatureService(
            SqlNameRules(engine),
            SqlNameUses(engine),
            TextRuleFiles(),
            load_nomenclature(),
            CENTRES,
            clock,
        )
        began = time.perf_counter()
        said = release(service)
        print(f"release: {said}, in {time.perf_counter() - began:.0f} s")
        began, used = time.perf_counter(), time.process_time()
        changed = RemappingService(SqlKeptNames(engine), service.mapper, work, clock).remap()
        took, cpu = time.perf_counter() - began, time.process_time() - used
        with Session(engine) as session:
            named = select(func.count()).where(StructureTable.status == "rule")
            ruled = session.exec(named.select_from(StructureTable)).one()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"pass over {given.patients} courses x {given.structures} structures:"
            f" {changed} changed, {ruled} named by a rule, in {took:.0f} s ({cpu:.0f} s of one"
            f" core), {peak:.0f} MB at most"
        )


if __name__ == "__main__":
    main()

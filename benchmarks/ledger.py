"""A gateway with 10,000 courses in its ledger: pages, start, and what it costs to do nothing.

The site store and the archive are in memory, the database is a file: what is measured is the
gateway's own part. Nothing is asserted; the limits stand beside the numbers.
"""

import argparse
import asyncio
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlmodel import Session

from gateway.adapters.tables.courses import CourseRow, ReceiptRow, SubmissionRow
from gateway.adapters.tables.index import InstanceRow
from gateway.app import create_app
from gateway.config import Settings
from gateway.domain.accounts import AccountRole
from gateway.loops import Background
from gateway.opening import World
from tests.factories.gateway_world import (
    FakeArchive,
    FakeClinicalArchive,
    FakeClock,
    FakeDisk,
    FakeSite,
    FakeStage,
)

PAGES = (
    "/",
    "/courses",
    "/courses?at=200",
    "/courses?state=held",
    "/courses/77",
    "/account",
    "/account/2026-03-01?sender=TPS",
    "/audit",
    "/consents",
    "/deletions",
    "/values",
    "/terms",
)
SEARCH = "2.25.99"
"""What is typed on the page of courses: it names many of them."""
PASSWORD = "a-long-password-for-nobody"  # noqa: S105
PAGE_LIMIT_MS, START_LIMIT_S = 300, 30
IDLE_S = 20.0
REPEATS = 5
CHUNK = 20_000


class ListedSite(FakeSite):
    """Holds objects by name only."""

    def __init__(self, ids: list[str]) -> None:
        super().__init__()
        self.ids = ids

    def instance_ids(self) -> Iterator[str]:
        yield from self.ids

    def count(self) -> int:
        return len(self.ids)


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="kasari bench ledger", description=__doc__)
    parser.add_argument("--courses", type=int, default=10_000)
    parser.add_argument("--instances", type=int, default=100, help="of each course")
    parser.add_argument("--people", type=int, default=29_000, help="on the consent list")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        settings = write_settings(Path(folder))
        site = ListedSite([])
        world = World(
            site, FakeArchive(), FakeStage(), FakeClinicalArchive(), FakeClock(), FakeDisk()
        )
        app = create_app(settings, world, background=False)
        service = app.state.service
        began = time.perf_counter()
        fill(service, site, options)
        print(f"filled in {time.perf_counter() - began:.0f} s")
        show_pages(app)
        show_start(service)
        show_idle(service)
        service.close()
    return 0


def write_settings(folder: Path) -> Settings:
    def secret(name: str, content: bytes) -> str:
        path = folder / name
        path.write_bytes(content)
        path.chmod(0o600)
        return str(path)

    password = secret("password", b"a-random-password-here")
    return Settings.model_validate(
        {
            "centre": "KUH",
            "data_folder": str(folder / "data"),
            "listen": {"port": 0},
            "root_key_file": secret("root", bytes(range(64))),
            "site_orthanc": {
                "url": "http://127.0.0.1:1",
                "username": "gateway",
                "password_file": password,
            },
            "archive": {"url": "http://127.0.0.1:1", "token_file": password},
            "plugin_token_file": secret("plugin", b"plugin-token-for-the-bench"),
            "operator_token_file": secret("operator", b"operator-token-for-bench"),
        }
    )


def fill(service: Any, site: ListedSite, options: argparse.Namespace) -> None:
    """Write people, courses, instances and receipts as a year of work leaves them."""
    head = "patient_id,family_name,given_name,birth_date,status,version,scope,date\n"
    lines = (
        f"ID-{n},Name{n},Given,1950-01-01,granted,1,research,2024-01-01\n"
        for n in range(options.people)
    )
    service.consents.import_sheet((head + "".join(lines)).encode(), "operator", commit=True)
    now = service.clock.now()
    pseudonyms = [service.naming.pseudonym(f"ID-{n}") for n in range(options.courses)]
    kept: list[Any] = []
    with Session(service.engine) as session:
        for number, pseudonym in enumerate(pseudonyms, start=1):
            held = number % 50 == 0
            kept.append(course_row(number, pseudonym, now, held=held))
            kept.append(
                SubmissionRow(
                    id=number,
                    course_id=number,
                    version=1,
                    state="verified",
                    next_try_at=now,
                    created_at=now,
                    verified_at=now,
                )
            )
            for place in range(options.instances):
                orthanc_id = f"{number:020d}{place:020d}"
                site.ids.append(orthanc_id)
                row = instance_row(orthanc_id, number, place, pseudonym, now)
                kept.append(row)
                if not held:
                    row.delivered_at = now
                    kept.append(receipt_row(orthanc_id, number, now))
            if len(kept) > CHUNK:
                flush(session, kept)
        flush(session, kept)
    for number in range(1, options.courses + 1):
        if number % 10 == 0:
            service.audit.record("course-send", "service", f"2.25.{number}", "version 1, 100")


def flush(session: Session, kept: list[Any]) -> None:
    for kind in (CourseRow, SubmissionRow, InstanceRow, ReceiptRow):
        session.bulk_save_objects([row for row in kept if isinstance(row, kind)])
    session.commit()
    kept.clear()


def course_row(number: int, pseudonym: str, now: Any, *, held: bool) -> CourseRow:
    reasons = [{"code": "no-dose", "text": "no dose has come"}] if held else []
    return CourseRow(
        id=number,
        anchor_uid=f"2.25.{number}",
        pseudonym=pseudonym,
        state="held" if held else "delivered",
        version=0 if held else 1,
        reasons=reasons,
        findings=[{"code": "roi-empty", "severity": "info", "text": "structure 2 has no contour"}],
        instances=100,
        changed_at=now - timedelta(minutes=number % 500_000),
        delivered_version=0 if held else 1,
        delivered_at=None if held else now,
        content_digest="d",
        sent_digest="" if held else "d",
    )


def instance_row(orthanc_id: str, number: int, place: int, pseudonym: str, now: Any) -> InstanceRow:
    return InstanceRow(
        orthanc_id=orthanc_id,
        sop_instance_uid=f"2.25.{number}{place:04d}",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        series_instance_uid=f"2.25.9{number}",
        study_instance_uid=f"2.25.8{number}",
        pseudonym=pseudonym,
        modality="CT",
        role="planning-image",
        size_bytes=500_000,
        sha256="0" * 64,
        references=[],
        frame_uids=["2.25.7"],
        facts={},
        state="present",
        course_id=number,
        sender="TPS",
        received_at=now - timedelta(days=number % 365),
    )


def receipt_row(orthanc_id: str, number: int, now: Any) -> ReceiptRow:
    return ReceiptRow(
        submission_id=number,
        orthanc_id=orthanc_id,
        national_uid=orthanc_id,
        sha256="0" * 64,
        size_bytes=500_000,
        verified_at=now,
    )


def show_pages(app: Any) -> None:
    app.state.service.accounts.add("steward", AccountRole.STEWARD, PASSWORD)

    async def ask() -> None:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            await client.post("/login", data={"name": "steward", "password": PASSWORD})
            asked = [("GET", path, None) for path in PAGES]
            for method, path, form in (*asked, ("POST", "/courses", {"find": SEARCH})):
                times = []
                for _ in range(REPEATS):
                    began = time.perf_counter()
                    answer = await client.request(method, path, data=form)
                    times.append(1000 * (time.perf_counter() - began))
                    if answer.status_code != httpx.codes.OK:
                        raise SystemExit(f"{path}: {answer.status_code}")
                median = statistics.median(times)
                shown = f"{path}, find" if form else path
                print(f"page {shown}: {median:.0f} ms (limit {PAGE_LIMIT_MS})")

    asyncio.run(ask())


def show_start(service: Any) -> None:
    began = time.perf_counter()
    service.intake.reconcile()
    took = time.perf_counter() - began
    count = len(service.world.site.ids)
    print(f"start-up reconciliation of {count} instances: {took:.1f} s (limit {START_LIMIT_S})")


def show_idle(service: Any) -> None:
    """Run every loop with nothing to do, the plugin asking as it does, and count CPU seconds."""
    loops = Background(service)
    loops._recheck_at = math.inf  # the archive in memory holds nothing of what was written here
    loops.start()
    time.sleep(10.0)  # the start is over
    tag = service.consents.snapshot_tag()
    began, used = time.monotonic(), time.process_time()
    while time.monotonic() - began < IDLE_S:
        if service.consents.snapshot_tag() != tag:
            tag = service.consents.snapshot_tag()
            service.consents.snapshot().model_dump_json()
        time.sleep(2.0)
    share = (time.process_time() - used) / (time.monotonic() - began)
    loops.stop()
    print(f"doing nothing: {100 * share:.1f} % of a core")


if __name__ == "__main__":
    sys.exit(main())

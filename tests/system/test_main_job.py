"""The main job with real Orthancs: what the demo does, done again, killed, and searched."""

import csv
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from dicomweb_client.api import DICOMwebClient
from rich.console import Console

from harmonizer.adapters.printing import can_print
from kasari.demo import Demo, Outcome, Wish
from kasari.stack import Stack, start_stack, stop_stack
from tests.factories.identifiers import (
    UIDS,
    as_bytes,
    found_below,
    found_in,
    identifying_words,
)
from tests.system.faults.ward import until

PATIENTS, SEED = 6, 5
NOT_AUTHORISED = 0x0124
PAGES = ("/", "/courses", "/api/v1/status", "/api/v1/courses", "/api/v1/tables/long.csv")


@pytest.fixture(scope="module")
def folder(needs_orthanc: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("main-job")
    yield place
    stop_stack(place / "stack")


def run(folder: Path) -> tuple[Demo, Outcome]:
    demo = Demo(Wish(folder, PATIENTS, SEED, declined=1), Console(quiet=True))
    return demo, demo.run()


@pytest.fixture(scope="module")
def done(folder: Path) -> tuple[Demo, Outcome]:
    return run(folder)


@pytest.fixture(scope="module")
def running(done: tuple[Demo, Outcome]) -> Stack:
    return done[0].stack


@pytest.fixture(scope="module")
def needles(done: tuple[Demo, Outcome], folder: Path) -> dict[bytes, str]:
    """Every identifier in what was sent; of the public course its UIDs: its names are words."""
    cohort = identifying_words(folder.glob("cohort-*/*/dicom/*/*"))
    public = identifying_words((folder / "public/dicom").iterdir())
    people = set().union(*cohort.values(), *(public[keyword] for keyword in UIDS))
    for path in folder.glob("cohort-*/*/consent.csv"):
        with path.open(encoding="utf-8") as file:
            people |= {row["patient_id"] for row in csv.DictReader(file)}
    assert {"PatientID", "PatientName", "InstitutionName", *UIDS} <= set(cohort)
    return as_bytes(people)


def counts(outcome: Outcome) -> list[tuple[object, ...]]:
    return [
        (c.name, c.expected, c.delivered, c.harmonized, c.instances, c.failed, dict(c.rows))
        for c in outcome.centres
    ]


def test_every_course_arrives_and_is_harmonized(done: tuple[Demo, Outcome]) -> None:
    outcome = done[1]
    missing = [text for text in outcome.problems() if "nobody was found" not in text]
    assert missing == []
    assert sum(centre.harmonized for centre in outcome.centres) > 1


def test_the_incomplete_public_course_was_held_with_its_reason(
    done: tuple[Demo, Outcome],
) -> None:
    assert any("1 of 98 CT slices" in reason for reason in done[1].held_for)


def test_a_second_run_leaves_the_same_counts(done: tuple[Demo, Outcome], folder: Path) -> None:
    assert counts(run(folder)[1]) == counts(done[1])


def test_no_original_identifier_is_in_any_file_of_the_stack(
    running: Stack, needles: dict[bytes, str]
) -> None:
    """Not in the gateway's either: its vault is encrypted, as are its spool and its terms."""
    places = running.folders()
    assert {"archive", "harmonizer", "logs", "KUH/orthanc", "KUH/gateway"} <= set(places)
    assert all(place.is_relative_to(running.folder) for place in places.values())
    for end in ("", "-wal"):
        assert (places["KUH/gateway"] / f"gateway.db{end}").stat().st_size > 0
    assert found_below(running.folder, needles) == {}


def test_the_search_would_find_an_identifier(needles: dict[bytes, str], tmp_path: Path) -> None:
    needle = next(iter(needles))
    (tmp_path / "planted").write_bytes(b"\0" * 1000 + needle + b"\0" * 1000)
    assert found_below(tmp_path, needles)


def test_no_original_identifier_is_in_any_answer(running: Stack, needles: dict[bytes, str]) -> None:
    headers = {"Authorization": f"Bearer {running.reader_token()}"}
    with httpx.Client(base_url=running.archive_url, headers=headers, timeout=60) as client:
        studies = client.get("/dicom-web/studies").json()
        assert studies
        answers = [client.get(page) for page in PAGES]
        for study in studies:
            uid = study["0020000D"]["Value"][0]
            answers.append(client.get(f"/dicom-web/studies/{uid}"))
            answers.append(client.get(f"/dicom-web/studies/{uid}/metadata"))
    for answer in answers:
        assert answer.is_success, answer.request.url.path
        assert not found_in(answer.content, needles), answer.request.url.path
    for centre in running.centres.values():
        own = {"Authorization": f"Bearer {centre.operator_token()}"}
        for page in ("/health", "/api/v1/status", "/api/v1/courses", "/api/v1/account"):
            answer = httpx.get(centre.gateway_url + page, headers=own)
            assert not found_in(answer.content, needles), page


def test_the_whole_cohort_query_reads_with_dicomweb_client(running: Stack) -> None:
    client = DICOMwebClient(
        f"{running.archive_url}/dicom-web",
        headers={"Authorization": f"Bearer {running.reader_token('researcher')}"},
    )
    everybody = client.search_for_studies()
    hearts = client.search_for_studies(search_filters={"ROIName": "Heart"})
    hot = client.search_for_studies(search_filters={"ROIName": "Heart", "dvh": "Heart:Mean[Gy]>60"})
    assert 0 < len(hearts) < len(everybody)
    assert not hot


def test_viewers_see_the_structure_set_with_standard_names_first(running: Stack) -> None:
    client = DICOMwebClient(
        f"{running.archive_url}/dicom-web",
        headers={"Authorization": f"Bearer {running.reader_token('researcher')}"},
    )
    study = client.search_for_studies(search_filters={"ROIName": "Heart"})[0]["0020000D"]["Value"]
    series = client.search_for_series(study[0], fields=["SeriesDescription", "SeriesNumber"])
    sets = [one for one in series if one["00080060"]["Value"] == ["RTSTRUCT"]]
    assert sets[0] == series[0]
    assert sets[0]["0008103E"]["Value"] == ["TG-263 names (derived)"]
    assert len(sets) > 1
    derived = client.retrieve_series(study[0], sets[0]["0020000E"]["Value"][0])
    assert "Heart" in {item.ROIName for item in derived[0].StructureSetROISequence}


def test_a_report_lies_beside_the_study_for_any_viewer(running: Stack) -> None:
    client = DICOMwebClient(
        f"{running.archive_url}/dicom-web",
        headers={"Authorization": f"Bearer {running.reader_token('researcher')}"},
    )
    study = client.search_for_studies(search_filters={"ROIName": "Heart"})[0]["0020000D"]["Value"]
    wanted = {"SR", "DOC"} if can_print() else {"SR"}

    def made() -> dict[str, str]:
        found = client.search_for_series(study[0])
        return {one["00080060"]["Value"][0]: one["0020000E"]["Value"][0] for one in found}

    series = until(lambda: found if wanted <= (found := made()).keys() else None, "the reports")
    (report,) = client.retrieve_series(study[0], series["SR"])
    assert report.ConceptNameCodeSequence[0].CodeMeaning == "Imaging Measurement Report"
    if "DOC" in wanted:
        (page,) = client.retrieve_series(study[0], series["DOC"])
        assert page.EncapsulatedDocument.startswith(b"%PDF")


def test_a_patient_who_declined_is_counted_and_not_named(
    done: tuple[Demo, Outcome], running: Stack, folder: Path
) -> None:
    declined = {centre.name: centre.declined for centre in done[1].centres}
    assert sum(declined.values()) > 0
    for name, centre in running.centres.items():
        own = {"Authorization": f"Bearer {centre.operator_token()}"}
        status = httpx.get(f"{centre.gateway_url}/api/v1/status", headers=own).json()
        told = sum(
            row["count"]
            for row in status["refused"]
            if row["sender"] and row["dimse_status"] == NOT_AUTHORISED
        )
        assert bool(told) == bool(declined[name])


@pytest.mark.slow
def test_any_process_may_be_killed_while_it_runs(
    needs_orthanc: None, done: tuple[Demo, Outcome], tmp_path: Path
) -> None:
    """Kill each process once, one after the other, while a new demo runs; it ends the same."""
    stack = start_stack(tmp_path / "stack", ("KUH", "Tyks"))
    killed: list[str] = []
    over = threading.Event()

    def kill_in_turn() -> None:
        while not over.wait(1.0):
            alive = [(n, p) for n, p in stack.processes().items() if p and n not in killed]
            for name, pid in alive[:1]:
                os.kill(pid, signal.SIGKILL)
                killed.append(name)

    thread = threading.Thread(target=kill_in_turn, daemon=True)
    thread.start()
    try:
        outcome = run(tmp_path)[1]
        assert list(outcome.problems()) == []
        assert counts(outcome) == counts(done[1])
        assert len(killed) == len(stack.processes())
    finally:
        over.set()
        thread.join()
        stop_stack(tmp_path / "stack")

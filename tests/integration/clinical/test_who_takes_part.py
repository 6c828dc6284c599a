"""The published recruitment from a centre's event file to the archive's page and weights."""

import asyncio
import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from gateway.adapters.audit import SqlAudit
from gateway.adapters.clock import SystemClock
from gateway.adapters.database import open_engine
from gateway.adapters.recruitment import SqlScreening
from gateway.adapters.schema import upgrade
from gateway.adapters.vault import SqlVault
from gateway.contract.clinical import ClinicalBatch, ClinicalRow, PromRow
from gateway.contract.recruitment import RecruitmentCounts
from gateway.services.recruitment import RecruitmentService
from harmonizer.app import World, create_app
from harmonizer.config import Settings
from tests.factories.archive_world import MemoryStore, SendingCentre

GOLDEN = Path(__file__).parents[2] / "golden" / "clinical"
CENTRES = {"first": (206, 106), "second": (238, 111)}
READER = "researcher-token-for-tests"
TOKENS = {name: f"{name}-site-token-for-tests" for name in CENTRES}


def secret(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[FastAPI]:
    settings = {
        "data_folder": str(tmp_path / "archive"),
        "listen": {"port": 0},
        "public_url": "https://archive.example",
        "archive_orthanc": {
            "url": "https://orthanc.invalid:8042",
            "username": "harmonizer",
            "password_file": secret(tmp_path, "orthanc", "orthanc-password-1"),
        },
        "centres": [
            {
                "name": name,
                "public_key": SendingCentre(name).public_key,
                "token_file": secret(tmp_path, name, token),
            }
            for name, token in TOKENS.items()
        ],
        "readers": [
            {
                "name": "reader",
                "role": "researcher",
                "token_file": secret(tmp_path, "reader", READER),
            }
        ],
    }
    app = create_app(Settings.model_validate(settings), World(MemoryStore()), background=False)
    yield app
    app.state.service.engine.dispose()


def ask(app: FastAPI, token: str, method: str, path: str, **how: object) -> httpx.Response:
    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=transport, base_url="https://a") as client:
            if method == "PAGE":
                await client.post("/login", data={"token": token})
                return await client.get(path)
            return await client.request(method, path, headers=headers, **how)  # type: ignore[arg-type]

    return asyncio.run(once())


class Door:
    """The archive as a gateway sees it."""

    def __init__(self, app: FastAPI, centre: str) -> None:
        self.app, self.centre, self.told = app, centre, 0

    def tell_recruitment(self, counts: RecruitmentCounts) -> None:
        body = counts.model_dump(mode="json")
        answer = ask(self.app, TOKENS[self.centre], "PUT", "/api/v1/recruitment", json=body)
        assert answer.status_code == 200, answer.text
        self.told += 1


def gateway(tmp_path: Path, app: FastAPI, centre: str) -> tuple[RecruitmentService, Door]:
    engine = open_engine(f"sqlite:///{tmp_path / centre}.db")
    upgrade(engine)
    clock, door = SystemClock(), Door(app, centre)
    vault = SqlVault(engine, b"v" * 32, "k", clock)
    service = RecruitmentService(
        SqlScreening(engine),
        vault,
        door,  # type: ignore[arg-type]
        clock,
        SqlAudit(engine, clock),
        centre,
    )
    return service, door


def test_the_published_consent_rates_come_out_of_the_event_files(
    tmp_path: Path, archive: FastAPI
) -> None:
    for centre in CENTRES:
        service, door = gateway(tmp_path, archive, centre)
        data = (GOLDEN / f"recruitment-{centre}.csv").read_bytes()
        for _ in range(2):  # the same file again changes nothing
            assert service.import_log(data, "log", "operator").problems == ()
            service.tell()
        service.tell()
        assert door.told == 2
    told = ask(archive, READER, "GET", "/api/v1/recruitment").json()
    whole = {row["centre"]: row for row in told if row["by"] == "all"}
    for centre, (eligible, consented) in CENTRES.items():
        row = whole[centre]
        found = (row["eligible"], row["asked"], row["consented"], row["declined"])
        assert found == (eligible, eligible, consented, eligible - consented)
    assert [round(100 * whole[c]["consent_rate"]) for c in CENTRES] == [51, 47]
    page = ask(archive, READER, "PAGE", "/participation").text
    assert "<b>51 %</b>" in page
    assert "<b>47 %</b>" in page


def test_a_centre_tells_of_itself_only(archive: FastAPI) -> None:
    body = {"centre": "second", "groups": []}
    answer = ask(archive, TOKENS["first"], "PUT", "/api/v1/recruitment", json=body)
    assert answer.status_code == 403
    assert ask(archive, READER, "PUT", "/api/v1/recruitment", json=body).status_code == 403


def rows(patients: int, answered: int) -> ClinicalBatch:
    """Everybody answers at first, `answered` of them after a year: more of the young."""
    clinical, prom = [], []
    for number in range(patients):
        who = {"national_id": f"N{number:03d}", "source": "test"}
        start = date(2020, 1, 6) + timedelta(days=7 * (number % 40))
        came = number < answered
        clinical.append(
            ClinicalRow(
                **who,
                row_key=f"c{number}",
                recorded_on=start,
                rt_start=start,
                rt_end=start + timedelta(days=21),
                sex="F",
                age_years=(60 if came else 70) + number % 7,
            )
        )
        for day in (0, 365) if came else (0,):
            prom.append(
                PromRow(
                    **who,
                    row_key=f"p{number}-{day}",
                    answered_on=start + timedelta(days=day),
                    instrument="qlq-c30",
                    instrument_version="3.0",
                    answers={"q29": 6},
                )
            )
    return ClinicalBatch(batch_id="b", centre="first", clinical=tuple(clinical), prom=tuple(prom))


def test_the_published_completion_comes_out_of_the_answers(archive: FastAPI) -> None:
    batch = rows(217, 128)  # 106 and 111 consented
    body = batch.model_dump(mode="json")
    answer = ask(archive, TOKENS["first"], "POST", "/api/v1/clinical-batches", json=body)
    assert answer.json()["problems"] == []
    asked = "?instrument=qlq-c30&timepoint=12-months"
    found = ask(archive, READER, "GET", f"/api/v1/proms/responders{asked}").json()
    assert (found["due"], found["answered"], round(100 * found["share"])) == (217, 128, 59)
    age = next(d for d in found["differences"] if d["characteristic"] == "age_years")
    assert age["did"] < 64 < 72 < age["did_not"]
    text = ask(archive, READER, "GET", f"/api/v1/proms/weights.csv{asked}").text
    weights = list(csv.DictReader(io.StringIO(text)))
    assert len(weights) == 217
    assert sum(w["weight"] != "" for w in weights) == 128
    page = ask(archive, READER, "PAGE", "/participation?of=qlq-c30+12-months").text
    assert "128 of 217 answered" in page
    assert "59 %" in page


def test_where_nothing_was_due_it_is_said(archive: FastAPI) -> None:
    asked = "?instrument=qlq-c30&timepoint=12-months"
    found = ask(archive, READER, "GET", f"/api/v1/proms/responders{asked}").json()
    assert (found["due"], found["share"], found["differences"]) == (0, None, [])
    refused = ask(archive, READER, "GET", f"/api/v1/proms/weights.csv{asked}")
    assert refused.status_code == 422
    assert "answered and who did not" in refused.json()["text"]
    page = ask(archive, READER, "PAGE", "/participation").text
    assert "No questionnaire was due yet." in page
    assert "No centre has told of its recruitment yet." in page

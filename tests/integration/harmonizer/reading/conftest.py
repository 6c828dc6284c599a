"""A harmonizer over a database of rows and an Orthanc in memory."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from harmonizer.adapters.dicomweb import OrthancDicomWeb
from harmonizer.api.attempts import Attempts
from harmonizer.app import World, create_app
from harmonizer.config import Settings
from tests.factories.archive_rows import Given, Roi, fill
from tests.factories.archive_world import MemoryStore, SendingCentre
from tests.factories.orthanc_in_memory import OrthancInMemory

TOKENS = {role: f"{role}-token-for-tests" for role in ("researcher", "curator", "admin")}
SITE_TOKEN = "kuh-site-token-for-tests"
OTHER_SITE_TOKEN = "tyks-site-token-for-tests"

HEART = Roi("Sydan", "Heart", {"Mean[Gy]": 3.1, "V20Gy[%]": 4.0, "Max[Gy]": 38.0})
COLD_HEART = Roi("heart", "Heart", {"Mean[Gy]": 1.2, "V20Gy[%]": 0.0})
LUNG = Roi("Keuhko vas", "Lung_L", {"Mean[Gy]": 8.0, "V20Gy[%]": 15.0})
TARGET = Roi("PTV_40.05", "PTV_4005", {"D95%[Gy]": 39.0}, kind="target")

LEFT_KUH = Given(
    1,
    rois=(HEART, LUNG, TARGET),
    findings=(
        ("DOSE-HOT", "warning", "PTV_4005", "a hot spot"),
        ("GRID", "error", "dose", "cut"),
    ),
    toxicity=(("Dermatitis radiation", 2, 20), ("Dermatitis radiation", 0, 200)),
    scores=(("FA", 66.7, 30), ("FA", 22.2, 200)),
)
RIGHT_KUH = Given(2, laterality="R", rois=(COLD_HEART,))
LEFT_TYKS = Given(3, centre="Tyks", rois=(HEART,), toxicity=(("Dermatitis radiation", 1, 20),))
PROSTATE = Given(4, centre="Tyks", site="prostate", laterality="N", rois=(Roi("x", "Prostate"),))
ON_ITS_WAY = Given(5, state="announced", rois=(HEART,))
NOT_WORKED_OUT = Given(6, state="failed", site=None, laterality=None)
GROWING = Given(7, centre="Tyks", site="lung", not_yet=(0,))
WITHDRAWN = Given(
    8,
    rois=(HEART, Roi("Nuhrusiini", "Esophagus", {"Mean[Gy]": 8.8}), Roi("Nuhrutolppa", None)),
    findings=(("ONLY-THERE", "error", "dose", "cut"),),
    withdrawn=True,
)
EVERYTHING = (
    LEFT_KUH,
    RIGHT_KUH,
    LEFT_TYKS,
    PROSTATE,
    ON_ITS_WAY,
    NOT_WORKED_OUT,
    GROWING,
    WITHDRAWN,
)


@dataclass
class Archive:
    app: FastAPI
    orthanc: OrthancInMemory
    settings: Settings

    def get(
        self,
        path: str,
        role: str | None = "researcher",
        token: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        """Ask once, as a role or with a token."""
        bearer = token or (TOKENS[role] if role else None)
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://archive") as client:
                return await client.get(path, headers=headers)

        return asyncio.run(ask())

    def studies(self, query: str = "") -> list[str]:
        """StudyInstanceUIDs that a search answers, in its order."""
        answer = self.get(f"/dicom-web/studies{query}")
        assert answer.status_code == 200, answer.text
        return [found["0020000D"]["Value"][0] for found in answer.json()]


def _secret(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    tmp_path = tmp_path_factory.mktemp("archive")
    centres = (("KUH", SITE_TOKEN), ("Tyks", OTHER_SITE_TOKEN))
    return Settings.model_validate(
        {
            "data_folder": str(tmp_path / "data"),
            "listen": {"port": 0},
            "public_url": "https://archive.example:8443/national",
            "archive_orthanc": {
                "url": "https://orthanc.invalid:8042",
                "username": "harmonizer",
                "password_file": _secret(tmp_path, "orthanc", "orthanc-password-1"),
            },
            "centres": [
                {
                    "name": name,
                    "public_key": SendingCentre(name).public_key,
                    "token_file": _secret(tmp_path, name, token),
                }
                for name, token in centres
            ],
            "readers": [
                {"name": f"a-{role}", "role": role, "token_file": _secret(tmp_path, role, token)}
                for role, token in TOKENS.items()
            ],
        }
    )


@pytest.fixture(scope="module")
def filled(settings: Settings) -> Iterator[Archive]:
    orthanc = OrthancInMemory(EVERYTHING)
    client = httpx.AsyncClient(
        transport=httpx.MockTransport(orthanc.answer), base_url="http://orthanc.invalid:8042"
    )
    app = create_app(
        settings, World(MemoryStore(), dicomweb=OrthancDicomWeb(client)), background=False
    )
    engine = app.state.service.engine
    fill(engine, *EVERYTHING)
    yield Archive(app, orthanc, settings)
    engine.dispose()


@pytest.fixture
def archive(filled: Archive) -> Archive:
    """Give the module's archive, its store well again: readers change nothing in it."""
    filled.orthanc.asked.clear()
    filled.orthanc.gone.clear()
    filled.orthanc.down = False
    filled.app.state.attempts = Attempts()
    return filled


@pytest.fixture
def address(archive: Archive) -> Iterator[str]:
    """The archive on a real socket."""
    server = uvicorn.Server(uvicorn.Config(archive.app, log_level="error", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(20)

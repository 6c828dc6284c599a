"""The front door over a real database, with a store in memory and a centre with real keys."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from harmonizer.app import Service, World, create_app
from harmonizer.config import ArchiveOrthanc, Centre, Listen, Settings
from kasari.phantom import generate_cohort
from tests.factories.archive_world import BOUNDARY, MemoryStore, SendingCentre, Sent, SentCourse

TOKENS = {name: f"{name}-token-for-the-front-door" for name in ("KUH", "Tyks")}


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The objects of one generated patient."""
    folder = tmp_path_factory.mktemp("cohort")
    generate_cohort(folder, 1, 3, ("KUH",), small=True, declined=0)
    return [path.read_bytes() for path in sorted(folder.glob("KUH/dicom/*/*"))]


@pytest.fixture(scope="session")
def centre() -> SendingCentre:
    return SendingCentre("KUH")


@pytest.fixture(scope="session")
def course(centre: SendingCentre, originals: list[bytes]) -> SentCourse:
    return centre.course(originals, "010190-999X")


@dataclass
class Door:
    """A running front door and a client of one centre."""

    service: Service
    store: MemoryStore
    client: httpx.AsyncClient

    async def announce(self, course: SentCourse) -> httpx.Response:
        return await self.client.put(
            f"/api/v1/submissions/{course.course_uid}/{course.version}",
            content=course.sealed.model_dump_json(),
            headers={"Content-Type": "application/json"},
        )

    async def send(
        self, course: SentCourse, which: list[Sent] | None = None, cut: int | None = None
    ) -> httpx.Response:
        kind = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
        body = course.multipart(which)[:cut]
        return await self.client.post(
            "/dicom-web/studies", content=body, headers={"Content-Type": kind}
        )

    async def verify(self, course: SentCourse) -> httpx.Response:
        return await self.client.post(
            f"/api/v1/submissions/{course.course_uid}/{course.version}/verify"
        )

    async def deliver(self, course: SentCourse) -> dict[str, object]:
        for answer in (await self.announce(course), await self.send(course)):
            assert answer.status_code == httpx.codes.OK, answer.text
        found: dict[str, object] = (await self.verify(course)).json()
        return found


@pytest.fixture
def settings(tmp_path: Path, centre: SendingCentre) -> Settings:
    other = SendingCentre("Tyks", bytes(range(1, 33)))
    keys = {"KUH": centre.public_key, "Tyks": other.public_key}

    def secret(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        path.chmod(0o600)
        return path

    return Settings(
        data_folder=tmp_path / "data",
        listen=Listen(port=0),
        public_url="https://archive.test",
        archive_orthanc=ArchiveOrthanc(
            url="https://orthanc.test", username="u", password_file=secret("p", "x" * 20)
        ),
        centres=tuple(
            Centre(name=name, public_key=keys[name], token_file=secret(name, token))
            for name, token in TOKENS.items()
        ),
    )


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    return MemoryStore()


@pytest.fixture
def open_door(settings: Settings, store: MemoryStore):
    """Open the door for a centre; the work list is worked through by the test."""

    @asynccontextmanager
    async def door(name: str = "KUH", prints: bool = False) -> AsyncIterator[Door]:
        app = create_app(settings, World(store, prints=prints), background=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app),
                base_url="http://archive.test",
                headers={"Authorization": f"Bearer {TOKENS[name]}"},
            ) as client,
        ):
            yield Door(app.state.service, store, client)

    return door

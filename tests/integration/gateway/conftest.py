"""One gateway service over an in-memory hospital, stepped by hand: no thread, no socket."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from gateway.app import Service, World, create_app, open_ring
from gateway.config import Settings
from gateway.contract.clinical import Export, WithdrawalReceipt
from gateway.contract.site import PluginReport
from gateway.domain.accounts import AccountRole
from gateway.domain.identity import national_id
from tests.factories.gateway_world import (
    FakeArchive,
    FakeClinicalArchive,
    FakeClock,
    FakeDisk,
    FakeSite,
    FakeStage,
)

OPERATOR = "operator-token-for-tests"
STEWARD = ("anna", "salasana-on-pitkä")
PLUGIN = "plugin-token-for-the-tests"
CONSENTS = (
    b"patient_id,family_name,given_name,birth_date,status,version,scope,date\n"
    b"ID-1,Virtanen,Maija,1952-04-13,granted,2.1,research,2019-12-01\n"
)


@dataclass
class Hospital:
    settings: Settings
    site: FakeSite
    archive: FakeArchive
    stage: FakeStage
    clock: FakeClock
    app: FastAPI
    disk: FakeDisk = field(default_factory=FakeDisk)

    @property
    def service(self) -> Service:
        service: Service = self.app.state.service
        return service

    def pseudonym(self, patient_id: str = "ID-1") -> str:
        return self.service.naming.pseudonym(patient_id)

    def add_steward(self) -> tuple[str, str]:
        """Add a data steward's account and return its name and password."""
        self.service.accounts.add(STEWARD[0], AccountRole.STEWARD, STEWARD[1])
        return STEWARD

    def take_in(self, objects: list[bytes]) -> None:
        """Store as the plugin would, look, and let the settle time pass."""
        for data in objects:
            self.site.store(data)
        self.settle()

    def tell(self, boot: str = "one", **more: Any) -> None:
        """Report as the plugin does."""
        told = {"received": self.site.stored, "again": self.site.again, "refused": ()} | more
        self.service.status.take_report(PluginReport(boot_id=boot, **told))

    def settle(self) -> None:
        self.tell()
        while self.service.intake.step():
            pass
        self.service.course_service.step()
        self.clock.forward(5)
        self.service.course_service.step()

    def send(self) -> bool:
        self.service.rewriters.submit(int).result()
        worked = self.service.sending.step("worker")
        self.service.course_service.step()
        return worked

    def turn(self) -> None:
        """Do what the loops do about deletions."""
        service = self.service
        service.withdrawal.step()
        service.clinical.forget(service.erasures.recalled() | service.consents.merged())
        service.clinical_sending.send()
        if service.recall.step():
            service.outbox.hurry()

    def archive_erases(self, *exports: Export) -> None:
        """Let the archive delete whom it was told of last."""
        clinical, now = self.service.world.clinical, self.clock.now()
        assert isinstance(clinical, FakeClinicalArchive)
        (national,) = [batch.withdrawn for batch in clinical.batches if batch.withdrawn][-1]
        held = self.archive.erase(f"FI{self._pseudonym_of(national)}")
        clinical.receipts = [one for one in clinical.receipts if one.national_id != national]
        clinical.receipts.append(
            WithdrawalReceipt(
                national_id=national,
                withdrawn_at=now,
                erased_at=now,
                rows=2,
                courses=1,
                instances=held,
                exports=exports,
            )
        )

    def _pseudonym_of(self, national: str) -> str:
        """Find whose a national id is: the stage of these tests makes others."""
        ring = open_ring(self.settings)
        known = self.service.vault.in_force()
        return next(one for one in known if national_id(ring, one) == national)

    def states(self) -> list[str]:
        return [course.state.value for course in self.service.courses.find()]

    def restart(self) -> None:
        """Throw the process away and start another on the same data folder."""
        self.service.close()
        world = World(
            self.site, self.archive, self.stage, FakeClinicalArchive(), self.clock, self.disk
        )
        self.app = create_app(self.settings, world, background=False)
        self.service.outbox.release_leases()
        self.service.intake.reconcile()


def write_secret(path: Path, content: bytes | str) -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    return str(path)


def basic(name: str, password: str) -> dict[str, str]:
    """Return the header by which a person calls the API."""
    return {"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    password = write_secret(tmp_path / "password", "a-random-password-here")
    return Settings.model_validate(
        {
            "centre": "KUH",
            "data_folder": str(tmp_path / "data"),
            "listen": {"port": 0},
            "root_key_file": write_secret(tmp_path / "root", bytes(range(64))),
            "site_orthanc": {
                "url": "http://127.0.0.1:1",
                "username": "gateway",
                "password_file": password,
            },
            "archive": {"url": "http://127.0.0.1:1", "token_file": password},
            "plugin_token_file": write_secret(tmp_path / "plugin", PLUGIN),
            "operator_token_file": write_secret(tmp_path / "operator", OPERATOR),
            "inbox_folder": str(tmp_path / "inbox"),
        }
    )


@pytest.fixture
def hospital(settings: Settings) -> Iterator[Hospital]:
    yield from hospital_of(settings)


def hospital_of(settings: Settings, **more: Any) -> Iterator[Hospital]:
    """Open a hospital with these settings, and close it when asked again."""
    site, archive, stage, clock = FakeSite(), FakeArchive(), FakeStage(), FakeClock()
    disk = FakeDisk()
    world = World(site, archive, stage, FakeClinicalArchive(), clock, disk, **more)
    app = create_app(settings, world, background=False)
    hospital = Hospital(settings, site, archive, stage, clock, app, disk)
    hospital.service.consents.import_sheet(CONSENTS, "operator", commit=True)
    yield hospital
    hospital.service.close()

"""Gateway and harmonizer on one PostgreSQL, which is stopped and started again under them."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.factories.postgresql import Server, new_database, postgresql_server
from tests.system.faults.conftest import open_ward
from tests.system.faults.proxy import Fault
from tests.system.faults.test_faults_of_the_link import STOW
from tests.system.faults.ward import Ward, until

SEED = 16


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgresql_server() as running:
        yield running


@pytest.fixture(scope="module")
def on_postgresql(
    needs_orthanc: None, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ward]:
    databases = {name: new_database(server.url, name) for name in ("gateway", "harmonizer")}
    with open_ward(tmp_path_factory.mktemp("postgresql"), databases) as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.fault(16)
@pytest.mark.parametrize("round_", range(3))
def test_postgresql_is_stopped_and_started(
    on_postgresql: Ward, server: Server, round_: int
) -> None:
    """PostgreSQL is stopped at a point drawn by lot, and started | nothing half; it goes on"""
    ward = on_postgresql
    patient = ward.admit()
    at = Random(SEED + round_).randint(100_000, 6_000_000)
    slow = Fault(STOW, bytes_per_second=4_000_000)
    with ward.archive_link.having(slow), ward.sending(patient):
        until(lambda: slow.passed > at, "so much is on its way")
        server.stop()
        server.start()
    ward.check()
    ward.check_harmonized()

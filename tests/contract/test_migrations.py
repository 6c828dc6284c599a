"""The migrations make exactly the tables that the models describe."""

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, inspect

from gateway.adapters import database as gateway_database
from gateway.adapters import schema as gateway_schema
from gateway.adapters.tables import GatewayTable
from harmonizer.adapters import database as harmonizer_database
from harmonizer.adapters.tables import HarmonizerTable
from tests.factories.postgresql import new_database, postgresql

SIDES = {
    "gateway": (gateway_database.open_engine, gateway_schema.upgrade, GatewayTable.metadata),
    "harmonizer": (
        harmonizer_database.open_engine,
        harmonizer_database.upgrade,
        HarmonizerTable.metadata,
    ),
}
Side = tuple[Callable[[str], Engine], Callable[[Engine], None], MetaData]


@pytest.mark.parametrize("side", SIDES.values(), ids=list(SIDES))
def test_migrated_tables_are_the_models(side: Side, tmp_path: Path) -> None:
    open_engine, upgrade, metadata = side
    engine = open_engine(f"sqlite:///{tmp_path / 'new.db'}")
    upgrade(engine)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"render_as_batch": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


@pytest.mark.parametrize("side", SIDES.values(), ids=list(SIDES))
def test_upgrading_twice_changes_nothing(side: Side, tmp_path: Path) -> None:
    open_engine, upgrade, _ = side
    engine = open_engine(f"sqlite:///{tmp_path / 'new.db'}")
    upgrade(engine)
    before = inspect(engine).get_table_names()
    upgrade(engine)
    assert inspect(engine).get_table_names() == before
    engine.dispose()


def test_on_postgresql_as_well() -> None:
    with postgresql() as server:
        for name, (open_engine, upgrade, metadata) in SIDES.items():
            engine = open_engine(new_database(server, name))
            upgrade(engine)
            upgrade(engine)
            with engine.begin() as connection:
                found = compare_metadata(MigrationContext.configure(connection), metadata)
            engine.dispose()
            assert found == [], name

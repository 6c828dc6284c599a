"""The migrations make the tables that the models of names say."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from harmonizer.adapters.tables import HarmonizerTable


def test_models_and_migrations_agree(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, HarmonizerTable.metadata)
    assert not [d for d in differences if "name_" in str(d)]

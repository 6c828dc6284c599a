"""Bringing the database to this version's schema: Alembic, from the first table on."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine


def migration_config() -> Config:
    """Return Alembic's configuration without a file: the history is part of the package."""
    config = Config()
    config.set_main_option("script_location", "gateway:migrations")
    config.set_main_option("path_separator", "os")
    return config


def upgrade(engine: Engine) -> None:
    """Apply every revision that the database has not seen."""
    config = migration_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

"""Bringing the database to this version's schema: Alembic, from the first table on."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from gateway.errors import ConfigError


def migration_config() -> Config:
    """Return Alembic's configuration without a file: the history is part of the package."""
    config = Config()
    config.set_main_option("script_location", "gateway:migrations")
    config.set_main_option("path_separator", "os")
    return config


def upgrade(engine: Engine) -> None:
    """Apply every revision that the database has not seen.

    Raises
    ------
    ConfigError
        When it cannot be opened, or is damaged.
    """
    config = migration_config()
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise ConfigError(
            f"database: cannot be opened ({type(error.orig).__name__}); if it is damaged, "
            "restore a backup"
        ) from None

"""Alembic's environment: runs on the connection that the service hands over."""

from alembic import context

from harmonizer.adapters.tables import HarmonizerTable

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=HarmonizerTable.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()

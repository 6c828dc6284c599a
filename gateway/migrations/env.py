"""Alembic's environment: runs on the connection that the service hands over."""

from alembic import context

from gateway.adapters.tables import GatewayTable

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=GatewayTable.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()

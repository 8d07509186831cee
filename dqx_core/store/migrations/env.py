"""Where alembic enters: it migrates the connection it was handed, inside that connection's transaction."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="dqx_revision",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()

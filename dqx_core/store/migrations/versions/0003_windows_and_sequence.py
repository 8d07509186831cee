"""Numbers and verdicts of any window of time, the asset of a verdict, and the order in which all were written.

Rows that are there are of days, and keep their order: their sequence is 0, where executions order them.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MOMENT = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")

COPY = """
INSERT INTO dqx_metric_0003 (series_id, yyyy_mm_dd, execution, value, exact, error, data_version_id, source_execution,
                             created, metadata, state)
SELECT series_id, yyyy_mm_dd, execution, value, exact, error, data_version_id, source_execution,
       created, metadata, state
FROM dqx_metric
ORDER BY series_id, yyyy_mm_dd, execution
"""

SQLITE = """
CREATE VIEW dqx_metrics AS
SELECT e.execution_id, e.suite, s.dataset, s.metric,
       printf('%d-%02d-%02d', m.yyyy_mm_dd / 10000, m.yyyy_mm_dd / 100 % 100, m.yyyy_mm_dd % 100) AS yyyy_mm_dd,
       s.tags, m.value, m.exact, m.error, v.data_version, source.execution_id AS source_execution_id,
       datetime(coalesce(m.created, e.written) / 1000000, 'unixepoch') ||
           printf('.%06d', coalesce(m.created, e.written) % 1000000) AS created,
       s.spec, m.state, m.series_id, m.execution,
       datetime(printf('%04d-%02d-%02d', m.yyyy_mm_dd / 10000, m.yyyy_mm_dd / 100 % 100, m.yyyy_mm_dd % 100),
                m.starts || ' seconds') AS window_start,
       datetime(printf('%04d-%02d-%02d', m.yyyy_mm_dd / 10000, m.yyyy_mm_dd / 100 % 100, m.yyyy_mm_dd % 100),
                (m.starts + CASE m.span WHEN 0 THEN 86400 ELSE m.span END) || ' seconds') AS window_end,
       m.sequence
FROM dqx_metric m
JOIN dqx_series s ON s.series_id = m.series_id
JOIN dqx_execution e ON e.execution = m.execution
LEFT JOIN dqx_execution source ON source.execution = m.source_execution
LEFT JOIN dqx_data_version v ON v.data_version_id = m.data_version_id
"""

POSTGRESQL = """
CREATE OR REPLACE VIEW dqx_metrics AS
SELECT e.execution_id, e.suite, s.dataset, s.metric, m.yyyy_mm_dd,
       s.tags, m.value, m.exact, m.error, v.data_version, source.execution_id AS source_execution_id,
       coalesce(m.created, e.written) AS created, s.spec, m.state, m.series_id, m.execution,
       (m.yyyy_mm_dd + m.starts * interval '1 second') AT TIME ZONE 'UTC' AS window_start,
       (m.yyyy_mm_dd + (m.starts + CASE m.span WHEN 0 THEN 86400 ELSE m.span END) * interval '1 second')
           AT TIME ZONE 'UTC' AS window_end,
       m.sequence
FROM dqx_metric m
JOIN dqx_series s ON s.series_id = m.series_id
JOIN dqx_execution e ON e.execution = m.execution
LEFT JOIN dqx_execution source ON source.execution = m.source_execution
LEFT JOIN dqx_data_version v ON v.data_version_id = m.data_version_id
"""


def upgrade() -> None:
    op.add_column("dqx_execution", sequence())
    op.add_column("dqx_execution", sa.Column("written", MOMENT))
    texts = [sa.Column[str](name, sa.Text()) for name in ("asset", "compared", "materialization")]
    columns: list[sa.Column[Any]] = [*window(), *texts, sequence()]
    for column in columns:
        op.add_column("dqx_result", column)
    if op.get_bind().dialect.name == "sqlite":
        on_sqlite()
    else:
        on_postgresql()


def sequence() -> sa.Column[int]:
    return sa.Column("sequence", sa.BigInteger(), nullable=False, server_default=sa.text("0"))


def window() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("starts", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("span", sa.Integer(), nullable=False, server_default=sa.text("0")),
    )


def on_sqlite() -> None:
    """A table with another key is another table there; its rows are copied in the order in which they lie."""
    op.execute("DROP VIEW dqx_metrics")
    op.create_table(
        "dqx_metric_0003",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("yyyy_mm_dd", sa.Integer(), nullable=False),
        *window(),
        sa.Column("execution", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("exact", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("data_version_id", sa.Integer()),
        sa.Column("source_execution", sa.Integer()),
        sequence(),
        sa.Column("created", sa.BigInteger()),
        sa.Column("metadata", sa.Text()),
        sa.Column("state", sa.Text()),
        sa.PrimaryKeyConstraint("series_id", "yyyy_mm_dd", "starts", "span", "execution", name="pk_dqx_metric"),
        sa.ForeignKeyConstraint(["series_id"], ["dqx_series.series_id"], name="fk_dqx_metric_series_id"),
        sa.ForeignKeyConstraint(["execution"], ["dqx_execution.execution"], name="fk_dqx_metric_execution"),
        sa.ForeignKeyConstraint(
            ["data_version_id"], ["dqx_data_version.data_version_id"], name="fk_dqx_metric_data_version_id"
        ),
        sa.ForeignKeyConstraint(
            ["source_execution"], ["dqx_execution.execution"], name="fk_dqx_metric_source_execution"
        ),
        sqlite_with_rowid=False,
    )
    op.execute(COPY)
    op.drop_table("dqx_metric")
    op.rename_table("dqx_metric_0003", "dqx_metric")
    op.create_index("ix_dqx_metric_execution", "dqx_metric", ["execution"])
    op.execute(SQLITE)
    op.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('dqx_sequence', 0)")


def on_postgresql() -> None:
    """In place: rights that were granted on the table and its view stay."""
    for column in (*window(), sequence()):
        op.add_column("dqx_metric", column)
    op.alter_column("dqx_metric", "created", nullable=True)
    op.drop_constraint("pk_dqx_metric", "dqx_metric")
    op.create_primary_key("pk_dqx_metric", "dqx_metric", ["series_id", "yyyy_mm_dd", "starts", "span", "execution"])
    op.execute(POSTGRESQL)
    op.execute(sa.schema.CreateSequence(sa.Sequence("dqx_sequence")))

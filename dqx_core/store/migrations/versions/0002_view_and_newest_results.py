"""The view `dqx_metrics` for people who write SQL, and the index that finds the results of a day."""

from alembic import op

revision = "0002"
down_revision = "0001"

SQLITE = """
CREATE VIEW dqx_metrics AS
SELECT e.execution_id, e.suite, s.dataset, s.metric,
       printf('%d-%02d-%02d', m.yyyy_mm_dd / 10000, m.yyyy_mm_dd / 100 % 100, m.yyyy_mm_dd % 100) AS yyyy_mm_dd,
       s.tags, m.value, m.exact, m.error, v.data_version, source.execution_id AS source_execution_id,
       datetime(m.created / 1000000, 'unixepoch') || printf('.%06d', m.created % 1000000) AS created,
       s.spec, m.state, m.series_id, m.execution
FROM dqx_metric m
JOIN dqx_series s ON s.series_id = m.series_id
JOIN dqx_execution e ON e.execution = m.execution
LEFT JOIN dqx_execution source ON source.execution = m.source_execution
LEFT JOIN dqx_data_version v ON v.data_version_id = m.data_version_id
"""

POSTGRESQL = """
CREATE VIEW dqx_metrics AS
SELECT e.execution_id, e.suite, s.dataset, s.metric, m.yyyy_mm_dd,
       s.tags, m.value, m.exact, m.error, v.data_version, source.execution_id AS source_execution_id,
       m.created, s.spec, m.state, m.series_id, m.execution
FROM dqx_metric m
JOIN dqx_series s ON s.series_id = m.series_id
JOIN dqx_execution e ON e.execution = m.execution
LEFT JOIN dqx_execution source ON source.execution = m.source_execution
LEFT JOIN dqx_data_version v ON v.data_version_id = m.data_version_id
"""


def upgrade() -> None:
    op.create_index("ix_dqx_result_yyyy_mm_dd", "dqx_result", ["yyyy_mm_dd"])
    op.execute(SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL)

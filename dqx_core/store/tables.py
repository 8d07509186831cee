"""The tables of the metric store. `migrations/` brings a database to this shape, step by step."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)

from dqx_core.store.columns import Day, Id, Json, Moment, Words

SCHEMA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# A number for each transaction that writes numbers or verdicts, each higher than those before: what was measured or
# judged last is what has the highest. SQLite keeps it where it keeps those of its own, in `sqlite_sequence`.
SEQUENCE = Sequence("dqx_sequence", metadata=SCHEMA)


def _sequence() -> Column[int]:
    """The transaction that wrote a row; 0: written before there were such numbers, and ordered by its execution."""
    return Column("sequence", BigInteger, nullable=False, server_default=text("0"))


def _window() -> tuple[Column[int], Column[int]]:
    """The seconds from the midnight (UTC) of the row's date to the start of its window, and its length in seconds.

    Both are 0 for the day in UTC, which costs SQLite no bytes.
    """
    return (
        Column("starts", Integer, nullable=False, server_default=text("0")),
        Column("span", Integer, nullable=False, server_default=text("0")),
    )


EXECUTION = Table(
    "dqx_execution",
    SCHEMA,
    # Never given twice: numbers point to it after a deletion.
    Column("execution", Id, primary_key=True, autoincrement=True),
    Column("execution_id", Words, nullable=False),
    Column("suite", Words),
    Column("first_date", Day),
    Column("last_date", Day),
    Column("keys", Json),  # [[tags, [date or [date, starts, span], …]], …]
    Column("started", Moment, nullable=False),
    Column("finished", Moment),
    Column("status", Words),
    Column("data_sources", Json),
    Column("code_version", Words),
    Column("origin", Words),
    Column("parameters", Json),
    Column("deleted", Moment),  # Its numbers were deleted; the row stays for those who carried them forward
    _sequence(),  # of the last transaction that wrote numbers or verdicts of it
    Column("written", Moment),  # When the first of the numbers that it holds were written
    UniqueConstraint("execution_id"),
    sqlite_autoincrement=True,
)

SERIES = Table(
    "dqx_series",
    SCHEMA,
    Column("series_id", Id, primary_key=True, autoincrement=True),
    # Dataset, spec and tags digested: an index on the texts themselves stops at 2,700 bytes on PostgreSQL.
    Column("series_key", LargeBinary(16), nullable=False),
    Column("dataset", Words),  # null: the metric belongs to no dataset
    Column("metric", Words, nullable=False),
    Column("spec", Words, nullable=False),  # canonical JSON of kind and every parameter
    Column("spec_key", Words, nullable=False),  # digest of spec
    Column("tags", Words, nullable=False),  # canonical JSON
    UniqueConstraint("series_key"),
    sqlite_autoincrement=True,
)

DATA_VERSION = Table(
    "dqx_data_version",
    SCHEMA,
    Column("data_version_id", Id, primary_key=True, autoincrement=True),
    Column("data_version_key", LargeBinary(16), nullable=False),
    Column("data_version", Words, nullable=False),
    UniqueConstraint("data_version_key"),
    sqlite_autoincrement=True,
)

METRIC = Table(
    "dqx_metric",
    SCHEMA,
    Column("series_id", Id, ForeignKey(SERIES.c.series_id), nullable=False),
    Column("yyyy_mm_dd", Day, nullable=False),
    *_window(),
    Column("execution", Id, ForeignKey(EXECUTION.c.execution), nullable=False),
    Column("value", Double),  # null when there is none, and for NaN
    Column("exact", Text),  # the number as text where the double cannot say it
    Column("error", Words),  # why there is no value; null when there is one
    Column("data_version_id", Id, ForeignKey(DATA_VERSION.c.data_version_id)),
    Column("source_execution", Id, ForeignKey(EXECUTION.c.execution)),  # null: measured by this execution
    _sequence(),  # of the transaction that wrote the measurement, of a copy too; -1: this store never held it
    Column("created", Moment),  # null: when its execution was `written`, which most numbers are
    Column("metadata", Json),
    # Last, so that reading a value never walks over a long state.
    Column("state", Text),  # null when it does not merge or has no value
    PrimaryKeyConstraint("series_id", "yyyy_mm_dd", "starts", "span", "execution"),
    Index(None, "execution"),
    sqlite_with_rowid=False,
)

RESULT = Table(
    "dqx_result",
    SCHEMA,
    Column("result_id", Id, primary_key=True, autoincrement=True),
    Column("execution", Id, ForeignKey(EXECUTION.c.execution), nullable=False),
    Column("result_key", LargeBinary(16), nullable=False),  # what `codec.result_key` digests
    Column("suite", Words, nullable=False),
    Column("check_name", Words, nullable=False),
    Column("assertion", Words, nullable=False),
    Column("yyyy_mm_dd", Day, nullable=False),
    Column("tags", Words, nullable=False),
    Column("severity", Words, nullable=False),
    Column("status", Words, nullable=False),
    Column("value", Double),
    Column("exact", Text),
    Column("reasons", Json),  # why there is no value; null when there is one
    Column("bound", Words, nullable=False),
    Column("expression", Words, nullable=False),
    Column("message", Words, nullable=False),
    Column("symbols", Json, nullable=False),
    Column("created", Moment, nullable=False),
    *_window(),
    Column("asset", Words),  # in full; null: given before verdicts named theirs
    Column("compared", Json),
    Column("materialization", Words),  # what was judged, as the host names it
    _sequence(),
    UniqueConstraint("result_key", "execution"),
    Index(None, "execution"),
    Index(None, "yyyy_mm_dd"),
    sqlite_autoincrement=True,
)

DATASET = Table(
    "dqx_dataset",
    SCHEMA,
    Column("dataset_id", Id, primary_key=True, autoincrement=True),
    Column("dataset_key", LargeBinary(16), nullable=False),
    Column("dataset", Words, nullable=False),
    Column("created", Moment, nullable=False),
    UniqueConstraint("dataset_key"),
    sqlite_autoincrement=True,
)

DATASET_VERSION = Table(
    "dqx_dataset_version",
    SCHEMA,
    Column("dataset_id", Id, ForeignKey(DATASET.c.dataset_id), nullable=False),
    Column("version", Integer, nullable=False),
    Column("definition_hash", Words, nullable=False),
    Column("definition", Words, nullable=False),  # canonical JSON
    Column("sql", Words, nullable=False),
    Column("change", Words, nullable=False),
    Column("analysis", Json),
    Column("created", Moment, nullable=False),
    PrimaryKeyConstraint("dataset_id", "version"),
)

_VIEW_SQLITE = """
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

_VIEW_POSTGRESQL = """
CREATE VIEW dqx_metrics AS
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

_VIEWS = {"sqlite": _VIEW_SQLITE, "postgresql": _VIEW_POSTGRESQL}


def _complete(_: MetaData, connection: Connection, **__: object) -> None:
    connection.exec_driver_sql(_VIEWS[connection.dialect.name])
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES ('dqx_sequence', 0)")


event.listen(SCHEMA, "after_create", _complete)

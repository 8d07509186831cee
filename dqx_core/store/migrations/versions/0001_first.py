"""The schema of 0.1: executions, series, numbers, results and dataset versions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Day = sa.Integer().with_variant(sa.Date(), "postgresql")
Moment = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
Digest = sa.LargeBinary(16)


def upgrade() -> None:
    op.create_table(
        "dqx_execution",
        sa.Column("execution", Id, autoincrement=True, nullable=False),
        sa.Column("execution_id", sa.Text(), nullable=False),
        sa.Column("suite", sa.Text()),
        sa.Column("first_date", Day),
        sa.Column("last_date", Day),
        sa.Column("keys", sa.Text()),
        sa.Column("started", Moment, nullable=False),
        sa.Column("finished", Moment),
        sa.Column("status", sa.Text()),
        sa.Column("data_sources", sa.Text()),
        sa.Column("code_version", sa.Text()),
        sa.Column("origin", sa.Text()),
        sa.Column("parameters", sa.Text()),
        sa.Column("deleted", Moment),
        sa.PrimaryKeyConstraint("execution", name="pk_dqx_execution"),
        sa.UniqueConstraint("execution_id", name="uq_dqx_execution_execution_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dqx_series",
        sa.Column("series_id", Id, autoincrement=True, nullable=False),
        sa.Column("series_key", Digest, nullable=False),
        sa.Column("dataset", sa.Text()),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("spec_key", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", name="pk_dqx_series"),
        sa.UniqueConstraint("series_key", name="uq_dqx_series_series_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dqx_data_version",
        sa.Column("data_version_id", Id, autoincrement=True, nullable=False),
        sa.Column("data_version_key", Digest, nullable=False),
        sa.Column("data_version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("data_version_id", name="pk_dqx_data_version"),
        sa.UniqueConstraint("data_version_key", name="uq_dqx_data_version_data_version_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dqx_metric",
        sa.Column("series_id", Id, nullable=False),
        sa.Column("yyyy_mm_dd", Day, nullable=False),
        sa.Column("execution", Id, nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("exact", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("data_version_id", Id),
        sa.Column("source_execution", Id),
        sa.Column("created", Moment, nullable=False),
        sa.Column("metadata", sa.Text()),
        sa.Column("state", sa.Text()),
        sa.PrimaryKeyConstraint("series_id", "yyyy_mm_dd", "execution", name="pk_dqx_metric"),
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
    op.create_index("ix_dqx_metric_execution", "dqx_metric", ["execution"])
    op.create_table(
        "dqx_result",
        sa.Column("result_id", Id, autoincrement=True, nullable=False),
        sa.Column("execution", Id, nullable=False),
        sa.Column("result_key", Digest, nullable=False),
        sa.Column("suite", sa.Text(), nullable=False),
        sa.Column("check_name", sa.Text(), nullable=False),
        sa.Column("assertion", sa.Text(), nullable=False),
        sa.Column("yyyy_mm_dd", Day, nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("exact", sa.Text()),
        sa.Column("reasons", sa.Text()),
        sa.Column("bound", sa.Text(), nullable=False),
        sa.Column("expression", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("symbols", sa.Text(), nullable=False),
        sa.Column("created", Moment, nullable=False),
        sa.PrimaryKeyConstraint("result_id", name="pk_dqx_result"),
        sa.UniqueConstraint("result_key", "execution", name="uq_dqx_result_result_key_execution"),
        sa.ForeignKeyConstraint(["execution"], ["dqx_execution.execution"], name="fk_dqx_result_execution"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dqx_result_execution", "dqx_result", ["execution"])
    op.create_table(
        "dqx_dataset",
        sa.Column("dataset_id", Id, autoincrement=True, nullable=False),
        sa.Column("dataset_key", Digest, nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("created", Moment, nullable=False),
        sa.PrimaryKeyConstraint("dataset_id", name="pk_dqx_dataset"),
        sa.UniqueConstraint("dataset_key", name="uq_dqx_dataset_dataset_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dqx_dataset_version",
        sa.Column("dataset_id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition_hash", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("sql", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("analysis", sa.Text()),
        sa.Column("created", Moment, nullable=False),
        sa.PrimaryKeyConstraint("dataset_id", "version", name="pk_dqx_dataset_version"),
        sa.ForeignKeyConstraint(["dataset_id"], ["dqx_dataset.dataset_id"], name="fk_dqx_dataset_version_dataset_id"),
    )

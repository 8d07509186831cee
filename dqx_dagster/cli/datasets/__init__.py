"""`dqx datasets`: from raw tables to a checked, versioned dataset and its partitions."""

from dqx_dagster.cli.datasets.group import app

__all__ = ["app"]

"""The `dqx` command: parse, call, print."""

from dqx_dagster.cli.app import main

__all__ = ["main"]

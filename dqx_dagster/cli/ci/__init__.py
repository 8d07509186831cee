"""`dqx ci`: the checks of a code location as a gate in a pipeline."""

from dqx_dagster.cli.ci.command import app

__all__ = ["app"]

"""The commands of `dqx datasets`, in the order of the help."""

from __future__ import annotations

from collections.abc import Callable

import typer

from dqx_dagster.cli.datasets import definitions, history, lookups, partitions, wizard
from dqx_dagster.cli.datasets.places import command

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Say which data train a model: find tables, write definitions, check them, look at what they give.",
)

PANELS: dict[str, dict[str, Callable[..., None]]] = {
    "Tables": {
        "tables": lookups.tables,
        "schema": lookups.schema,
        "stats": lookups.stats,
        "samples": lookups.samples,
        "detect-joins": lookups.detect_joins,
        "suggest-columns": lookups.suggest_columns,
    },
    "Definitions": {
        "new": wizard.new,
        "list": definitions.list_,
        "get": definitions.get,
        "check-name": definitions.check_name,
        "create": definitions.create,
        "update": definitions.update,
        "clone": definitions.clone,
        "activate": definitions.activate,
        "delete": definitions.delete,
        "schema-json": definitions.schema_json,
    },
    "Versions": {"versions": history.versions, "diff": history.diff, "restore": history.restore},
    "What a dataset holds": {
        "query": partitions.query,
        "validate-query": partitions.validate_query,
        "preview": partitions.preview,
        "analyze": partitions.analyze,
        "summary": partitions.summary,
        "compare": partitions.compare,
        "materialize": partitions.materialize,
        "remake": partitions.remake,
        "partitions": history.partitions,
        "manifest": partitions.manifest,
        "prune": partitions.prune,
        "export": partitions.export,
    },
}

for panel, commands in PANELS.items():
    for name, function in commands.items():
        app.command(name, rich_help_panel=panel)(command(function))

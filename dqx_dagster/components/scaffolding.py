"""What `dg scaffold defs` writes: files that run as they are, with comments for who opens them next."""

from pathlib import Path
from typing import Any

import dagster as dg
from dagster.components.component_scaffolding import scaffold_component
from pydantic import Field

DATASET = """\
# A dataset: an asset with a partition for each day and split, what must hold of it, and when it is made.
#   dg check defs                                                is everything right?
#   dg launch --assets {name} --partition "{start}|train"      make one partition, and check it
# The project needs the resources once: dg scaffold defs dqx_dagster.DqxResources resources --database FILE
type: {type}

attributes:
  definition: # or the path of a YAML file that holds it, from this folder
    name: {name}
    status: active # a draft is shown in the lineage and cannot be made
    source:
      table: {table}
    columns: # what the dataset holds; add yours
      - {{column: {timestamp}, role: timestamp}}
      - {{column: {key}, role: user_id}}
    split: # rows with the same {key} are in the same part, whatever the day
      strategy: group
      key: {key}
    partitions: {{start: {start}}} # daily, in UTC

  checks: # a metric and one condition each; P0 stops what is downstream, P1 is an error, P2 and P3 warn
    - name: There are rows
      severity: P0
      metric: {{kind: num_rows}}
      is_positive: true
    - name: Rows move < 50 % a day
      severity: P2
      metric: {{day_over_day: {{kind: num_rows}}}}
      is_lt: 0.5
    - name: At most 1 % of the rows have no {key}
      metric: {{ratio: [{{kind: null_count, column: {key}}}, {{kind: num_rows}}]}}
      is_leq: 0.01

  # suites: [my_project.suites:DAILY] # suites written in Python; .suites:DAILY is in suites.py beside this file
  # integrity: false # without the checks that every dataset should pass: splits that leak, joins that multiply
  # metrics: true # an asset with the numbers of each suite: its trends
  schedule: {{hour: 6}} # the last closed day, every day
  # asset_attributes: {{group_name: {name}, owners: ["team:data"], tags: {{tier: gold}}}}
"""

RESOURCES = """\
# What the datasets and checks of the project take: once in a project.
type: {type}

attributes:
  database: "{database}" # the source tables; opened read-only
  datasets: "{datasets}" # where datasets are kept, as <dataset>/date=…/split=…
  store: "{store}" # every number measured; or postgresql+psycopg://…, say "{{{{ env.DQX_STORE }}}}"
"""


BIGQUERY = """\
# What the datasets and checks of the project take: once in a project.
type: {type}

attributes:
  bigquery: # the source tables; credentials are the application's, or gcp_credentials: "{{{{ env.GCP_CREDENTIALS }}}}"
    project: "{project}"
    # location: EU
    # maximum_bytes_billed: 53687091200 # a statement that would read more is refused before it runs
    # price_per_tib: 6.25 # with it, runs show what they cost
  datasets: "{datasets}" # the BigQuery dataset in which datasets are kept, as tables
  store: "{store}" # every number measured; or postgresql+psycopg://…, say "{{{{ env.DQX_STORE }}}}"
"""


class DatasetParams(dg.Model):
    """What a new dataset is made of."""

    table: str = Field(description="Source table, such as raw_data.transactions.")
    timestamp: str = Field(description="Column that says on which day a row belongs.")
    key: str = Field(description="Column by which rows are split into train and eval, such as customer_id.")
    start: str = Field(description="First day, such as 2024-01-08.")


class ResourcesParams(dg.Model):
    """Where data is kept; paths are from the project's root."""

    database: str = Field(default="data/warehouse.duckdb", description="DuckDB file with the source tables.")
    project: str | None = Field(
        default=None, description="Project of Google Cloud whose BigQuery has the source tables, in place of DuckDB."
    )
    datasets: str | None = Field(
        default=None,
        description="Folder of the materialized datasets, data/datasets; with a project a dataset of BigQuery, dqx.",
    )
    store: str = Field(default="data/metrics.db", description="SQLite file of the metric store.")


class DatasetScaffolder(dg.Scaffolder[DatasetParams]):
    """Writes a dataset with a group split, three checks and a schedule."""

    @classmethod
    def get_scaffold_params(cls) -> type[DatasetParams]:
        """The options of the command."""
        return DatasetParams

    def scaffold(self, request: dg.ScaffoldRequest[DatasetParams]) -> None:
        """Write the defs.yaml, if what it says can work.

        Raises:
            ValidationError: A name or the day cannot; nothing is written.
        """
        given = request.params
        text = DATASET.format(
            type=request.type_name,
            name=request.target_path.name,
            **given.model_dump(),
        )
        _check(text)
        _write(request, text)


class ResourcesScaffolder(dg.Scaffolder[ResourcesParams]):
    """Writes the resources: DuckDB with paths from the project's root, or BigQuery."""

    @classmethod
    def get_scaffold_params(cls) -> type[ResourcesParams]:
        """The options of the command."""
        return ResourcesParams

    def scaffold(self, request: dg.ScaffoldRequest[ResourcesParams]) -> None:
        """Write the defs.yaml."""
        given = request.params
        store = given.store if "://" in given.store else f"sqlite:///{_from_root(given.store)}"
        if given.project is not None:
            text = BIGQUERY.format(
                type=request.type_name, project=given.project, datasets=given.datasets or "dqx", store=store
            )
        else:
            paths = {
                "database": _from_root(given.database),
                "datasets": _from_root(given.datasets or "data/datasets"),
                "store": store,
            }
            text = RESOURCES.format(type=request.type_name, **paths)
        _write(request, text)


def _from_root(path: str) -> str:
    return path if Path(path).is_absolute() else "{{ context.project_root }}/" + path


def _check(text: str) -> None:
    from dagster_shared.yaml_utils import parse_yaml_with_source_position

    from dqx_core.datasets.definition import define

    define(parse_yaml_with_source_position(text).value["attributes"]["definition"])


def _write(request: dg.ScaffoldRequest[Any], text: str) -> None:
    if request.scaffold_format == "python":
        scaffold_component(request)
    elif request.append:
        with request.target_path.open("a", encoding="utf-8") as file:
            file.write(f"---\n{text}")
    else:
        (request.target_path / "defs.yaml").write_text(text, encoding="utf-8")

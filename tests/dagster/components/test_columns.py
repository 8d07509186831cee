"""`dg check defs` tells of columns that are not there, where the source can be read; loading reads none."""

import logging
import time

import dagster as dg
import duckdb
import pytest

from dqx_core.datasets.definition import define
from dqx_core.errors import ValidationError
from dqx_dagster import DqxResources, DuckDBEngine
from dqx_dagster.components import validation
from tests.dagster.components.conftest import DEFINITION

# Dagster reads a defs.yaml with a function that pydantic has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

SALES = define(
    {"name": "sales", "source": {"table": "raw.sales"}, "partitions": {"start": "2026-01-01", "content": "snapshot"}}
)
CHECKS = """\
checks:
  - {name: Priced, metric: {kind: average, column: price}, is_positive: true}
  - name: Sold
    metric: {day_over_day: {kind: null_count, column: customer}}
    is_lt: 0.5
  - {name: Dear, metric: {kind: num_rows, where: prise > 3 and "split" = 'train'}, is_positive: true}
"""
RESOURCES = """\
type: dqx_dagster.DqxResources
attributes: {{database: "{database}", datasets: "data", store: "sqlite:///m.db"}}
"""


@pytest.fixture
def validating(monkeypatch):
    monkeypatch.setenv(validation.VALIDATING, "1")


@pytest.fixture
def source(tmp_path, project):
    """A database with the table, and the resources that name it."""
    path = tmp_path / "source.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE SCHEMA raw_data")
        connection.execute('CREATE TABLE raw_data.transactions ("at" TIMESTAMP, customer_id INT, price DOUBLE)')
    folder = project.defs_folder_path / "resources"
    folder.mkdir(parents=True)
    (folder / "defs.yaml").write_text(RESOURCES.format(database=path))
    return path


@pytest.fixture
def problems(load):
    """What building the definitions says."""

    def found(attributes, **files):
        with pytest.raises(Exception, match="sales") as refused, load(attributes, **files):
            pass
        error = refused.value
        while error.__cause__ is not None:
            error = error.__cause__
        assert isinstance(error, ValidationError)
        return list(error.problems)

    return found


@pytest.mark.usefixtures("validating", "source")
def test_a_column_that_the_table_or_the_dataset_has_not_is_told_at_its_line(problems):
    told = problems(DEFINITION.replace("column: price", "column: prise"))

    assert len(told) == 1
    assert "defs/sales/defs.yaml, line 10, definition.columns[2]: table 'raw_data.transactions' has no" in told[0]
    assert "Did you mean 'price'?" in told[0]


@pytest.mark.usefixtures("validating", "source")
def test_a_column_of_a_check_that_the_dataset_has_not_is_told_at_the_checks_line(problems):
    told = problems(DEFINITION + CHECKS)

    head = len(DEFINITION.splitlines()) + 2
    assert len(told) == 2
    assert f"line {head + 3}, checks[1]: sales › Sold: Metric null_count(customer) reads column 'customer'" in told[0]
    assert "Did you mean 'customer_id'?" in told[0]
    assert f"line {head + 6}, checks[2]" in told[1]
    assert "'prise'" in told[1]


@pytest.mark.usefixtures("validating", "source")
def test_what_fits_loads_and_so_does_a_definition_in_a_file_whose_problems_name_it(load, problems):
    with load(DEFINITION + CHECKS.replace("customer}", "customer_id}").replace("prise", "price")) as (_, defs):
        assert [asset.key.path for asset in defs.assets] == [["sales"]]
    text = "\n".join(line[2:] for line in DEFINITION.replace("column: price", "column: prise").splitlines()[1:])
    [told] = problems("definition: other.yaml\n", other_yaml=text)
    assert "line 3, definition: other.yaml, columns[2]: table 'raw_data.transactions' has no column 'prise'" in told


def test_loading_for_anything_else_reads_no_source(load, source, caplog):
    source.unlink()
    with (
        caplog.at_level(logging.WARNING, "dagster"),
        load(DEFINITION.replace("column: price", "column: prise")) as found,
    ):
        assert [asset.key.path for asset in found[1].assets] == [["sales"]]
    assert "was not compared" not in caplog.text


@pytest.mark.usefixtures("validating")
@pytest.mark.parametrize("trouble", ["no file", "no table", "no database", "locked"])
def test_a_source_that_cannot_be_read_now_is_said_and_hinders_nothing(load, source, trouble, caplog):
    held = None
    if trouble == "no file":
        source.unlink()
    elif trouble == "no database":
        source.write_text("This is a text. " * 1000)
    else:
        held = duckdb.connect(source)
        if trouble == "no table":
            held.execute("DROP TABLE raw_data.transactions")
            held.close()
    with caplog.at_level(logging.WARNING, "dagster"), load(DEFINITION) as (_, defs):
        assert [asset.key.path for asset in defs.assets] == [["sales"]]
    assert "Dataset 'sales' was not compared with its tables: " in caplog.text
    if held is not None:
        held.close()


class Slow(DuckDBEngine):
    """A warehouse that takes its time."""

    def catalog(self, definition):
        time.sleep(5)
        return super().catalog(definition)


def test_a_warehouse_that_does_not_answer_is_not_waited_for():
    began = time.monotonic()
    told = validation.columns_of_tables(Slow(database="none.duckdb", datasets="data"), SALES, patience=0.1)
    assert told == "its source did not answer within 0.1 seconds."
    assert time.monotonic() - began < 4


ASKED = []


class Unreachable(DuckDBEngine):
    """A warehouse whose network is down."""

    def catalog(self, definition):
        ASKED.append(definition.name)
        raise ConnectionError("no route to host")


class UnreachableResources(DqxResources):
    """The resources of a project whose warehouse cannot be reached."""

    def build_defs(self, context):
        return dg.Definitions(resources={"engine": Unreachable(database="none.duckdb", datasets="data")})


@pytest.mark.usefixtures("validating")
def test_a_source_that_is_out_of_reach_is_asked_once_however_many_datasets_it_has(project, caplog):
    written = {
        "resources": f"type: {__name__}.UnreachableResources\n" + RESOURCES.format(database="x").split("\n", 1)[1]
    }
    for name in ("first", "second"):
        lines = DEFINITION.replace("name: sales", f"name: {name}").splitlines()
        written[name] = "type: dqx_dagster.DqxDataset\nattributes:\n" + "".join(f"  {line}\n" for line in lines)
    for name, text in written.items():
        (project.defs_folder_path / name).mkdir(parents=True)
        (project.defs_folder_path / name / "defs.yaml").write_text(text)
    with caplog.at_level(logging.WARNING, "dagster"), project.build_all_defs():
        pass
    assert len(ASKED) == 1
    for name in ("first", "second"):
        assert f"Dataset '{name}' was not compared with its tables: no route to host" in caplog.text


@pytest.mark.usefixtures("validating")
def test_without_resources_of_the_project_only_the_datasets_own_columns_are_compared(problems):
    told = problems(DEFINITION + CHECKS)
    assert [each.split("reads column ")[1].split(",")[0] for each in told] == ["'customer'", "'prise'"]

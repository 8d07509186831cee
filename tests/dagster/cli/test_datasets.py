"""`dqx datasets`, as a person types it."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
from typer.main import get_command

from dqx_core.datasets import DatasetService, from_yaml
from dqx_dagster.cli import main, printing
from dqx_dagster.cli.datasets import app
from dqx_dagster.cli.datasets.group import PANELS
from tests.core.datasets.shop import DAILY, RANKING, changed, day, products, transactions


class Said(NamedTuple):
    """What a command said."""

    out: str
    err: str
    code: int

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    path = tmp_path_factory.mktemp("database") / "shop.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE SCHEMA raw_data")
        for name, frame in (("transactions", transactions()), ("products", products())):
            connection.register("given", frame)
            connection.execute(f"CREATE TABLE raw_data.{name} AS SELECT * FROM given")
    return path


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A database whose tables are in DuckDB's own schema and in another, of which two have one name."""
    path = tmp_path_factory.mktemp("elsewhere") / "w.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE SCHEMA raw; CREATE TABLE raw.visits AS SELECT 1 AS patient_id")
        connection.execute("CREATE TABLE orders AS SELECT 1 AS order_id; CREATE TABLE raw.orders AS SELECT 2 AS old_id")
    return path


@pytest.fixture
def dqx(database, tmp_path, monkeypatch, capsys):
    """Runs a command over the shop; folder, root and store are of this test alone."""
    monkeypatch.setenv("DQX_DATABASE", str(database))
    monkeypatch.setenv("DQX_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.setenv("DQX_ROOT", str(tmp_path / "partitions"))
    monkeypatch.setenv("DQX_STORE", f"sqlite:///{tmp_path / 'metrics.db'}")
    before, printing.out.width = printing.out.width, 200

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["dqx", "datasets", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return Said(printed.out, printed.err, int(stopped.value.code or 0))

    yield run
    printing.out.width = before


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    return tmp_path_factory.mktemp("two") / "made"


@pytest.fixture
def two(dqx, tmp_path, made_once):
    """The command, with an active ranking and a daily draft: made by the first test, copied by the others."""
    if made_once.exists():
        shutil.copytree(made_once, tmp_path, dirs_exist_ok=True)
        return dqx
    for definition in (changed(RANKING, description="For the ranking model"), DAILY):
        file = tmp_path / "given.yaml"
        file.write_text(json.dumps(definition))  # JSON is YAML
        assert dqx("create", str(file)).code == 0
    assert dqx("activate", "ranking").code == 0
    shutil.copytree(tmp_path, made_once)
    return dqx


def folder(tmp_path: Path, name: str) -> str:
    return (tmp_path / "datasets" / f"{name}.yaml").read_text()


# Tables


def test_tables(dqx):
    assert [each["name"] for each in dqx("tables", "--json").json] == ["raw_data.transactions", "raw_data.products"]
    assert "2,800" in dqx("tables").out


def test_schema(dqx):
    (key, *_) = dqx("schema", "products", "--json").json
    assert (key["name"], key["type"], key["join_key"]) == ("id", "INT64", True)
    assert "user_id" in dqx("schema", "raw_data.transactions").out


def test_stats(dqx):
    (exact,) = dqx("stats", "transactions", "-c", "country", "--json").json
    (sketched,) = dqx("stats", "transactions", "-c", "country", "--approx", "--json").json
    assert (exact["rows"], exact["distinct"], exact["nulls"]) == (2800, 4, sketched["nulls"])
    assert "2,800 rows" in dqx("stats", "transactions").out


def test_samples(dqx):
    found = dqx("samples", "transactions", "country", "--limit", "3", "--json").json
    assert len(found) == 3
    assert found[0]["count"] >= found[1]["count"]
    assert "NL" in dqx("samples", "transactions", "country").out


def test_detect_joins(dqx):
    (join,) = dqx("detect-joins", "transactions", "products", "--json").json
    assert (join["left_columns"], join["right_columns"]) == (["product_id"], ["id"])
    assert "many to one" in dqx("detect-joins", "transactions", "products").out


def test_suggest_columns(dqx):
    found = dqx("suggest-columns", "transactions", "products", "--json").json
    assert (found["user_id"]["best"]["column"], found["user_id"]["best"]["confidence"]) == ("customer_id", "high")
    assert "no column looks like it" in dqx("suggest-columns", "products").out


# Definitions


def test_list(two):
    assert [each["name"] for each in two("list", "--json").json["datasets"]] == ["daily", "ranking"]
    assert [each["name"] for each in two("list", "--status", "active", "--json").json["datasets"]] == ["ranking"]
    assert "For the ranking model" in two("list", "--search", "MODEL").out
    assert "--offset 1 goes on" in two("list", "--limit", "1").out


def test_an_empty_list_says_how_to_begin(dqx):
    assert "dqx datasets new" in dqx("list").out


def test_create(dqx, tmp_path):
    file = tmp_path / "anywhere.yaml"
    file.write_text(f"# kept\n{json.dumps(RANKING)}")
    made = dqx("create", str(file), "--json").json
    assert (made["definition"]["name"], made["version"]) == ("ranking", 1)
    assert made["path"] == str(tmp_path / "datasets" / "ranking.yaml")
    refused = dqx("create", str(file))
    assert (refused.code, "ranking_2" in refused.err) == (2, True)


def test_create_tells_every_problem_with_its_line(dqx, tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text("name: bad\nsource: {table: raw_data.transactions}\nsplt: {}\npartitions: {start: 2024-13-01}\n")
    refused = dqx("create", str(file))

    assert refused.code == 2
    assert "line 3, splt: unknown key 'splt'. Did you mean 'split'?" in refused.err
    assert "line 4" in refused.err
    assert not (tmp_path / "datasets").exists()


def test_update(two, tmp_path):
    said = two("update", "ranking", "--set", "split.eval_days=3", "--set", "filters[0].rolling_days=9", "--json").json
    assert said["version"] == 2
    assert {each["place"] for each in said["changes"]} == {"split.eval_days", "filters[0].rolling_days"}
    assert "eval_days: 3" in folder(tmp_path, "ranking")
    assert "nulls" in two("update", "ranking", "--unset", "nulls").out
    assert "nulls" not in folder(tmp_path, "ranking")
    refused = two("update", "ranking", "--set", "split.eval_day=3")
    assert (refused.code, "Did you mean 'eval_days'" in refused.err) == (2, True)


def test_check_name(two):
    assert two("check-name", "weekly").code == 0
    taken = two("check-name", "daily", "--json")
    assert (taken.code, taken.json["suggestion"]) == (1, "daily_2")


def test_get(two):
    found = two("get", "ranking", "--json").json
    assert (found["definition"]["status"], found["version"], found["versions"][0]["change"]) == ("active", 1, "created")
    assert "strategy: temporal" in two("get", "ranking").out


def test_clone_and_delete(two, tmp_path):
    assert two("clone", "daily", "--json").json["definition"]["name"] == "daily_copy"
    refused = two("delete", "daily_copy")
    assert (refused.code, "--force" in refused.err) == (2, True)
    assert two("delete", "daily_copy", "--force").code == 0
    assert not (tmp_path / "datasets" / "daily_copy.yaml").exists()


def test_activate(two, tmp_path):
    assert two("activate", "daily").code == 0
    assert "status: active" in folder(tmp_path, "daily")
    two("update", "daily", "--set", "status=draft")
    two("update", "daily", "--set", "columns[3].column=amont")
    refused = two("activate", "daily")
    assert (refused.code, "Did you mean 'amount'" in refused.err) == (2, True)


def test_schema_json(dqx, tmp_path):
    found = dqx("schema-json").json
    assert found["properties"]["split"]["properties"]["strategy"]["enum"]
    assert found["additionalProperties"] is False
    dqx("schema-json", "-o", str(tmp_path / "schema.json"))
    assert json.loads((tmp_path / "schema.json").read_text()) == found


# Versions


def test_versions_diff_and_restore(two, tmp_path):
    two("update", "ranking", "--set", "split.eval_days=3")
    assert [each["version"] for each in two("versions", "ranking", "--json").json] == [1, 2]
    assert "split.eval_days: 2 → 3" in two("versions", "ranking").out
    assert two("diff", "ranking", "1", "2", "--json").json["changes"][0]["place"] == "split.eval_days"
    assert "+++ version 2" in two("diff", "ranking", "1", "2").out
    assert two("restore", "ranking", "1", "--json").json["version"] == 3
    assert "eval_days: 2" in folder(tmp_path, "ranking")
    refused = two("diff", "ranking", "1", "9")
    assert (refused.code, "There are versions 1 to 3" in refused.err) == (2, True)


# What a dataset holds


def test_query(two, database):
    sql = two("query", "ranking", "--date", "2024-01-14", "--split", "train").out
    with duckdb.connect(database, read_only=True) as connection:
        rows = connection.execute(sql).fetchall()
    assert {row[-1] for row in rows} == {"train"}
    assert "`split`" in two("query", "ranking", "--dialect", "bigquery", "--json").json["sql"]
    refused = two("query", "ranking", "--split", "evl")
    assert (refused.code, "Did you mean 'eval'" in refused.err) == (2, True)


def test_query_for_tfx_has_the_shape_that_tfx_reads_and_tells_its_casts(two):
    said = two("query", "ranking", "--tfx")
    config = said.json

    assert list(config) == ["input_config", "output_config"]
    assert config["output_config"] == {}
    assert [each["name"] for each in config["input_config"]["splits"]] == ["train", "eval"]
    assert set(config["input_config"]["splits"][0]) == {"name", "pattern"}
    assert "transaction_date: DATETIME → INT64" in said.err
    assert "@span_begin_timestamp" in two("query", "ranking", "--tfx", "--span").out


def test_validate_query(two):
    good = two("validate-query", "ranking", "--price-per-tib", "6.25", "--json")
    assert (good.code, good.json["valid"], good.json["columns"]["revenue"]) == (0, True, "FLOAT64")
    assert good.json["cost"] == pytest.approx(good.json["bytes"] / 2**40 * 6.25)
    assert "can run" in two("validate-query", "ranking").out
    two("update", "daily", "--set", "columns[3].column=amont")
    bad = two("validate-query", "daily")
    assert (bad.code, "Did you mean 'amount'" in bad.out) == (2, True)


def test_preview(two):
    found = two("preview", "ranking", "--split", "train", "--limit", "5", "--json").json
    assert [row["split"] for row in found["rows"]] == ["train"] * 5
    assert {"name": "customer_id", "role": "user_id"}.items() <= found["columns"][1].items()
    assert "user_id" in two("preview", "ranking").out


def test_analyze_and_summary(two):
    refused = two("summary", "ranking")
    assert (refused.code, "dqx datasets analyze ranking" in refused.err) == (2, True)
    found = two("analyze", "ranking", "--json").json
    assert found == two("summary", "ranking", "--json").json
    assert found["splits"][0]["split"] == "train"
    assert f"quality {found['quality']['score']} of 100" in two("summary", "ranking").out


def test_compare(two):
    lines = {
        each["about"]: each["values"] for each in two("compare", "daily", "ranking", "--json").json["configuration"]
    }
    assert lines["split"] == ["strategy: group, key: customer_id", "strategy: temporal, eval_days: 2, gap_days: 1"]
    assert "daily is not analyzed" in two("compare", "daily", "ranking").out


def test_materialize(two, tmp_path):
    written = two("materialize", "ranking", "--from", "2024-01-13", "--to", "2024-01-14", "--json").json
    assert [(each["date"], each["split"]) for each in written][::2] == [
        ("2024-01-13", "train"),
        ("2024-01-14", "train"),
    ]
    assert (tmp_path / "partitions/ranking/date=2024-01-14/split=eval/part-0.parquet").exists()
    assert two("get", "ranking", "--json").json["partitions"][0]["version"] == 1
    refused = two("materialize", "daily", "--date", "2024-01-01")
    assert (refused.code, "dqx datasets activate daily" in refused.err) == (2, True)
    assert "--from 2024-01-08" in two("materialize", "ranking").err


def test_the_wizard_takes_only_what_goes_together(dqx, monkeypatch, tmp_path):
    basics = ["weekly", "", "transactions", "y", *[""] * 4, "all"]
    rows = ["7", "0", "1", "group", "customer_i", "customer_id, country", "0", "100", "30", "", "y"]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join([*basics, *rows]) + "\n"))
    said = dqx("new")

    assert "The dataset has no column 'customer_i'. Did you mean 'customer_id'?" in said.out
    assert said.out.count("Write a whole number from 1 to 99.") == 2
    assert (said.code, "null in customer_id or country" in said.out) == (1, True)  # which is asked for once more
    basics[-1] = "quantity"
    rows[4:6] = ["customer_id,product_id"]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join([*basics, *rows]) + "\n"))
    assert dqx("new").code == 0
    definition = from_yaml(tmp_path / "datasets" / "weekly.yaml")
    assert definition.split.key == ("customer_id", "product_id")
    assert definition.split.parts == {"train": 70, "eval": 30}
    assert definition.partitions.start == day(7)  # the first whose seven days have rows


# All of them

OPERATIONS = {
    "list", "create", "update", "check-name", "get", "delete", "clone", "activate", "tables", "schema", "stats",
    "samples", "detect-joins", "suggest-columns", "analyze", "preview", "summary", "query", "validate-query", "compare",
    "new",
}  # fmt: skip
METHODS = {
    "partitions": "get",
    "new": "create",
    "schema-json": None,  # of no dataset
    "export": None,  # of the storage
}


def test_every_operation_is_a_command_and_a_method_and_every_command_speaks_json():
    names = {name for commands in PANELS.values() for name in commands}
    assert names >= OPERATIONS
    for name in names:
        method = METHODS.get(name, name.replace("-", "_"))
        assert method is None or callable(getattr(DatasetService, method)), name
    for name, command in get_command(app).commands.items():
        options = {option for parameter in command.params for option in parameter.opts}
        assert name in METHODS or "--json" in options, name


def test_days_of_an_older_content_are_made_again(two):
    two("activate", "daily")
    two("materialize", "daily", "--from", "2024-01-11", "--to", "2024-01-12")
    parts = "{strategy: group, key: customer_id, parts: {eval: 40, train: 60}}"
    edited = two("update", "daily", "--set", f"split={parts}")
    assert edited.code == 0
    assert (
        "4 partitions of version 1 (2024-01-11 to 2024-01-12) stay as they are, and 20 % of keys move from train to "
        "eval: read with later ones, a key may be in train and in eval. Make them again: dqx datasets remake daily "
        "--stale"
    ) in edited.err
    two("materialize", "daily", "--date", "2024-01-12")

    listed = two("partitions", "daily", "--json").json
    assert [(each["version"], each["stale"]) for each in listed] == [(1, True)] * 2 + [(2, False)] * 2
    assert "2 of 4 are not of the definition as it is now" in two("partitions", "daily").out
    again = two("remake", "daily", "--stale", "--json").json
    assert {each["change"].partition(":")[0] for each in again} == {"changed"}
    assert {each["stale"] for each in two("partitions", "daily", "--json").json} == {False}
    assert "dqx datasets materialize ranking" in two("partitions", "ranking").out
    assert [(each["date"], each["split"]) for each in again] == [("2024-01-11", "train"), ("2024-01-11", "eval")]
    assert "has no partitions that another content" in two("remake", "daily", "--stale").out


def test_a_split_that_is_no_more_is_told_shown_and_deleted(two, tmp_path):
    two("activate", "daily")
    two("materialize", "daily", "--date", "2024-01-12")
    parts = "{strategy: group, key: customer_id, parts: {train: 80, holdout: 20}}"
    assert two("update", "daily", "--set", f"split={parts}").code == 0
    again = two("materialize", "daily", "--date", "2024-01-12")

    assert "no such split any more: 2024-01-12 eval" in again.err
    assert "1 partition set aside" in two("prune", "daily").out
    assert (tmp_path / "partitions/daily/.set-aside/date=2024-01-12/split=eval").exists()
    [deleted] = two("prune", "daily", "--yes", "--json").json
    assert (deleted["date"], deleted["split"], deleted["deleted"]) == ("2024-01-12", "eval", True)
    assert "Nothing of daily is set aside." in two("prune", "daily").out
    assert not (tmp_path / "partitions/daily/.set-aside").exists()


# Errors


def test_a_name_that_is_not_there_is_one_paragraph_with_the_nearest(two):
    for command in ("get", "query", "preview", "analyze", "summary", "validate-query", "versions", "clone"):
        refused = two(command, "rankin", "--json")
        assert refused.code == 2, command
        assert "Did you mean 'ranking'?" in refused.err
        assert not refused.out


def test_without_the_database_the_way_out_is_told(tmp_path):
    refused = subprocess.run(
        [Path(sys.executable).parent / "dqx", "datasets", "tables", "--database", tmp_path / "none.duckdb"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert "--database" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_looking_makes_no_store(dqx, tmp_path):
    dqx("list")
    assert not (tmp_path / "metrics.db").exists()


def test_brackets_in_data_are_text(tmp_path, dqx):
    other = tmp_path / "other.duckdb"
    with duckdb.connect(other) as connection:
        connection.execute("CREATE SCHEMA raw_data; CREATE TABLE raw_data.odd AS SELECT '[/x] [bold]' AS \"[y]\"")
    assert "[/x] [bold]" in dqx("samples", "odd", "[y]", "--database", str(other)).out
    assert "[y]" in dqx("schema", "odd", "--database", str(other)).out
    assert "'[/x]' is not a name" in dqx("check-name", "[/x]").out


def test_tables_are_those_of_every_schema_unless_some_are_named(dqx, elsewhere, monkeypatch):
    monkeypatch.setenv("DQX_DATABASE", str(elsewhere))
    assert {each["name"] for each in dqx("tables", "--json").json} == {"main.orders", "raw.orders", "raw.visits"}
    assert [each["name"] for each in dqx("schema", "visits", "--json").json] == ["patient_id"]
    assert [each["name"] for each in dqx("schema", "main.orders", "--json").json] == ["order_id"]
    two = dqx("schema", "orders")
    assert (two.code, "main.orders, raw.orders" in two.err) == (2, True)

    assert [each["name"] for each in dqx("tables", "--schema", "main", "--json").json] == ["main.orders"]
    monkeypatch.setenv("DQX_SCHEMA", "main raw")
    assert len(dqx("tables", "--json").json) == 3
    monkeypatch.setenv("DQX_SCHEMA", "row")
    for command in (["tables"], ["schema", "visits"]):
        nothing = dqx(*command)
        assert (nothing.code, "--schema" in nothing.err, "main, raw" in nothing.err) == (2, True, True)


DATED = [
    ["query", "ranking", "--date"],
    ["validate-query", "ranking", "--date"],
    ["preview", "ranking", "--date"],
    ["analyze", "ranking", "--date"],
    ["materialize", "ranking", "--date"],
    ["materialize", "ranking", "--from", "2024-01-08", "--to"],
    ["export", "ranking", "gs://bucket/*.parquet", "--date"],
]


def test_a_day_to_come_is_refused_unless_it_is_meant(two, tmp_path):
    for words in DATED:
        refused = two(*words, "2130-10-20")
        assert (refused.code, " is in the future" in refused.err, "--allow-future" in refused.err) == (2, True, True)
        assert "--allow-future" in two(words[0], "--help").out
    assert not (tmp_path / "partitions").exists()


def test_a_misspelt_day_is_refused_in_our_words(two):
    for words in (*DATED, ["manifest", "ranking", "--date"]):
        for misspelt in ("2024-02-30", "0204-01-08", "yesterday", "2024-01"):
            refused = two(*words, misspelt)
            assert (refused.code, refused.err.startswith(f"DefinitionError: '{misspelt}' is ")) == (2, True)


def test_partitions_without_rows_are_told(two):
    told = two("materialize", "ranking", "--date", "2130-10-20", "--allow-future")
    assert (told.code, "2 of 2 partitions have no rows: 2130-10-20 train, 2130-10-20 eval." in told.err) == (0, True)
    found = two("materialize", "ranking", "--date", "2130-10-20", "--allow-future", "--json")
    assert [(each["split"], each["rows"], each["empty"]) for each in found.json] == [
        ("train", 0, True),
        ("eval", 0, True),
    ]
    full = two("materialize", "ranking", "--date", "2024-01-12", "--json")
    assert ([each["empty"] for each in full.json], "no rows" in full.err) == ([False, False], False)


def test_pages_end(two):
    assert "3 of" not in two("list", "--limit", "1", "--offset", "1").out
    assert "2 to 2 of 2." in two("list", "--limit", "1", "--offset", "1").out
    assert "goes on" not in two("list", "--limit", "2", "--offset", "1").out
    assert two("list", "--offset", "1000").out == "There are 2, and none after the first 1000.\n"


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nulls.categry", "there is no 'categry' in it. Did you mean 'category'?"),
        ("nuls", "there is no 'nuls' in it. Did you mean 'nulls'?"),
        ("filters[9]", "there is no [9] in it, which has 5, counted from 0."),
        ("split.eval_days.x", "there is no 'x' in it."),
    ],
)
def test_a_place_that_is_not_there_cannot_be_taken_out(two, tmp_path, place, said):
    before = folder(tmp_path, "ranking")
    done = two("update", "ranking", "--unset", place)
    assert (done.code, said in done.err) == (2, True), done.err
    assert folder(tmp_path, "ranking") == before


def test_an_exact_number_stays_exact_on_every_way_into_the_file(two, tmp_path):
    exact = "12345678901234567.123456789"
    given = tmp_path / "given.yaml"
    given.write_text(folder(tmp_path, "ranking").replace("min: 0.01", f"min: {exact}"))
    assert two("update", "ranking", "--file", str(given)).code == 0
    assert f"min: {exact}" in folder(tmp_path, "ranking").replace('"', "")
    assert two("update", "ranking", "--set", "filters[2].min=1").code == 0
    assert two("update", "ranking", "--set", f"filters[2].min={exact}").code == 0
    assert str(from_yaml(tmp_path / "datasets" / "ranking.yaml").filters[2].min) == exact
    assert two("restore", "ranking", "3").code == 0
    assert two("restore", "ranking", "2").code == 0
    assert str(from_yaml(tmp_path / "datasets" / "ranking.yaml").filters[2].min) == exact


def test_a_stream_whose_encoding_lacks_signs_is_written_all_the_same(two, monkeypatch):
    two("update", "ranking", "--set", "split.eval_days=3")
    for arguments, held in ((("versions", "ranking"), "2 ? 3"), (("versions", "ranking", "--json"), "2 \\u2192 3")):
        written = io.BytesIO()
        stream = io.TextIOWrapper(written, encoding="cp1252", write_through=True)
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", stream)
            patched.setattr(sys, "argv", ["dqx", "datasets", *arguments])
            with pytest.raises(SystemExit) as stopped:
                main()
        assert not stopped.value.code
        assert held in written.getvalue().decode("cp1252")

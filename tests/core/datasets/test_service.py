"""The operations that keep definitions, from Python: listed, created, updated, copied, activated, deleted, restored."""

from __future__ import annotations

import pytest

from dqx_core.datasets.definition import define
from dqx_core.engines.duckdb import DuckDB
from dqx_core.errors import DefinitionError, EngineError, ValidationError
from tests.core.datasets.shop import DAILY, RANKING, changed, day

# list


def test_the_list_has_tables_and_estimated_rows_until_there_is_an_analysis(two):
    before = two.list().datasets
    two.analyze("ranking")
    after = two.list().datasets

    assert [(each.name, each.status, each.rows, each.analyzed_at) for each in before] == [
        ("daily", "draft", 2800, None),
        ("ranking", "active", 2800, None),
    ]
    assert after[1].rows == two.summary("ranking").facts.rows < 2800
    assert after[1].analyzed_at is not None
    assert before[0].tables == ("raw_data.transactions", "raw_data.products")


def test_the_list_is_searched_in_name_and_description_filtered_by_status_and_paged(two):
    assert [each.name for each in two.list(search="RANKING model").datasets] == ["ranking"]
    assert [each.name for each in two.list(search="dai").datasets] == ["daily"]
    assert [each.name for each in two.list(status="draft").datasets] == ["daily"]
    page = two.list(limit=1, offset=1)
    assert ([each.name for each in page.datasets], page.total) == (["ranking"], 2)
    with pytest.raises(DefinitionError, match=r"There is no status 'activ'. Did you mean 'active'"):
        two.list(status="activ")


def test_a_broken_file_is_told_and_not_left_out(two):
    (two.folder / "bad.yaml").write_text("name: bad\n")
    with pytest.raises(ValidationError, match=r"bad\.yaml"):
        two.list()


# create and update


def test_a_created_definition_is_a_file_and_version_1(service):
    saved = service.create(DAILY)

    assert saved.path.name == "daily.yaml"
    assert service.definition("daily") == define(DAILY)
    assert (saved.version.version, saved.version.change) == (1, "created")
    assert "SELECT" in saved.version.sql


def test_a_name_is_created_once(two):
    with pytest.raises(DefinitionError, match=r"is taken by .*daily.yaml.*'daily_2'"):
        two.create(DAILY)


def test_a_definition_with_problems_is_not_written(service):
    with pytest.raises(ValidationError, match=r"colums"):
        service.create({**DAILY, "colums": []})
    assert not service.folder.exists()


def test_a_draft_may_come_before_its_tables_and_an_active_one_may_not(service):
    service.create(changed(DAILY, source__table="raw_data.visits"))
    with pytest.raises(DefinitionError, match=r"There is no table 'raw_data.visits'"):
        service.create(changed(DAILY, name="other", source__table="raw_data.visits", status="active") | {})


def test_an_update_keeps_comments_and_makes_a_version_without_analysis(two):
    path = two.get("ranking").path
    path.write_text("# ours\n" + path.read_text().replace("eval_days: 2", "eval_days: 2  # two days"))
    two.analyze("ranking")
    saved = two.update("ranking", {"split": {"strategy": "temporal", "eval_days": 3, "gap_days": 1}})

    text = path.read_text()
    assert text.startswith("# ours\n")
    assert "eval_days: 3  # two days" in text
    assert (saved.version.version, saved.version.change) == (2, "split.eval_days: 2 → 3")
    with pytest.raises(DefinitionError, match=r"dqx datasets analyze ranking"):
        two.summary("ranking")


CONTENT = {
    "tables": {"source": {**RANKING["source"], "table": "raw_data.sales"}},
    "joins": {"source": {**RANKING["source"], "joins": [{**RANKING["source"]["joins"][0], "how": "inner"}]}},
    "columns": {"columns": [*RANKING["columns"], {"column": "quantity"}]},
    "filters": {"filters": RANKING["filters"][:4]},
    "split": {"split": {"strategy": "group", "key": "customer_id"}},
}


@pytest.mark.parametrize("new", CONTENT.values(), ids=CONTENT)
def test_a_change_of_content_is_a_version_of_its_own_and_clears_the_analysis(shop, two, new):
    shop.connection.execute("CREATE OR REPLACE VIEW raw_data.sales AS SELECT * FROM raw_data.transactions")
    if "source" in new and new["source"]["table"] == "raw_data.sales":
        new = new | {"columns": [{k: v for k, v in each.items() if k != "table"} for each in RANKING["columns"][:6]]}
        new = new | {"source": {"table": "raw_data.sales"}, "nulls": None}
    two.analyze("ranking")
    saved = two.update("ranking", new)
    shop.connection.execute("DROP VIEW raw_data.sales")

    assert saved.version.version == 2
    assert saved.changes
    with pytest.raises(DefinitionError, match=r"has not been analyzed since it was last changed"):
        two.summary("ranking")


def test_a_change_of_words_is_no_new_version_and_keeps_the_analysis(two):
    two.analyze("ranking")
    assert two.update("ranking", {"description": "Other words"}).version.version == 1
    assert two.summary("ranking").dataset == "ranking"


def test_an_update_that_cannot_work_leaves_the_file(two):
    before = two.get("ranking").path.read_text()
    with pytest.raises(ValidationError, match=r"amont"):
        two.update("ranking", {"columns": [*RANKING["columns"], {"column": "amont"}]})
    with pytest.raises(DefinitionError, match=r"dqx datasets clone ranking other"):
        two.update("ranking", {"name": "other"})
    with pytest.raises(DefinitionError, match=r"dqx datasets activate daily"):
        two.update("daily", {"status": "active"})
    assert two.get("ranking").path.read_text() == before


# check-name, get, delete, clone, activate


@pytest.mark.parametrize(
    ("name", "free", "suggestion"),
    [
        ("weekly", True, None),
        ("daily", False, "daily_2"),
        ("Daily!", False, "daily_2"),
        ("7 days", False, "dataset_7_days"),
        ("../x", False, "x"),
    ],
)
def test_a_name_is_free_or_has_one_beside_it_that_is(two, name, free, suggestion):
    found = two.check_name(name)
    assert (found.free, found.suggestion) == (free, suggestion)
    assert found.free == (found.problem is None)


def test_a_name_with_versions_is_taken_though_its_file_is_gone(two):
    two.clone("daily").path.unlink()
    two.clone("daily", "daily_2").path.unlink()
    assert not two.check_name("daily_copy").free
    assert two.check_name("daily").suggestion == "daily_3"
    assert two.clone("daily").definition.name == "daily_copy_2"


def test_get_has_versions_and_partitions_with_the_version_that_made_them(two):
    two.materialize("ranking", [day(13)])
    two.update("ranking", {"split": {"strategy": "temporal", "eval_days": 3}})
    two.materialize("ranking", [day(14)], ["train"])
    found = two.get("ranking")

    assert [version.version for version in found.versions] == [1, 2]
    assert [(p.date, p.split, p.version) for p in found.partitions] == [
        (day(13), "eval", 1),
        (day(13), "train", 1),
        (day(14), "train", 2),
    ]
    assert found.version == 2


def test_a_partition_keeps_the_version_that_made_it_when_its_content_comes_back(two):
    two.materialize("ranking", [day(13)], ["train"])
    two.update("ranking", {"split": {"strategy": "temporal", "eval_days": 3}})
    assert two.restore("ranking", 1).version.version == 3
    two.materialize("ranking", [day(14)], ["train"])
    assert [(p.date, p.version) for p in two.get("ranking").partitions] == [(day(13), 1), (day(14), 3)]


def test_a_file_changed_by_hand_is_no_version_until_something_is_done_with_it(two):
    path = two.get("daily").path
    path.write_text(path.read_text().replace("{column: country}", "{column: quantity}"))
    assert two.get("daily").version is None
    two.analyze("daily")
    assert two.get("daily").version == 2


def test_a_dataset_that_is_not_there_gets_the_nearest_name(two):
    for operation in (two.get, two.analyze, two.summary, two.clone, two.activate, two.delete):
        with pytest.raises(DefinitionError, match=r"no dataset 'rankin' in .* Did you mean 'ranking'"):
            operation("rankin")


def test_delete_is_refused_while_there_are_versions_or_partitions(two):
    two.materialize("ranking", [day(14)])
    with pytest.raises(DefinitionError, match=r"has 1 version and 2 partitions in .*--force"):
        two.delete("ranking")
    two.delete("ranking", force=True)

    assert [each.name for each in two.list().datasets] == ["daily"]
    assert two.check_name("ranking").free
    assert (two.root / "ranking").exists()


def test_a_clone_is_a_numbered_draft_that_splits_as_its_original(two):
    path = two.get("daily").path
    path.write_text(f"# kept\n{path.read_text()}")
    first, second = two.clone("daily"), two.clone("daily")

    assert (first.definition.name, second.definition.name) == ("daily_copy", "daily_copy_2")
    assert first.definition.status == "draft"
    assert first.path.read_text().startswith("# kept\n")
    rows = [{r["transaction_id"]: r["split"] for r in two.preview(n, limit=1000).rows} for n in ("daily", "daily_copy")]
    assert rows[0] == rows[1]


def test_activate_refuses_what_does_not_fit_the_tables(service):
    service.create(changed(DAILY, columns__3__column="amont"))
    with pytest.raises(ValidationError, match=r"has no column 'amont'. Did you mean 'amount'"):
        service.activate("daily")
    assert service.definition("daily").status == "draft"


def test_activate_refuses_a_join_that_cannot_be(service):
    service.create(changed(DAILY, source__joins=[{"table": "raw_data.products", "on": {"quantity": "category"}}]))
    with pytest.raises(DefinitionError, match=r"cannot be compared"):
        service.activate("daily")


def test_activate_refuses_a_join_that_multiplies_rows(service):
    double = {"table": "raw_data.products", "on": {"country": "category"}, "cardinality": "many_to_one"}
    service.create(changed(DAILY, source__joins=[double]))
    with pytest.raises(DefinitionError, match=r"values of category have more than one row .* so rows would multiply"):
        service.activate("daily")
    assert service.definition("daily").status == "draft"


class Doubtful(DuckDB):
    """An engine that takes no query with a filter."""

    def estimate(self, tree):
        """What it would read, or a refusal."""
        if "filter_" in tree.sql():
            raise EngineError("DuckDB", "explain a query", "it is too hard")
        return super().estimate(tree)


def test_activate_refuses_what_the_engine_refuses(service, shop):
    service.engine = Doubtful(shop.connection)
    service.create(RANKING)
    with pytest.raises(ValidationError, match=r"it is too hard"):
        service.activate("ranking")
    assert service.definition("ranking").status == "draft"
    assert not service.validate_query("ranking").valid
    service.create(DAILY)
    assert service.activate("daily").definition.status == "active"


# versions


def test_versions_differ_and_come_back(two):
    original = two.definition("ranking")
    two.update("ranking", {"filters": [{"kind": "date_range", "rolling_days": 10}, *RANKING["filters"][2:]]})
    found = two.diff("ranking", 1, 2)
    two.update("ranking", {"description": "Words stay"})
    restored = two.restore("ranking", 1)

    assert [str(change) for change in found.changes] == [
        "filters[0].rolling_days: 8 → 10",
        "filters[1] removed: kind: values, column: country, include: [NL, BE, DE]",
    ]
    assert '-    "transactions"."transaction_date"' in found.sql
    assert restored.version.version == 3
    assert restored.definition.definition_hash == original.definition_hash
    assert restored.definition.description == "Words stay"
    assert two.definition("ranking") == restored.definition
    with pytest.raises(DefinitionError, match=r"no version 9. There are versions 1 to 3"):
        two.restore("ranking", 9)


def test_a_default_that_nobody_wrote_is_not_told_as_a_change(two):
    found = two.update("ranking", {"split": None}).changes

    assert any("split.strategy" in str(change) for change in found)
    assert not any("null" in str(change) for change in found)


def test_a_deleted_file_comes_back_as_a_draft(two):
    two.get("ranking").path.unlink()
    assert two.restore("ranking", 1).definition.status == "draft"
    assert two.definition("ranking").filters == define(RANKING).filters

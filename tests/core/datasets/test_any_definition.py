"""Whatever definition hypothesis makes, its rows are those of an independent computation in pandas."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import farmhash
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from dqx_core.datasets import DuckDBCatalog, define, materialize, partition_query, schemas_of
from dqx_core.errors import ValidationError
from tests.core.datasets.generated import DATE, SALES, TABLES, definitions
from tests.core.datasets.shop import changed, daily, engine, ranking


def bucket(key: object, salt: str, count: int = 10_000) -> int:
    unsigned = farmhash.fingerprint64(f"{salt}|{key}")
    return (unsigned - 2**64 if unsigned >= 2**63 else unsigned) % count


def part(row: pd.Series, split: dict) -> str | None:
    match split["strategy"]:
        case "none":
            return "all"
        case "column":
            return {"NL": "train", "BE": "train", "DE": "eval"}.get(row["country"])
        case "group":
            shares, reached = split.get("parts", {"train": 80, "eval": 20}), 0
            keys = [split["key"]] if isinstance(split["key"], str) else split["key"]
            here = bucket("|".join(str(row[key]) for key in keys), "any/split/v1")
            for name in sorted(shares, key=["train", "test", "eval"].index):
                reached += shares[name] * 100
                if here < reached:
                    return name
    back = (DATE - row["transaction_date"].date()).days
    test, gap = split.get("test_days", 0), split.get("gap_days", 0)
    if back < test:
        return "test"
    if back < test + split["eval_days"]:
        return "eval"
    return "train" if back >= test + split["eval_days"] + gap else None


def decimals(values: pd.Series) -> list[Decimal]:
    return [Decimal(str(value)) for value in values if value is not None and value == value]


def stays(frame: pd.DataFrame, each: dict, split: dict) -> pd.Series:
    """Which rows a filter leaves."""
    match each["kind"]:
        case "values":
            listed = frame["country"].isin([value for value in each.get("include", each.get("exclude")) if value])
            listed |= frame["country"].isna() & (None in each.get("include", each.get("exclude")))
            return listed if "include" in each else ~listed
        case "range":
            values = frame[each["column"]]
            return (values >= each.get("min", -1e9)) & (values <= each.get("max", 1e9))
    entity = each.get("per") or {"top_products": "product_id"}.get(each["kind"], "customer_id")
    own = split["strategy"] == "group" and split["key"] == entity and not each["kind"].startswith("top_")
    everything = each["fit_on"] == "all" or own or split["strategy"] == "none"
    seen = frame[frame["split"].notna()] if everything else frame[frame["split"] == "train"]
    groups = {key: group for key, group in seen.groupby(entity) if key is not None}
    if each["kind"] == "min_transactions":
        kept = {key for key, group in groups.items() if len(group) >= each["count"]}
    elif each["kind"] == "aggregate":
        kept = {key for key, group in groups.items() if enough(group[each["column"]], each)}
    else:
        totals = {key: sum(decimals(group["amount"])) for key, group in groups.items()}
        kept, reached, whole = set(), Decimal(0), sum(totals.values())
        for key, total in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
            if reached * 100 < whole * Decimal(str(each["percent"])):
                kept.add(key)
            reached += total
    return frame[entity].isin(kept)


def enough(values: pd.Series, each: dict) -> bool:
    known = values.dropna()
    match each["function"]:
        case "count":
            return len(known) >= each["min"]
        case "count_distinct":
            return known.nunique() >= each["min"]
    if known.empty:
        return False
    exact = decimals(known)
    number = {"sum": sum(exact), "average": sum(exact) / len(exact), "minimum": min(exact), "maximum": max(exact)}
    return number[each["function"]] >= each["min"]


def expected(data: dict) -> dict[int, str]:
    """Row → part, as the definition says."""
    split = data["split"]
    frame = SALES[SALES["transaction_date"] < pd.Timestamp(DATE + dt.timedelta(days=1))]
    frame = frame[frame["transaction_date"] >= pd.Timestamp(DATE - dt.timedelta(days=9))]
    if "sample" in data:
        limit = data["sample"]["percent"] * 100
        frame = frame[[bucket(key, "any/sample/v1") < limit for key in frame[data["sample"]["key"]]]]
    frame = frame.assign(split=[part(row, split) for _, row in frame.iterrows()]).astype({"split": object})
    for each in data["filters"][1:]:
        frame = frame[stays(frame, each, split)]
    frame = frame[frame["split"].notna()]
    return dict(zip(frame["transaction_id"], frame["split"], strict=True))


@pytest.fixture(scope="module")
def shop():
    return engine(TABLES)


MODERATE = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@MODERATE
@given(data=definitions())
def test_the_rows_are_those_of_pandas(shop, data):
    try:
        definition = define(data)
    except ValidationError as error:
        assert "would be empty" in str(error)  # top products of a split by product  # noqa: PT017
        return
    query = partition_query(definition, DATE, schemas_of(definition, DuckDBCatalog(shop)))
    rows = shop.run(query).to_pylist()
    assert {row["transaction_id"]: row["split"] for row in rows} == expected(data)
    assert len(rows) == len(expected(data))


def test_folds_part_train_by_user_and_leave_eval_alone(shop, tmp_path):
    definition = ranking(folds={"count": 4})
    results = {each.split: each for each in materialize(definition, [DATE], engine=shop, root=tmp_path)}
    train = pd.read_parquet(results["train"].path / "part-0.parquet")
    assert set(train["fold"]) == {0, 1, 2, 3}
    assert [bucket(key, "ranking/folds/v1", 4) for key in train["customer_id"]] == list(train["fold"])
    assert "fold" not in pd.read_parquet(results["eval"].path / "part-0.parquet")


def test_a_sample_and_a_split_of_one_key_are_independent(shop):
    definition = daily(sample={"percent": 50, "key": "customer_id"}, partitions__content="snapshot")
    rows = shop.run(partition_query(definition, DATE, schemas_of(definition, DuckDBCatalog(shop)))).to_pandas()
    users = rows.drop_duplicates("customer_id")["split"].value_counts(normalize=True)
    assert 0.65 < users["train"] < 0.95


def test_without_a_split_there_is_one_part_and_no_leak(shop, tmp_path):
    data = {**changed({"filters": [{"kind": "min_transactions", "count": 2, "fit_on": "all"}]})}
    definition = daily(**data, split={"strategy": "none"})
    assert definition.leaks == ()
    (result,) = materialize(definition, [DATE], engine=shop, root=tmp_path)
    assert (result.split, result.path.name) == ("all", "split=all")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sample": {"percent": 10, "key": "customer"}}, "sample.key: the dataset has no column 'customer'."),
        ({"sample": {"percent": 0.001, "key": "customer_id"}}, "sample.percent: 0.001 has more than two decimals."),
        (
            {"sample": {"percent": 5, "key": "customer_id", "salt": "daily/split/v1"}},
            "sample.salt: is that of the split",
        ),
        ({"folds": 1}, "folds: 1 is less than 2."),
        ({"folds": {"count": 3, "by": "x"}}, "folds.by: unknown key 'by'."),
        ({"folds": 3, "split": {"strategy": "none"}}, "folds: are folds of train, and without a split there is none."),
        ({"folds": 3, "columns__4__as": "fold"}, "folds: add a column 'fold', and there is one already."),
        (
            {"filters": [{"kind": "aggregate", "per": "customer_id", "function": "sum", "min": 1}]},
            "filters[0].column: is missing. Name the column whose sum it is.",
        ),
        (
            {"filters": [{"kind": "aggregate", "per": "customer_id", "function": "count"}]},
            "filters[0]: write min, max or both.",
        ),
    ],
)
def test_what_cannot_work_is_told_with_its_place(changes, problem):
    with pytest.raises(ValidationError) as caught:
        daily(**changes)
    assert [each for each in caught.value.problems if each.startswith(problem)], caught.value


def test_many_columns_are_columns(tmp_path):
    wide = pd.DataFrame({f"c{number}": range(20) for number in range(500)})
    definition = define(
        {
            "name": "wide",
            "source": {"table": "raw_data.wide"},
            "split": {"strategy": "group", "key": "c0"},
            "partitions": {"start": "2024-01-01", "content": "snapshot"},
        }
    )
    results = materialize(definition, [DATE], engine=engine({"wide": wide}), root=tmp_path)
    assert sum(each.rows for each in results) == 20


def test_a_whole_number_of_128_bits_keeps_its_digits_in_a_folder_with_signs_of_a_pattern(tmp_path):
    shop = engine({"numbers": pd.DataFrame({"k": ["a"]})})
    shop.connection.execute("CREATE TABLE raw_data.big AS SELECT 'a' AS k, 12345678901234567890123::HUGEINT AS n")
    definition = define(
        {
            "name": "big",
            "source": {"table": "raw_data.big"},
            "split": {"strategy": "none"},
            "partitions": {"start": "2024-01-01", "content": "snapshot"},
        }
    )
    (result,) = materialize(definition, [DATE], engine=shop, root=tmp_path / "od[d]* ?")
    assert pd.read_parquet(result.path / "part-0.parquet")["n"].tolist() == [Decimal(12345678901234567890123)]

"""Text, hash, SQL and versions of a definition say one thing: hashes are equal exactly if SQL and manifest are."""

from __future__ import annotations

import copy
import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dqx_core.datasets import define, new_text, partition_query
from dqx_core.datasets.changes import differences
from dqx_core.datasets.loading import from_text
from dqx_core.datasets.query import render
from dqx_core.errors import ValidationError
from tests.core.datasets.generated import definitions
from tests.core.datasets.shop import DAILY, RANKING, changed, daily, ranking

TYPES = {
    "transaction_id": "INT64", "customer_id": "STRING", "product_id": "INT64", "transaction_date": "DATETIME",
    "amount": "NUMERIC", "quantity": "INT64", "country": "STRING",
}  # fmt: skip
SCHEMAS = {
    "raw_data.transactions": TYPES,
    "raw_data.products": {"id": "INT64", "category": "STRING", "price": "NUMERIC"},
}


def defined(data: dict[str, Any]):
    try:
        return define(copy.deepcopy(data))
    except ValidationError:
        return None


def made(definition) -> tuple[Any, ...]:
    """What makes a partition, and what its manifest says of it beside the hash."""
    try:
        sql = render(partition_query(definition, definition.partitions.start, SCHEMAS), "bigquery")
    except ValidationError as error:  # which the tables do not have
        assume(False)
        raise AssertionError from error
    return sql, definition.content, definition.leaks, definition.split.part_names, definition.partitions.timezone


def written_out(data: dict[str, Any]) -> dict[str, Any]:
    """The same definition with every default written out, tables by their full names, and keys in another order."""
    other = copy.deepcopy(data)
    table = other["source"]["table"]
    roles = {column["role"]: column.get("as", column["column"]) for column in other["columns"] if "role" in column}
    joined = {join["table"].rpartition(".")[2]: join["table"] for join in other["source"].get("joins", [])}
    for column in other["columns"]:
        column.setdefault("as", column["column"])
        column["table"] = joined.get(column.get("table", ""), table)
    for join in other["source"].get("joins", []):
        join |= {"how": join.get("how", "left"), "cardinality": join.get("cardinality", "many_to_one")}
        join["on"] = dict(reversed(join["on"].items()))
    other["nulls"] = {column["as"]: "keep" for column in other["columns"]} | other.get("nulls", {})
    split = other.setdefault("split", {"strategy": "none"})
    for each in other.get("filters", []):
        if each["kind"].startswith("top_"):
            each.setdefault("by", roles.get("revenue"))
            each.setdefault("column", roles.get(each["kind"].replace("top_", "")[:-1] + "_id"))
            each["percent"] = f"{each['percent']}.000" if isinstance(each["percent"], int) else str(each["percent"])
        if each["kind"] == "min_transactions":
            each.setdefault("column", roles.get("user_id"))
            each["count"] = float(each["count"])
        for bound in ("min", "max"):
            if isinstance(each.get(bound), int | float):
                each[bound] = f"{each[bound]}"
    if split["strategy"] == "temporal":
        split |= {"gap_days": split.get("gap_days", 0), "test_days": split.get("test_days", 0)}
    if split["strategy"] == "group":
        split.setdefault("salt", f"{other['name']}/split/v1")
        split.setdefault("null_key", "fail")
        split["parts"] = {part: float(share) for part, share in split.get("parts", {"train": 80, "eval": 20}).items()}
    other["partitions"] |= {"timezone": "UTC", "cadence": "daily"}
    other |= {"description": "of another text", "status": "active"}
    return dict(reversed(other.items()))


@settings(max_examples=40, deadline=None)
@given(data=definitions())
def test_what_is_written_out_is_the_same_content(data):
    definition, other = defined(data), defined(written_out(data))
    assume(definition is not None)
    assert other.definition_hash == definition.definition_hash
    assert made(other) == made(definition)


@pytest.mark.parametrize("data", [RANKING, DAILY, changed(DAILY, folds=3, sample={"percent": 5, "key": "customer_id"})])
def test_joins_nulls_and_folds_that_are_written_out_are_the_same_content(data):
    other = written_out(data)
    if "folds" in data:
        other["folds"] = {"count": 3.0, "key": ["customer_id"], "salt": "daily/folds/v1"}
        other["sample"] = {"percent": "5.0", "key": ["customer_id"], "salt": "daily/sample/v1"}
    assert define(other).definition_hash == define(data).definition_hash
    assert made(define(other)) == made(define(data))


LATEST = {"kind": "aggregate", "per": "country", "function": "maximum", "column": "transaction_date"}
OTHERWISE: list[dict[str, Any]] = [
    {"name": "other"}, {"description": "x"}, {"status": "active"}, {"columns__0": {"column": "quantity"}},
    {"columns__6__as": "land"}, {"nulls": {"country": "fail"}}, {"nulls": {"country": "keep"}},
    {"nulls": {"country": {"fill": "x"}}}, {"nulls": {"quantity": {"fill": 1}}},
    {"nulls": {"quantity": {"fill": 1.0}}},
    {"sample": {"percent": 10, "key": "customer_id"}}, {"sample": {"percent": "10.0", "key": ["customer_id"]}},
    {"sample": {"percent": 10, "key": "customer_id", "salt": "x"}}, {"partitions__timezone": "Europe/Amsterdam"},
    {"partitions__content": "snapshot"}, {"partitions__end": "2024-03-01"},
    *({"filters__1": each} for each in (
        {"kind": "values", "column": "quantity", "include": [1, 2]},
        {"kind": "values", "column": "quantity", "include": [2, 1]},
        {"kind": "values", "column": "quantity", "include": [1.0, 2]},
        {"kind": "values", "column": "quantity", "exclude": [1, 2]},
        {"kind": "values", "column": "amount", "include": [True]},
        {"kind": "values", "column": "amount", "include": [1]},
        {"kind": "range", "column": "amount", "min": 1}, {"kind": "range", "column": "amount", "min": "1.00"},
        {"kind": "range", "column": "amount", "max": 1}, {"kind": "range", "column": "amount", "min": "1.000000001"},
        {"kind": "range", "column": "transaction_date", "min": "2024-01-02T00:00:00"},
        {"kind": "range", "column": "transaction_date", "min": "2024-01-02T00:00:00Z"},
        {"kind": "range", "column": "transaction_date", "min": "2024-01-02T01:00:00+01:00"},
        {"kind": "range", "column": "transaction_date", "min": "2024-01-02T01:00:00"},
        LATEST | {"max": "2024-01-02T00:00"},
        LATEST | {"max": "2024-01-02T00:01"},
        {"kind": "min_transactions", "count": 2}, {"kind": "min_transactions", "count": 2, "fit_on": "all"},
        {"kind": "min_transactions", "count": 2, "column": "customer_id"}, {"kind": "top_users", "percent": 50},
        {"kind": "top_users", "percent": "50", "by": "amount"}, {"kind": "top_users", "percent": 50, "by": "quantity"},
    )),
    *({"split": each} for each in (
        {"strategy": "none"}, {"strategy": "group", "key": "customer_id"},
        {"strategy": "group", "key": ["customer_id"]},
        {"strategy": "group", "key": "customer_id", "salt": "any/split/v1"},
        {"strategy": "group", "key": "customer_id", "parts": {"eval": 20, "train": 80}},
        {"strategy": "group", "key": "customer_id", "parts": {"train": "80", "eval": 20.0}},
        {"strategy": "column", "column": "country", "parts": {"train": "a", "eval": ["b"]}},
        {"strategy": "column", "column": "country", "parts": {"train": ["a"], "eval": "b"}},
        {"strategy": "column", "column": "country", "parts": {"eval": "b", "train": "a"}},
        {"strategy": "column", "column": "country", "parts": {"train": "a", "eval": "b"}, "others": "drop"},
    )),
]  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(
    base=definitions(),
    one=st.sets(st.integers(0, len(OTHERWISE) - 1), max_size=2),
    other=st.integers(0, len(OTHERWISE) - 1),
)
def test_two_definitions_have_one_hash_exactly_if_they_make_the_same(base, one, other):
    base["filters"].append({"kind": "range", "column": "quantity", "max": 9})
    first = base
    for number in one:
        first = changed(first, **OTHERWISE[number])
    a, b = defined(first), defined(changed(first, **OTHERWISE[other]))
    assume(a is not None)
    assume(b is not None)
    same = (a.name, *made(a)) == (b.name, *made(b))
    assert (a.definition_hash == b.definition_hash) == same
    named = differences(a.model_dump(mode="json", by_alias=True), b.model_dump(mode="json", by_alias=True))
    assert same or named


@settings(max_examples=60, deadline=None)
@given(base=definitions(), numbers=st.sets(st.integers(0, len(OTHERWISE) - 1), max_size=3))
def test_what_is_written_and_what_is_restored_is_the_same_content(base, numbers):
    data = base
    for number in numbers:
        data = changed(data, **OTHERWISE[number]) if OTHERWISE[number].keys() != {"filters__1"} else data
    definition = defined(data)
    assume(definition is not None)
    assert from_text(new_text(definition), "x.yaml").definition_hash == definition.definition_hash
    kept = definition.model_dump(mode="json", by_alias=True)
    assert define(kept).definition_hash == definition.definition_hash


@pytest.mark.parametrize(
    "bound", ["2024-01-02", "2024-01-02T10:00:00Z", "12345678901234567.123456789", "1e-9", 20240102, -3]
)
@pytest.mark.parametrize(
    "kind", [{"kind": "range", "column": "amount"}, {"kind": "aggregate", "per": "country", "function": "count"}]
)
def test_a_bound_is_kept_whatever_it_is(kind, bound):
    definition = daily(filters=[kind | {"max": bound}])
    another = daily(filters=[kind | {"max": "2024-01-03"}])
    kept = define(definition.model_dump(mode="json", by_alias=True))
    assert kept.filters == define(kept.model_dump(mode="json", by_alias=True)).filters
    assert kept.definition_hash == definition.definition_hash != another.definition_hash
    written = from_text(new_text(definition), "x.yaml")
    assert (written.filters, written.definition_hash) == (definition.filters, definition.definition_hash)


@given(digits=st.integers(1, 10**38 - 1), exponent=st.integers(-38, 10))
def test_a_number_keeps_every_digit(digits, exponent):
    number = Decimal(digits).scaleb(exponent) if len(str(digits)) <= 28 else Decimal(f"{digits}e{exponent}")
    [bounded] = daily(filters=[{"kind": "range", "column": "amount", "min": str(number)}]).filters
    assert bounded.min == number
    written = from_text(new_text(daily(filters=[bounded.model_dump(by_alias=True)])), "x.yaml")
    assert written.filters[0].min == number


def test_a_date_written_in_python_is_that_of_yaml():
    python = daily(filters=[{"kind": "values", "column": "country", "include": [dt.date(2024, 1, 31)]}])
    yaml = daily(filters=[{"kind": "values", "column": "country", "include": ["2024-01-31"]}])
    assert python.definition_hash == yaml.definition_hash


def test_the_order_of_parts_is_no_other_content():
    before = daily(split__parts={"train": 80, "eval": 20})
    after = daily(split__parts={"eval": 20, "train": 80})
    assert before.definition_hash == after.definition_hash
    assert not [*differences(*(each.model_dump(mode="json", by_alias=True) for each in (before, after)))]


def test_true_is_named_by_a_diff_with_one():
    before, after = (
        ranking(filters__1={"kind": "values", "column": "country", "include": [each]}) for each in (True, 1)
    )
    assert before.definition_hash != after.definition_hash
    [*changes] = differences(*(each.model_dump(mode="json", by_alias=True) for each in (before, after)))
    assert "true" in str(changes[0])

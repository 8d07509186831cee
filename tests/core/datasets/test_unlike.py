"""Parts that ask about other users, products or classes than train knows are told, the heaviest first."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from dqx_core.datasets import DuckDBCatalog, analyze, define, materialize, schemas_of
from dqx_core.errors import DefinitionError, ValidationError
from tests.core.datasets.shop import changed, day, engine

NOBODY = {"name": "visits", "source": {"table": "raw_data.visits"}, "partitions": {"start": "2024-01-01"}}
COLUMNS = [
    {"column": "person", "role": "user_id"},
    {"column": "film", "role": "product_id"},
    {"column": "at", "role": "timestamp"},
    {"column": "liked", "role": "label"},
]
BY_TIME = {"strategy": "temporal", "eval_days": 2}


def visits(**columns):
    """Ten days with twenty rows each, people and films alike in all of them; other values where they are given."""
    number = pd.Series(range(200))
    frame = pd.DataFrame(
        {
            "person": "p" + (number % 20).astype(str),
            "film": number % 7,
            "at": [pd.Timestamp(day(n // 20 + 1)) for n in number],
            "liked": number % 2,
            "part": ["train" if n < 160 else "eval" for n in number],
        }
    )
    return frame.assign(**{name: of(frame) for name, of in columns.items()})


def issues(split, *, label=True, **columns):
    definition = define(NOBODY | {"columns": [*COLUMNS[: 4 if label else 3], {"column": "part"}], "split": split,
                                  "filters": [{"kind": "date_range", "start": "2024-01-01"}]})  # fmt: skip
    shop = engine({"visits": visits(**columns)})
    found = analyze(definition, day(10), schemas_of(definition, DuckDBCatalog(shop)), shop)
    return {issue.kind: issue for issue in found.quality.issues}, found


def in_eval(value, otherwise):
    return lambda frame: otherwise(frame).where(frame["part"] == "train", value(frame))


def column(name):
    return lambda frame: frame[name]


@pytest.mark.parametrize("split", [BY_TIME, {"strategy": "column", "column": "part"}])
@pytest.mark.parametrize(
    ("columns", "kind", "says"),
    [
        ({"person": in_eval(lambda f: "new" + f["person"], column("person"))}, "unseen_users", "none of the users"),
        ({"film": in_eval(lambda f: f["film"] + 100, column("film"))}, "unseen_products", "none of the products"),
        ({"liked": in_eval(lambda _: 1, column("liked"))}, "one_class", "The part eval has one value of liked"),
        ({"liked": lambda f: (f["part"] == "eval").astype(int)}, "one_class", "one value of liked"),
        ({"liked": in_eval(lambda f: f["film"] % 3, column("liked"))}, "unseen_class", "a value of liked that train"),
        ({"liked": in_eval(column("liked"), lambda f: f["film"])}, "missing_class", "Train has 5 values of liked"),
    ],
)
def test_what_eval_asks_and_train_never_saw_is_told(split, columns, kind, says):
    found, analysis = issues(split, **columns)
    assert says in found[kind].message
    assert analysis.quality.grade in (("poor", "fair") if kind != "missing_class" else ("fair", "good"))


@pytest.mark.parametrize("split", [BY_TIME, {"strategy": "group", "key": "film", "parts": {"train": 50, "eval": 50}}])
def test_parts_that_are_alike_are_not_told_of(split):
    found, _ = issues(split)
    assert not {"unseen_users", "unseen_products", "one_class", "unseen_class", "missing_class"} & found.keys()


def test_a_split_that_holds_out_whole_users_or_what_they_belong_to_does_so_by_design():
    assert "unseen_users" not in issues({"strategy": "group", "key": "person"})[0]
    homes = {"part": lambda frame: frame["person"]}
    assert "unseen_users" not in issues({"strategy": "group", "key": "part"}, **homes)[0]
    alone = {"film": lambda frame: frame["person"].str[1:].astype(int)}
    assert "unseen_products" in issues({"strategy": "group", "key": "person"}, **alone)[0]


def test_a_label_of_many_values_is_a_number_and_has_no_classes():
    found, analysis = issues(BY_TIME, liked=lambda frame: pd.Series(range(len(frame))))
    assert "unseen_class" not in found
    assert [size.classes for size in analysis.splits] == [160, 40]


def test_a_label_changes_no_rows_and_what_is_kept_of_an_analysis_is_read_again():
    analysis = issues(BY_TIME)[1]
    assert type(analysis).from_dict(analysis.to_dict()) == analysis
    assert type(analysis).from_dict({**analysis.to_dict(), "splits": []}).splits == ()
    assert [size.classes for size in issues(BY_TIME, label=False)[1].splits] == [None, None]


def ending(end, **changes):
    given = NOBODY | {"columns": COLUMNS, "split": BY_TIME, "filters": [{"kind": "date_range", "end": end}]}
    return define(changed(given, **changes))


def test_a_partition_that_has_no_eval_because_its_rows_ended_is_refused(tmp_path):
    shop = engine({"visits": visits()})
    materialize(ending("2024-01-10"), [day(10), day(11)], engine=shop, root=tmp_path)
    with pytest.raises(DefinitionError, match=r"partition 2024-01-12: date_range ends with 2024-01-10, .* for eval"):
        materialize(ending("2024-01-10"), [day(10), day(12)], engine=shop, root=tmp_path)
    tested = ending("2024-01-10", split={**BY_TIME, "test_days": 1})
    with pytest.raises(DefinitionError, match="no day is left for test"):
        materialize(tested, [day(11)], engine=shop, root=tmp_path)
    hours = {"start": "2024-01-01", "cadence": "hourly"}
    late = [dt.datetime(2024, 1, 13, 0, tzinfo=dt.UTC)]
    with pytest.raises(DefinitionError, match="no day is left for eval"):
        materialize(ending("2024-01-10", name="hours", partitions=hours), late, engine=shop, root=tmp_path)


@pytest.mark.parametrize("cadence", ["daily", "weekly", "monthly", "hourly"])
def test_a_definition_none_of_whose_partitions_has_an_eval_is_refused(cadence):
    late = {"start": "2024-02-01", "cadence": cadence}
    with pytest.raises(ValidationError, match=r"eval_days: no partition has a day for eval: date_range ends with"):
        ending(dt.date(2024, 1, 10).isoformat(), partitions=late)


def test_a_label_of_a_type_that_has_no_classes_is_refused():
    shop = engine({"visits": visits(liked=lambda frame: [[1, 2]] * len(frame))})
    labelled = define(NOBODY | {"columns": COLUMNS})
    with pytest.raises(ValidationError, match=r"'liked' is ARRAY.*and a label is a number, a text"):
        analyze(labelled, day(10), schemas_of(labelled, DuckDBCatalog(shop)), shop)

"""What every method of the metric provider takes, and what it means for the number."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import sympy as sp
from returns.result import Failure, Result, Success

from docs.metrics import EXAMPLES, TODAY, sales
from dqx_core import InMemoryMetricDB, MetricProvider, ResultKey
from dqx_core.errors import DefinitionError, DqxError
from dqx_core.metrics.base import ScanMetric
from dqx_core.metrics.counts import NumRows
from dqx_core.metrics.registry import METRICS, register, spec_from_json
from dqx_core.states import Count
from dqx_core.symbols import SymbolRegistry
from tests.core.shop import record, recording, run, source, suite

YESTERDAY = TODAY - dt.timedelta(days=1)


class Asked:
    """Takes the place of a provider and says which method is called with what."""

    def __getattr__(self, name):
        return lambda *arguments, **options: (name, arguments, options)


def calls(**options):
    """The example of each metric as name, arguments and options, the latter replaced."""
    asked = [eval(example, {"mp": Asked()}) for example in EXAMPLES.values()]
    return [(name, arguments, {**own, "where": None} | options) for name, arguments, own in asked]


def test_there_is_a_method_for_every_metric_of_the_registry():
    assert [name for name, _, _ in calls()] == [metric.kind for metric in METRICS]


def test_every_method_takes_lag_dataset_where_and_tags_and_gives_a_symbol():
    registry = SymbolRegistry()
    mp = MetricProvider(registry)
    for name, arguments, options in calls(lag=2, dataset="sales", where="price > 5", tags={"split": "train"}):
        symbol = getattr(mp, name)(*arguments, **options)
        made = registry[symbol]
        assert isinstance(symbol, sp.Symbol)
        assert (made.spec.kind, made.lag_offset, made.dataset, made.tags) == (name, 2, "sales", {"split": "train"})
        assert made.spec.where == "price > 5"


def test_lag_where_and_tags_choose_the_rows_of_every_metric():
    table = sales().append_column("split", pa.array([("train", "eval")[i % 2] for i in range(sales().num_rows)]))

    def asking(**options):
        made = [
            (name, lambda mp, n=name, a=arguments, o=own: getattr(mp, n)(*a, **o))
            for name, arguments, own in calls(**options)
        ]
        return recording(**dict(made))

    chosen = (pc.field("yyyy_mm_dd") == YESTERDAY) & (pc.field("split") == "train") & (pc.field("price") > 7.0)
    rows = table.filter(chosen)
    assert 2 < rows.num_rows < table.num_rows / 5
    by_options = suite(asking(lag=1, where="price > 7", tags={"split": "train"})).run(
        [source(table, dimensions={"split": "split"})], ResultKey(TODAY, {"split": "eval"})
    )
    alone = suite(asking()).run([source(rows)], ResultKey(YESTERDAY))
    assert {r.assertion: r.metric for r in by_options} == {r.assertion: r.metric for r in alone}
    assert all(isinstance(r.metric, Success) for r in alone)


def test_over_no_rows_what_has_no_value_says_why():
    found = record(
        table=source().query(source().relation()).slice(0, 0),
        **{name: lambda mp, n=name: getattr(mp, n)("price") for name in ("sum", "average", "minimum", "maximum")},
        variance=lambda mp: mp.variance("price"),
        own=lambda mp: mp.custom_sql("SUM(price)"),
    )
    for name in ("sum", "average", "minimum", "maximum"):
        assert found[name] == (f"{name}(price) on 2024-01-10: no non-null values",)
    assert found["variance"] == ("variance(price) on 2024-01-10: needs 2 non-null values, has 0",)
    assert "null" in found["own"][0].lower()


def test_a_metric_of_metrics_inherits_lag_dataset_where_and_tags_of_its_base():
    registry = SymbolRegistry()
    mp = MetricProvider(registry)
    base = mp.average("price", lag=2, dataset="sales", where="price > 5", tags={"split": "train"})
    made = registry[mp.ext.change(base, days=3, lag=1)]
    (then,) = (registry[symbol] for symbol in made.required_metrics)
    assert (made.lag_offset, then.lag_offset, registry[made.base].lag_offset) == (3, 6, 3)
    for one in (made, then, registry[made.base]):
        assert (one.dataset, one.tags) == ("sales", {"split": "train"})
    assert then.spec == registry[made.base].spec == registry[base].spec
    elsewhere = registry[mp.ext.mean(mp.num_rows(), n=2, dataset="orders")]
    assert {registry[s].dataset for s in elsewhere.needs} == {elsewhere.dataset} == {"orders"}


@dataclass(frozen=True)
class EvenCount(ScanMetric):
    """Rows, if their number is even: a metric of somebody's own."""

    kind: ClassVar[str] = "even_count"

    @property
    def columns(self) -> Sequence[str]:
        return ()

    def aggregates(self, rows: Any, /) -> Mapping[str, Any]:
        return {"n": rows.count()}

    def state(self, seen: Mapping[str, Any], /) -> Count:
        return Count(int(seen["n"]))

    def value(self, state: Count, /) -> Result[Any, str]:
        return Failure("odd") if state.count % 2 else Success(state.count)


def test_a_metric_of_ones_own_is_a_class_and_a_line_and_is_measured_kept_and_read():
    check = recording(own=lambda mp: mp.metric(EvenCount()), before=lambda mp: mp.metric(EvenCount(), lag=1))
    with pytest.raises(DefinitionError, match=r"Write @register .* above class EvenCount"):
        run(check)
    with pytest.raises(DqxError, match=r"'even_count' is unknown to this process.*import its module first"):
        spec_from_json(EvenCount().json)
    assert register(EvenCount) is EvenCount
    db = InMemoryMetricDB()
    found = run(check, db=db)
    assert (found["own"].metric, found["before"].status) == (Success(10), "ERROR")
    assert "even_count() on 2024-01-09: odd" in found["before"].message
    assert {metric.spec for metric in db.search()} == {EvenCount()}


def test_a_module_that_is_loaded_again_registers_its_metric_again():
    again = type("EvenCount", (EvenCount,), {"__module__": EvenCount.__module__})
    assert register(EvenCount) is EvenCount
    register(again)
    assert type(spec_from_json(EvenCount().json)) is again
    register(EvenCount)


def test_a_kind_that_is_taken_is_refused():
    with pytest.raises(DefinitionError, match=r"Twin has kind 'num_rows', which is that of dqx_core\.metrics\.counts"):
        register(type("Twin", (NumRows,), {"kind": "num_rows"}))


def test_mp_metric_takes_any_spec():
    registry = SymbolRegistry()
    mp = MetricProvider(registry)
    assert registry[mp.metric(NumRows(where="price > 1"), lag=1)].identity == (
        registry[mp.num_rows(where="price > 1", lag=1)].identity
    )


@register
@dataclass(frozen=True)
class NumpyRows(NumRows):
    """Rows, as a number of numpy's."""

    kind: ClassVar[str] = "numpy_rows"

    def value(self, state: Count, /) -> Result[Any, str]:
        return Success(np.float64(state.count))


def test_the_numbers_that_are_judged_are_those_that_the_store_keeps():
    every = {f"{n}": lambda mp, e=example: eval(e, {"mp": mp}) for n, example in enumerate(EXAMPLES.values())}
    db = InMemoryMetricDB()
    for table in (sales(), sales().slice(0, 0)):
        ran = suite(recording(**every, numpy=lambda mp: mp.metric(NumpyRows())), db=db)
        ran.run([source(table)], ResultKey(TODAY))
        judged = sorted((s.metric, s.dataset, repr(s.value.value_or(None))) for s in ran.collect_symbols())
        assert len(judged) == len(METRICS) + 1
        assert judged == sorted(
            (s.metric, s.dataset, repr(s.value.value_or(None))) for s in db.symbols(ran.execution_id)
        )
        assert judged == sorted(
            (m.spec.name, m.dataset, repr(m.value.value_or(None))) for m in db.measured(ran.execution_id)
        )

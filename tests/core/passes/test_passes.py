"""The passes between the checks and the plan, one by one."""

from dataclasses import replace

from dqx_core import MetricProvider, ResultKey
from dqx_core.bounds import Bound, Operator
from dqx_core.graph import AssertionNode, CheckNode, Graph, RootNode
from dqx_core.passes import PASSES
from dqx_core.passes.deduplication import build_deduplication_map, deduplicate, prune_duplicate_symbols
from dqx_core.passes.imputation import impute_datasets
from dqx_core.passes.pruning import prune
from dqx_core.passes.validation import validate
from dqx_core.symbols import SymbolRegistry
from tests.core.shop import day, source


def graph_of(registry, *expressions, datasets=("sales",)):
    nodes = tuple(AssertionNode(f"a{i}", expression, Bound(Operator.NOOP)) for i, expression in enumerate(expressions))
    return Graph(RootNode("Suite", (CheckNode("Check", datasets, nodes),)), dict(registry))


def provider():
    registry = SymbolRegistry()
    return registry, MetricProvider(registry)


def problems_of(run, graph, sources=None):
    problems = []
    run(graph, sources, problems)
    return problems


def test_the_passes_run_in_the_order_of_the_specification():
    assert (impute_datasets, deduplicate, validate, prune) == PASSES


def test_a_symbol_and_all_it_needs_get_the_datasets_of_their_check():
    registry, mp = provider()
    moved = mp.ext.day_over_day(mp.ext.stddev(mp.num_rows(), n=2))
    imputed = impute_datasets(graph_of(registry, moved))
    assert {m.dataset for m in prune(imputed).symbols.values()} == {"sales"}


def test_without_datasets_the_suites_only_source_is_meant():
    registry, mp = provider()
    graph = graph_of(registry, mp.num_rows(), datasets=())
    assert [m.dataset for m in impute_datasets(graph, {"orders": source(name="orders")}).symbols.values()] == ["orders"]
    assert problems_of(impute_datasets, graph, {n: source(name=n) for n in ("orders", "sales")}) == [
        "Check 'Check': x_1 = num_rows() has no dataset and 2 could be meant: orders, sales. Name one: dataset='…'."
    ]


def test_the_lowest_numbered_of_equal_symbols_stays():
    registry, mp = provider()
    first, second, other = mp.num_rows(), mp.num_rows(), mp.num_rows(lag=1)
    graph = graph_of(registry, second + other)
    assert build_deduplication_map(graph.symbols) == {second: first}
    deduplicated = deduplicate(graph)
    assert deduplicated.root.checks[0].assertions[0].expression == first + other
    assert second not in deduplicated.symbols


def test_symbols_differ_in_parameters_lag_tags_and_dataset():
    registry, mp = provider()
    mp.num_rows(), mp.num_rows(where="a > 1"), mp.num_rows(lag=1), mp.num_rows(tags={"a": "b"})
    mp.num_rows(dataset="other"), mp.count(), mp.average("a"), mp.average("b")
    assert build_deduplication_map(dict(registry)) == {}


def test_with_a_key_tags_are_compared_as_they_come_out():
    registry, mp = provider()
    own, same, other = mp.num_rows(), mp.num_rows(tags={"split": "eval"}), mp.num_rows(tags={"split": "train"})
    evaluation = ResultKey(day(1), {"split": "eval"})
    assert build_deduplication_map(dict(registry), evaluation) == {same: own}
    assert other not in build_deduplication_map(dict(registry), evaluation)


def test_what_symbols_require_is_rewritten_to_what_stayed():
    registry, mp = provider()
    base = mp.num_rows()
    moved = mp.ext.day_over_day(base)
    yesterday = registry[moved].required_metrics[0]
    later = mp.num_rows(lag=1)
    kept = prune_duplicate_symbols(dict(registry), {yesterday: later})
    assert kept[moved].required_metrics == (later,)
    assert yesterday not in kept


def test_a_requirement_on_another_dataset_is_a_mismatch_unless_either_has_none():
    registry, mp = provider()
    moved = mp.ext.day_over_day(mp.num_rows(dataset="sales"))
    graph = graph_of(registry, moved)
    (yesterday,) = graph.symbols[moved].required_metrics
    elsewhere = {**graph.symbols, yesterday: replace(graph.symbols[yesterday], dataset="returns")}
    (problem,) = problems_of(validate, Graph(graph.root, elsewhere))
    assert problem.startswith("Dataset mismatch: x_3 = day_over_day(num_rows()) is on dataset 'sales', but its")
    assert "required metric x_2 = num_rows() [1 d earlier] is on dataset 'returns'" in problem
    nowhere = {**graph.symbols, yesterday: replace(graph.symbols[yesterday], dataset=None)}
    assert problems_of(validate, Graph(graph.root, nowhere)) == []


def test_requirements_that_run_in_a_circle_are_found_once():
    registry, mp = provider()
    one, other = mp.num_rows(), mp.count()
    graph = graph_of(registry, one)
    ring = {
        one: replace(graph.symbols[one], required_metrics=(other,)),
        other: replace(graph.symbols[other], required_metrics=(one,)),
    }
    assert problems_of(validate, Graph(graph.root, ring)) == [
        "Circular requirements: x_1 = num_rows() → x_2 = count() → x_1 = num_rows(). A metric cannot need itself."
    ]


def test_what_no_assertion_reaches_is_dropped_with_its_requirements():
    registry, mp = provider()
    rows = mp.num_rows()
    mp.ext.stddev(mp.average("price"), n=3)
    assert list(prune(graph_of(registry, rows + 1)).symbols) == [rows]

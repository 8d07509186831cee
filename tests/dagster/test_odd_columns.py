"""In Dagster a column that is gone is an ERROR of the checks that use it: of all of them, if need be."""

import dagster as dg
import pyarrow as pa
import pytest

from dqx_core import DuckRelationDataSource, Suite, check
from dqx_dagster import MetricStore, suite_checks


@pytest.mark.parametrize("columns", [{"id": [1, 2]}, {"price": ["a", "b"], "id": [1, 2]}])
@pytest.mark.parametrize("beside", [True, False])
def test_checks_of_a_column_that_is_not_what_it_was_are_errors_and_no_failed_step(columns, beside, tmp_path):
    @dg.asset
    def orders():
        pass

    @check(name="Orders", datasets=["orders"])
    def body(mp, ctx):
        ctx.assert_that(mp.average("price")).where(name="price").is_positive()
        if beside:
            ctx.assert_that(mp.num_rows()).where(name="rows").is_positive()

    def rows(_):
        return DuckRelationDataSource.from_arrow(pa.table(columns), "orders", date_column=None)

    checks = suite_checks(Suite("Orders", [body]), orders, engine=None, source=rows)
    with dg.DagsterInstance.ephemeral() as instance:
        run = dg.materialize(
            [orders, checks],
            instance=instance,
            raise_on_error=False,
            resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'm.db'}")},
        )
    told = {each.check_name: each for each in run.get_asset_check_evaluations()}
    assert len(told) == (2 if beside else 1)
    for name, each in told.items():
        assert each.passed is name.endswith("rows")
        if not each.passed:
            assert "'price'" in str(each.description) + str(each.metadata)

"""What one statement reads under a condition of its own does not change what another one counts."""

import pyarrow as pa

from dqx_core import DuckRelationDataSource, ResultKey
from dqx_core.metrics.counts import NumRows
from dqx_core.metrics.custom import CustomSql
from tests.core.cases import DAYS, measure


def test_rows_are_counted_whatever_condition_sql_of_ones_own_has():
    table = pa.table({"n": [1, -1, -2], "s": ["a", "bb", "ccc"]})
    source = DuckRelationDataSource.from_arrow(table, "t", date_column=None)
    specs = [NumRows(), CustomSql("MAX(LENGTH(s))", where="n > 0")]

    found = {spec: state for (spec, _, _), state in measure(source, specs, ResultKey(DAYS[0])).items()}

    assert [spec.value(found[spec].unwrap()).unwrap() for spec in specs] == [3, 1]

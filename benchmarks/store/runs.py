"""The runs that stores are filled with, made from a seed in the shape of real ones.

Ten datasets, one execution each a day of 1,000 numbers, of which 220 are measured and 780 carried forward: 20 metrics
over a window of 30 days, 200 compared with the day before.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Generator, Sequence
from fractions import Fraction

from dqx_core.keys import ResultKey
from dqx_core.metrics.base import MetricSpec
from dqx_core.metrics.counts import CountValues, NullCount, NumRows
from dqx_core.metrics.distinct import UniqueCount
from dqx_core.metrics.extremes import Maximum, Minimum
from dqx_core.metrics.metric import Metric
from dqx_core.metrics.moments import Average, Sum
from dqx_core.states import Alone, Count, Greatest, Least, State, Total
from dqx_core.store import Execution

DATASETS = [f"shop.table_{n}" for n in range(10)]
WINDOWED, COMPARED, WINDOW = 20, 200, 30
FIRST_DAY = dt.date(2022, 1, 1)


def spec(number: int) -> MetricSpec:
    """The nth metric of a dataset: half of them counts, as in real suites."""
    kinds: list[Callable[[str], MetricSpec]] = [
        NullCount,
        Average,
        lambda column: CountValues(column, ("NL", "BE")),
        Minimum,
        NullCount,
        Maximum,
        Sum,
        NullCount,
        UniqueCount,
        lambda column: NumRows(where=f"{column} > 0"),
    ]
    return kinds[number % 10](f"column_{number}")


SPECS = [spec(number) for number in range(WINDOWED + COMPARED)]


def state(metric: MetricSpec, rng: random.Random) -> State:
    """A state with as many digits as a table of a million rows gives it."""
    match metric:
        case Average() | Sum():
            return Total(rng.randrange(10**6), Fraction(rng.getrandbits(70), 2**46))
        case Minimum():
            return Least(round(rng.uniform(0, 10), 2))
        case Maximum():
            return Greatest(round(rng.uniform(900, 1000), 2))
        case UniqueCount():
            return Alone(rng.randrange(10**5))
    return Count(rng.randrange(10**6))


def runs(days: int, rng: random.Random) -> Generator[tuple[Execution, list[Metric]], Sequence[Metric] | None, None]:
    """One execution after the other, each with its thousand numbers.

    Whoever sends back what a store made of them has those carried forward, as a planner carries what a store gave.
    """
    past: dict[str, list[Sequence[Metric]]] = {dataset: [] for dataset in DATASETS}
    for number in range(days):
        key = ResultKey(FIRST_DAY + dt.timedelta(days=number))
        for dataset in DATASETS:
            execution_id = f"{rng.getrandbits(128):032x}"
            version = f"{rng.getrandbits(128):032x}"
            today = [Metric.build(metric, key, state(metric, rng), dataset, execution_id, version) for metric in SPECS]
            earlier = past[dataset]
            carried = [m for day in earlier for m in day[:WINDOWED]]
            carried += [m for day in earlier[-1:] for m in day[WINDOWED:]]
            execution = Execution(
                execution_id, f"Suite of {dataset}", (key,), data_sources=(dataset,), origin="benchmark"
            )
            kept = yield execution, today + [m.carried_into(execution_id) for m in carried]
            past[dataset] = [*earlier, (kept or today)[: len(today)]][1 - WINDOW :]


def count(day: int) -> int:
    """How many numbers ten executions of the nth day hold."""
    before = min(day, WINDOW - 1)
    return len(DATASETS) * (WINDOWED * (1 + before) + COMPARED * (1 + min(day, 1)))

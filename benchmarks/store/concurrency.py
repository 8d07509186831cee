"""Processes that persist in one store and read it back, all at once."""

from __future__ import annotations

import datetime as dt
import time
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

from benchmarks.store.runs import FIRST_DAY
from dqx_core.errors import StoreError
from dqx_core.keys import ResultKey
from dqx_core.metrics.counts import NumRows
from dqx_core.metrics.metric import Metric
from dqx_core.states import Count
from dqx_core.store import Execution, MetricDB

PROCESSES, ROUNDS = 8, 200


def work_beside_others(url: str, worker: int, barrier: Barrier, results: Queue[Any]) -> None:
    """Persist and read round after round; how long each took, and what went wrong."""
    db = MetricDB(url)
    writes, reads, wrong = [], [], []
    barrier.wait()
    for number in range(ROUNDS):
        execution_id, key = f"run-{worker}-{number}", ResultKey(FIRST_DAY + dt.timedelta(days=number))
        metrics = [Metric.build(NumRows(), key, Count(number), f"dataset-{n}", execution_id) for n in range(20)]
        try:
            began = time.perf_counter()
            db.persist(metrics, execution=Execution(execution_id, suite="Concurrent", keys=(key,)))
            writes.append(time.perf_counter() - began)
            began = time.perf_counter()
            found = db.measured(execution_id)
            reads.append(time.perf_counter() - began)
            if [m.value for m in found] != [m.value for m in metrics]:
                wrong.append(f"{execution_id} is not what was persisted")
        except StoreError as error:
            wrong.append(str(error))
    results.put((writes, reads, wrong))


def concurrency(name: str, url: str) -> str:
    """One row of the table of processes that persist and read at once."""
    MetricDB(url).close()
    context = get_context("spawn")
    barrier, results = context.Barrier(PROCESSES + 1), context.Queue()
    workers = [
        context.Process(target=work_beside_others, args=(url, worker, barrier, results)) for worker in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    barrier.wait()
    began = time.perf_counter()
    told = [results.get() for _ in workers]
    took = time.perf_counter() - began
    for worker in workers:
        worker.join()
    writes = sorted(second for seconds, _, _ in told for second in seconds)
    reads = sorted(second for _, seconds, _ in told for second in seconds)
    wrong = [what for _, _, some in told for what in some]
    db = MetricDB(url)
    lost = PROCESSES * ROUNDS * 20 - len(db.search())
    db.close()

    def at(seconds: list[float], share: float) -> str:
        return f"{seconds[min(int(len(seconds) * share), len(seconds) - 1)] * 1_000:,.1f}"

    return (
        f"| {name} | {len(writes):,} | {len(wrong)} | {lost} | {len(writes) / took:,.0f} | {at(writes, 0.5)} | "
        f"{at(writes, 0.99)} | {at(writes, 1)} | {at(reads, 0.5)} | {at(reads, 0.99)} |"
    )

"""Two builds side by side: `python -m benchmarks against OTHER_CHECKOUT [engine plugin store] [words of a line …]`.

Each build runs in a process of its own, from its own `.venv` and with its own benchmarks, and both take turns, line by
line. What is compared is the time of the processors, of children too, as others on the machine disturb that least.
A line's ratio is the median of those of its rounds, this build's seconds by the other's; below 1 this one is faster.
"""

from __future__ import annotations

import json
import logging
import os
import random
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).parents[1]
LEAST, MOST, SECONDS = 5, 41, 40.0
"""Rounds of a line: as many as fit into these seconds, within these bounds."""
DAYS = 50
"""How far a store is filled, one turn a day: more than a window, and half a million numbers."""

Lines = dict[str, Callable[[], float | dict[str, float]]]
"""What a process of one build can be asked for: seconds, or those of several lines at once."""


def _spent() -> float:
    """Seconds of the processors, of this process and of those that it waited for."""
    return time.process_time() + sum(os.times()[2:4])


CLOCK = SimpleNamespace(perf_counter=_spent, process_time=_spent)
"""What the benchmarks of a build read in place of the clock."""


def engine_lines(folder: Path, _stack: ExitStack) -> Lines:
    """Suites over rows in files, and everything but the scan."""
    from benchmarks import engine

    vars(engine)["time"] = CLOCK
    lines: Lines = {}
    for count in (1_000, 10_000):
        lines[f"{count:,} assertions"] = partial(engine._overhead, count)
        lines[f"{count:,} assertions, in a file"] = partial(engine._overhead, count, folder)
    nothing = "small suite from nothing"

    def rows() -> Path:
        if not (made := folder / "made").exists():  # both builds read the same
            engine.make_data(folder, engine.ROWS, engine.DAYS)
            engine.make_data(folder, 100_000, 1)
            made.touch()
        return folder

    def of_rows(name: str) -> float:
        run = engine._tasks(rows())[name]()
        began = _spent()
        run()
        return _spent() - began

    tasks = [name for name in engine._tasks(folder) if "suite" in name and name != nothing]
    lines |= {name: partial(of_rows, name) for name in tasks}
    lines["the next day"] = lambda: engine._next_day(rows())[0]
    lines[nothing] = lambda: engine._process("-m", "benchmarks.engine", str(rows()), nothing)
    lines["import dqx_core"] = lambda: engine._process("-c", "import dqx_core")
    return lines


def plugin_lines(folder: Path, stack: ExitStack) -> Lines:
    """Runs of asset checks, and code locations."""
    import dagster as dg

    from benchmarks import plugin
    from dqx_dagster import suite_checks

    vars(plugin)["time"] = CLOCK
    (own := folder / f"plugin-{os.getpid()}").mkdir()
    bench = plugin.Bench(own, stack.enter_context(dg.DagsterInstance.ephemeral(tempdir=str(own))))
    fifty, ten = (
        bench.job(suite_checks(plugin.suite_of(count), plugin.feed, source=bench.source, engine=None))
        for count in (50, 10)
    )
    days = plugin.DAYS.get_partition_keys()
    year = {"dagster/asset_partition_range_start": days[0], "dagster/asset_partition_range_end": days[-1]}
    coming = cycle(days)

    def loading(code: str) -> float:
        return plugin.in_a_process(code).processors

    return {
        "50 checks, one partition": lambda: bench.run(fifty, partition_key="2025-06-01").processors,
        "10 checks, 5 of 365 runs": lambda: sum(
            bench.run(ten, partition_key=day).processors for day in islice(coming, 5)
        ),
        "10 checks, one run over 365 dates": lambda: bench.run(ten, tags=year).processors,
        "import dqx_dagster": lambda: loading(plugin.IMPORT.format(what="import dqx_dagster")),
        "100 datasets and 100 suites": lambda: loading(plugin.LOCATION),
    }


def store_lines(folder: Path, stack: ExitStack) -> Lines:
    """A store in a file: filled, then read and written."""
    from benchmarks.store import filled, runs
    from dqx_core.store import MetricDB

    vars(filled)["time"] = CLOCK
    url = f"sqlite:///{folder / f'store-{os.getpid()}.db'}"
    db = MetricDB(url)
    stack.callback(db.close)
    filled.LOCATIONS[db.name] = url
    coming = runs.runs(DAYS, random.Random(1))
    state = SimpleNamespace(days=0, held=0, written=None)

    def fill() -> float:
        took = 0.0
        for _ in runs.DATASETS:
            execution, metrics = coming.send(state.written)
            began = _spent()
            state.written = db.persist(metrics, execution=execution)
            took += _spent() - began
            state.held += len(metrics)
        state.days += 1
        return took

    def measure() -> dict[str, float]:
        while state.days < DAYS:
            fill()
        found = filled.Filled(db.name, state.held, (info := db.info()).bytes, 0)
        filled.measure(db, DAYS, found)
        return {**found.figures, "bytes a number": info.bytes / info.numbers}

    return {"fill": fill, "measure": measure}


GROUPS: dict[str, Callable[[Path, ExitStack], Lines]] = {
    "engine": engine_lines,
    "plugin": plugin_lines,
    "store": store_lines,
}


def _serve(group: str, folder: Path) -> None:
    """In a process of a build: say which lines there are, then run each that is asked for."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    told, sys.stdout = sys.stdout, sys.stderr
    with ExitStack() as stack:
        lines = GROUPS[group](folder, stack)
        print(json.dumps(list(lines)), file=told, flush=True)
        for asked in sys.stdin:
            print(json.dumps(lines[asked.strip()]()), file=told, flush=True)


class Build:
    """The process of one build."""

    def __init__(self, checkout: Path, group: str, folder: Path) -> None:
        self._checkout = checkout
        python = checkout / ".venv" / "bin" / "python"
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self._process = subprocess.Popen(
            [python, "-P", "-W", "ignore", __file__, group, folder],
            cwd=checkout,
            env=environment | {"PYTHONPATH": str(checkout)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = self._told()

    def ask(self, line: str) -> dict[str, float]:
        """Run a line once."""
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        told = self._told()
        return told if isinstance(told, dict) else {line: told}

    def close(self) -> None:
        """Let the process end."""
        self._process.communicate()

    def _told(self) -> Any:
        assert self._process.stdout
        if not (line := self._process.stdout.readline()):
            sys.exit(f"The process of {self._checkout} ended.")
        return json.loads(line)


def compare(builds: list[Build], line: str) -> dict[str, list[tuple[float, ...]]]:
    """The seconds of both builds, round by round; the first round warms up."""
    found: dict[str, list[tuple[float, ...]]] = {}
    began = time.perf_counter()
    most = DAYS if line == "fill" else MOST
    for number in range(most):
        turns = builds if number % 2 else builds[::-1]
        told = {build: build.ask(line) for build in turns}
        if number:
            for name in told[builds[0]]:
                found.setdefault(name, []).append(tuple(told[build][name] for build in builds))
        if line != "fill" and number >= LEAST and time.perf_counter() - began > SECONDS:
            break
    return found


def main(checkout: str, *words: str) -> None:
    """Print a table of ratios: of all groups, or those that are named, and of lines with one of the other words."""
    other = Path(checkout).resolve()
    groups = [word for word in words if word in GROUPS] or list(GROUPS)
    wanted = [word for word in words if word not in GROUPS]
    print(f"| {HERE.name} : {other.name} | ratio | quartiles | s | other s | rounds |\n|---|---|---|---|---|---|")
    with TemporaryDirectory(prefix="dqx-against-") as name:
        folder = Path(name)
        for group in groups:
            builds = [Build(HERE, group, folder), Build(other, group, folder)]
            for line in builds[0].lines:
                if wanted and not any(word in line for word in wanted):
                    continue
                for each, seconds in compare(builds, line).items():
                    low, middle, high = statistics.quantiles((ours / theirs for ours, theirs in seconds), n=4)
                    ours, theirs = (statistics.median(times) for times in zip(*seconds, strict=True))
                    print(
                        f"| {group}: {each} | {middle:.2f} | {low:.2f} to {high:.2f} | {ours:.4g} | {theirs:.4g} "
                        f"| {len(seconds)} |",
                        flush=True,
                    )
            for build in builds:
                build.close()


if __name__ == "__main__":
    _serve(sys.argv[1], Path(sys.argv[2]))

"""What is looked up by hash finds its place in another process too, where text hashes differ."""

from __future__ import annotations

import datetime as dt
import os
import pickle
import subprocess
import sys

from dqx_core.keys import ResultKey, Tags
from dqx_core.metrics.distinct import UniqueCount
from dqx_core.metrics.moments import Average

DAY = dt.date(2024, 2, 29)

THERE = """
import pickle, sys
found = pickle.loads(sys.stdin.buffer.read())
from dqx_core.keys import ResultKey, Tags
from dqx_core.metrics.distinct import UniqueCount
from dqx_core.metrics.moments import Average
import datetime as dt
tags = Tags({"split": "train"})
key = ResultKey(dt.date.fromisoformat(sys.argv[1]), tags)
fresh = [tags, key, Average("price"), UniqueCount("user", where="a > 1")]
assert fresh == found
assert all(one in {other: 1} for one, other in zip(fresh, found))
"""


def test_keys_tags_and_metrics_are_found_after_a_journey_between_processes() -> None:
    tags = Tags({"split": "train"})
    sent = [tags, ResultKey(DAY, tags), Average("price"), UniqueCount("user", where="a > 1")]
    assert len({hash(one) for one in sent}) == 4  # hashed here already: what is kept of that must not travel
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", THERE, DAY.isoformat()],
            input=pickle.dumps(sent),
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )

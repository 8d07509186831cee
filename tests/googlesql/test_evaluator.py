"""The evaluator as the tests use it."""

from concurrent.futures import ThreadPoolExecutor

from tests.googlesql.evaluator import analyze, evaluate, needed

pytestmark = needed()


def test_threads_take_turns():
    tables = {"t": {"n": "INT64"}}

    def both(number):
        analyze(f"SELECT n + {number} AS m FROM t", tables)
        return evaluate(f"SELECT n + {number} AS m FROM t", {"t": (tables["t"], [{"n": 1}])})

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(both, range(40))) == [[{"m": 1 + number}] for number in range(40)]

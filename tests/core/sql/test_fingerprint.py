"""FARM_FINGERPRINT is BigQuery's, in both implementations and on DuckDB."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from dqx_core.engines.duckdb import DuckDB
from dqx_core.sql.fingerprint import fingerprints, register, with_farmhash, with_numpy

VECTORS = json.loads(Path(__file__).with_name("farm_fingerprint.json").read_text("utf-8"))["vectors"]
IMPLEMENTATIONS = pytest.mark.parametrize("hashed", [with_farmhash, with_numpy], ids=["pyfarmhash", "numpy"])


def call(text: object) -> exp.Select:
    node = exp.Null() if text is None else exp.Literal.string(text)
    return exp.select(exp.FarmFingerprint(expressions=[exp.cast(node, "text")]).as_("h"))


@IMPLEMENTATIONS
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary()], ids=str)
def test_published_fingerprints_match(hashed, kind):
    texts = pa.array([text.encode() for text in VECTORS], pa.binary()).cast(kind)
    assert hashed(texts).to_pylist() == list(VECTORS.values())


@given(st.lists(st.none() | st.binary(max_size=300), max_size=20), st.integers(0, 5))
def test_both_implementations_agree_on_bytes(values, skipped):
    values = pa.array(values, pa.binary()).slice(min(skipped, len(values)))
    assert with_numpy(values).equals(with_farmhash(values))


@given(st.lists(st.none() | st.text(max_size=100), max_size=20), st.lists(st.text(max_size=3), max_size=3))
def test_both_implementations_agree_on_text_in_chunks(first, second):
    texts = pa.chunked_array([pa.array(first, pa.string()), pa.array(second, pa.string())])
    assert with_numpy(texts).equals(with_farmhash(texts))


def test_both_implementations_agree_on_every_length():
    values = pa.array([bytes((7 * i + size) % 256 for i in range(size)) for size in range(400)], pa.binary())
    assert with_numpy(values).equals(with_farmhash(values))


def test_duckdb_has_the_published_fingerprints():
    engine = DuckDB()
    found = {text: engine.run(call(text))["h"][0].as_py() for text in VECTORS if "\0" not in text}
    assert found == {text: value for text, value in VECTORS.items() if "\0" not in text}


def test_a_column_of_many_batches_keeps_its_order_and_its_nulls():
    engine = DuckDB()
    texts = [None if i % 7 == 0 else f"customer {i}" for i in range(10_000)]
    engine.connection.register("texts", pa.table({"t": texts}))
    query = exp.select("t", exp.FarmFingerprint(expressions=[exp.column("t")]).as_("h")).from_("texts")
    table = engine.run(query)
    assert table["t"].to_pylist() == texts
    assert table["h"].to_pylist() == fingerprints()(pa.array(texts)).to_pylist()


def test_null_gives_null():
    assert DuckDB().run(call(None))["h"].to_pylist() == [None]


@pytest.mark.parametrize("argument", ["42", "DATE '2024-01-01'", "'a'::BLOB", "1.5"])
def test_what_is_not_text_is_refused(argument):
    connection = duckdb.connect()
    register(connection)
    with pytest.raises(duckdb.BinderException):
        connection.execute(f"SELECT FARM_FINGERPRINT({argument})")


def test_registering_again_does_nothing_on_the_connection_and_its_cursors():
    connection = duckdb.connect()
    for each in (connection, connection, connection.cursor(), connection.cursor().cursor()):
        register(each)
    assert connection.cursor().execute("SELECT FARM_FINGERPRINT('foo')").fetchall() == [(VECTORS["foo"],)]


def test_many_threads_may_register_at_once():
    connection = duckdb.connect()
    broken: list[BaseException] = []

    def run() -> None:
        try:
            register(connection.cursor())
        except duckdb.Error as error:
            broken.append(error)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []


def test_an_engine_over_a_cursor_and_one_over_its_connection_both_hash():
    connection = duckdb.connect()
    for engine in (DuckDB(connection), DuckDB(connection.cursor()), DuckDB(connection)):
        assert engine.run(call("foo"))["h"].to_pylist() == [VECTORS["foo"]]
        assert engine.schema(call("foo")) == {"h": "BIGINT"}

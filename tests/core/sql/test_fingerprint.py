"""FARM_FINGERPRINT is BigQuery's: the published values, those of FarmHash itself on whatever text, and on DuckDB."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import duckdb
import farmhash
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from dqx_core.engines.duckdb import DuckDB
from dqx_core.sql.fingerprint import fingerprints, register

VECTORS = json.loads(Path(__file__).with_name("farm_fingerprint.json").read_text("utf-8"))["vectors"]


def call(text: object) -> exp.Select:
    node = exp.Null() if text is None else exp.Literal.string(text)
    return exp.select(exp.FarmFingerprint(expressions=[exp.cast(node, "text")]).as_("h"))


KINDS = [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary()]


def farmhashed(values: list[str | bytes | None]) -> list[int | None]:
    """By FarmHash in C++."""
    unsigned = [None if value is None else farmhash.fingerprint64(value) for value in values]
    return [None if hash_ is None else (hash_ + 2**63) % 2**64 - 2**63 for hash_ in unsigned]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_published_fingerprints_match(kind):
    texts = pa.array([text.encode() for text in VECTORS], pa.binary()).cast(pa.string()).cast(kind)
    assert fingerprints(texts).to_pylist() == list(VECTORS.values())


@given(st.lists(st.none() | st.binary(max_size=300), max_size=20), st.integers(0, 5))
def test_bytes_hash_as_farmhash_does(values, skipped):
    skipped = min(skipped, len(values))
    assert fingerprints(pa.array(values, pa.binary()).slice(skipped)).to_pylist() == farmhashed(values[skipped:])


@given(st.lists(st.none() | st.text(max_size=100), max_size=20), st.lists(st.text(max_size=3), max_size=3))
def test_text_in_chunks_hashes_as_farmhash_does(first, second):
    texts = pa.chunked_array([pa.array(first, pa.string()), pa.array(second, pa.string())])
    assert fingerprints(texts).to_pylist() == farmhashed(first + second)


def text_of(size, shift=0):
    return bytes((7 * i + size + 31 * shift) % 256 for i in range(size))


def test_every_length_hashes_as_farmhash_does():
    values = [text_of(size) for size in range(400)]
    assert fingerprints(pa.array(values, pa.binary())).to_pylist() == farmhashed(values)


@pytest.mark.parametrize("skipped", [0, 3])
@pytest.mark.parametrize("size", [0, 1, 3, 4, 7, 8, 16, 17, 32, 33, 64, 65, 128, 129])
def test_texts_of_one_length_hash_as_farmhash_does(size, skipped):
    values = [text_of(size, shift) for shift in range(9)]
    assert fingerprints(pa.array(values, pa.binary()).slice(skipped)).to_pylist() == farmhashed(values[skipped:])


@given(st.integers(0, 70), st.integers(0, 8), st.lists(st.booleans(), min_size=1, max_size=12))
def test_lengths_of_one_class_and_nulls_between_them_hash_as_farmhash_does(size, wider, there):
    values = [text_of(size + n % (wider + 1), n) if known else None for n, known in enumerate(there)]
    assert fingerprints(pa.array(values, pa.binary())).to_pylist() == farmhashed(values)


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
    assert table["h"].to_pylist() == farmhashed(texts)


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

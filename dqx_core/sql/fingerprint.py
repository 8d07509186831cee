"""FARM_FINGERPRINT on DuckDB: the same 64-bit hash BigQuery has, so that a split is the same split on both."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    Words = npt.NDArray[np.uint64]

_registering = threading.Lock()


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make FARM_FINGERPRINT(text) callable on a connection and its cursors; registering again does nothing.

    It loads pyarrow, so call it before the first statement that needs the function, not before. Null gives null;
    a number, date or blob is refused by DuckDB, as BigQuery refuses a number or date.
    """
    implementation = fingerprints()

    def farm_fingerprint(texts: Any) -> Any:  # DuckDB evaluates the annotations, so they name nothing lazy
        return implementation(texts)

    with _registering:
        known = "SELECT 1 FROM duckdb_functions() WHERE function_name = 'farm_fingerprint' LIMIT 1"
        if not connection.execute(known).fetchall():
            # The type's name in place of its enum: only the engine imports DuckDB.
            connection.create_function("farm_fingerprint", farm_fingerprint, ["VARCHAR"], "BIGINT", type="arrow")  # type: ignore[call-overload]


def fingerprints() -> Callable[[Any], pa.Array]:
    """The fastest implementation there is here: pyfarmhash, else numpy."""
    try:
        import farmhash  # noqa: F401
    except ImportError:
        return with_numpy
    return with_farmhash


def with_farmhash(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Signed fingerprints of an Arrow array of strings or bytes, by pyfarmhash."""
    import pyarrow as pa
    from farmhash import fingerprint64

    values = texts.to_pylist()
    hashes = np.fromiter((0 if v is None else fingerprint64(v) for v in values), np.uint64, len(values))
    return pa.array(hashes.view(np.int64), mask=_nulls(texts))


def with_numpy(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Signed fingerprints of an Arrow array of strings or bytes, where pyfarmhash is not installed."""
    import pyarrow as pa

    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    whole = whole.cast(pa.large_binary())
    _, offsets, content = whole.buffers()
    if len(whole) == 0:
        return pa.array([], pa.int64())
    edges = np.frombuffer(offsets, np.int64)[whole.offset : whole.offset + len(whole) + 1]
    # Words are read eight bytes at a time, so the last text needs something behind it.
    data = np.concatenate(
        [np.frombuffer(content, np.uint8) if content else np.empty(0, np.uint8), np.zeros(8, np.uint8)]
    )
    return pa.array(farm_fingerprint64(data, edges[:-1], np.diff(edges)).view(np.int64), mask=_nulls(texts))


def _nulls(texts: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.bool_] | None:
    return (
        texts.is_null().to_numpy(**({} if hasattr(texts, "num_chunks") else {"zero_copy_only": False}))
        if texts.null_count
        else None
    )


# FarmHash's `farmhashna::Hash64` (Geoff Pike, 2014), every text of one length class at once.

_K0, _K1, _K2 = (np.uint64(k) for k in (0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F))


def farm_fingerprint64(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]
) -> Words:
    """Fingerprints of the texts of these `sizes` that begin at `starts` in `data`."""
    result = np.full(len(starts), _K2, np.uint64)  # that of the empty text
    for low, high, hashed in ((1, 4, _to_3), (4, 8, _to_7), (8, 17, _to_16), (17, 33, _to_32), (33, 65, _to_64)):
        here = np.flatnonzero((sizes >= low) & (sizes < high))
        if len(here):
            result[here] = hashed(data, starts[here], sizes[here])
    here = np.flatnonzero(sizes > 64)
    if len(here):
        result[here] = _beyond_64(data, starts[here], sizes[here])
    return result


def _word(data: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], size: int = 8) -> Words:
    """The little-endian words of `size` bytes at these places."""
    word = np.zeros(len(at), np.uint64)
    for i in range(size):
        word |= data[at + i].astype(np.uint64) << np.uint64(8 * i)
    return word


def _rotated(word: Words, by: int) -> Words:
    return (word >> np.uint64(by)) | (word << np.uint64(64 - by))


def _mixed(word: Words) -> Words:
    return word ^ (word >> np.uint64(47))


def _joined(u: Words, v: Words, factor: Words) -> Words:
    return _mixed((v ^ _mixed((u ^ v) * factor)) * factor) * factor


def _to_3(data: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], size: npt.NDArray[np.int64]) -> Words:
    y = _word(data, at, 1) + (_word(data, at + (size >> 1), 1) << np.uint64(8))
    z = size.astype(np.uint64) + (_word(data, at + size - 1, 1) << np.uint64(2))
    return _mixed((y * _K2) ^ (z * _K0)) * _K2


def _to_7(data: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], size: npt.NDArray[np.int64]) -> Words:
    n = size.astype(np.uint64)
    return _joined(n + (_word(data, at, 4) << np.uint64(3)), _word(data, at + size - 4, 4), _K2 + n * np.uint64(2))


def _to_16(data: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], size: npt.NDArray[np.int64]) -> Words:
    factor = _K2 + size.astype(np.uint64) * np.uint64(2)
    a, b = _word(data, at) + _K2, _word(data, at + size - 8)
    return _joined(_rotated(b, 37) * factor + a, (_rotated(a, 25) + b) * factor, factor)


def _to_32(data: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], size: npt.NDArray[np.int64]) -> Words:
    factor = _K2 + size.astype(np.uint64) * np.uint64(2)
    a, b = _word(data, at) * _K1, _word(data, at + 8)
    c, d = _word(data, at + size - 8) * factor, _word(data, at + size - 16) * _K2
    return _joined(_rotated(a + b, 43) + _rotated(c, 30) + d, a + _rotated(b + _K2, 18) + c, factor)


def _to_64(data: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], size: npt.NDArray[np.int64]) -> Words:
    factor = _K2 + size.astype(np.uint64) * np.uint64(2)
    a, b = _word(data, at) * _K2, _word(data, at + 8)
    c, d = _word(data, at + size - 8) * factor, _word(data, at + size - 16) * _K2
    y = _rotated(a + b, 43) + _rotated(c, 30) + d
    z = _joined(y, a + _rotated(b + _K2, 18) + c, factor)
    e, f = _word(data, at + 16) * factor, _word(data, at + 24)
    g, h = (y + _word(data, at + size - 32)) * factor, (z + _word(data, at + size - 24)) * factor
    return _joined(_rotated(e + f, 43) + _rotated(g, 30) + h, e + _rotated(f + a, 18) + g, factor)


def _beyond_64(data: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], size: npt.NDArray[np.int64]) -> Words:
    n = len(at)
    seed = np.uint64(81)
    with np.errstate(over="ignore"):
        y = np.full(n, seed * _K1 + np.uint64(113))
        z = _mixed(y * _K2 + np.uint64(113)) * _K2
        x = np.full(n, seed * _K2) + _word(data, at)
    state = (x, y, z, *np.zeros((4, n), np.uint64))
    chunks = (size - 1) // 64
    factor = np.full(n, _K1)
    one, nine = np.uint64(1), np.uint64(9)
    for chunk in range(int(chunks.max())):
        more = np.flatnonzero(chunks > chunk)  # texts that go on
        stirred = _stirred(data, at[more] + 64 * chunk, factor[more], one, *(part[more] for part in state))
        for part, new in zip(state, stirred, strict=True):
            part[more] = new
    x, y, z, v1, v2, w1, w2 = state
    factor = _K1 + ((z & np.uint64(0xFF)) << one)
    w1 = w1 + ((size - 1) & 63).astype(np.uint64)
    v1 = v1 + w1
    w1 = w1 + v1
    x, y, z, v1, v2, w1, w2 = _stirred(data, at + size - 64, factor, nine, x, y, z, v1, v2, w1, w2)
    return _joined(_joined(v1, w1, factor) + _mixed(y) * _K0 + z, _joined(v2, w2, factor) + x, factor)


def _stirred(
    data: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], factor: Words, weight: np.uint64,
    x: Words, y: Words, z: Words, v1: Words, v2: Words, w1: Words, w2: Words,
) -> tuple[Words, ...]:  # fmt: skip
    """One round over 64 bytes."""
    words = [_word(data, at + 8 * i) for i in range(8)]
    x = _rotated(x + y + v1 + words[1], 37) * factor
    y = _rotated(y + v2 + words[6], 42) * factor
    x = x ^ (w2 * weight)
    y = y + v1 * weight + words[5]
    z = _rotated(z + w1, 33) * factor
    v1, v2 = _weakly(words[:4], v2 * factor, x + w1)
    w1, w2 = _weakly(words[4:], z + w2, y + words[2])
    return z, y, x, v1, v2, w1, w2


def _weakly(words: list[Words], a: Words, b: Words) -> tuple[Words, Words]:
    a = a + words[0]
    b = _rotated(b + a + words[3], 21)
    c = a
    a = a + words[1] + words[2]
    return a + words[3], b + _rotated(a, 44) + c

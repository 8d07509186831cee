"""FARM_FINGERPRINT on DuckDB: the same 64-bit hash BigQuery has, so that a split is the same split on both."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    Words = npt.NDArray[np.uint64]

_registering = threading.Lock()
_hashing = threading.Lock()
"""One thread hashes at a time: numpy lets go of the interpreter in every step, and threads that take turns at each
step take longer than one that is let finish."""


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make FARM_FINGERPRINT(text) callable on a connection and its cursors; registering again does nothing.

    It loads pyarrow, so call it before the first statement that needs the function, not before. Null gives null;
    a number, date or blob is refused by DuckDB, as BigQuery refuses a number or date.
    """

    def farm_fingerprint(texts: Any) -> Any:  # DuckDB evaluates the annotations, so they name nothing lazy
        with _hashing:
            return fingerprints(texts)

    with _registering:
        known = "SELECT 1 FROM duckdb_functions() WHERE function_name = 'farm_fingerprint' LIMIT 1"
        if not connection.execute(known).fetchall():
            # The type's name in place of its enum: only the engine imports DuckDB.
            connection.create_function("farm_fingerprint", farm_fingerprint, ["VARCHAR"], "BIGINT", type="arrow")  # type: ignore[call-overload]


def fingerprints(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Signed fingerprints of an Arrow array of strings or bytes; null for null."""
    import pyarrow as pa

    if isinstance(texts, pa.ChunkedArray):
        texts = texts.chunk(0) if texts.num_chunks == 1 else texts.combine_chunks()
    offset_type = _OFFSETS.get(str(texts.type))
    if offset_type is None:  # views, dictionaries
        return fingerprints(texts.cast(pa.large_binary()))
    _, offsets, content = texts.buffers()
    if len(texts) == 0:
        return pa.array([], pa.int64())
    edges = np.frombuffer(offsets, offset_type)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    data = np.frombuffer(content, np.uint8) if content else np.empty(0, np.uint8)
    hashes = farm_fingerprint64(data, edges[:-1], np.diff(edges)).view(np.int64)
    if texts.null_count == 0:
        return pa.Array.from_buffers(pa.int64(), len(texts), [None, pa.py_buffer(hashes)])
    return pa.array(hashes, mask=texts.is_null().to_numpy(zero_copy_only=False))


_OFFSETS = {"string": np.int32, "binary": np.int32, "large_string": np.int64, "large_binary": np.int64}


# FarmHash's `farmhashna::Hash64` (Geoff Pike, 2014), every text of one length class at once.

_K0, _K1, _K2 = (np.uint64(k) for k in (0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F))


@dataclass(frozen=True)
class _Texts:
    """Texts that begin at `starts` in `data`; reads the same place of each of them as one little-endian word."""

    data: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]

    @property
    def weights(self) -> Words:
        """Of texts up to 64 bytes: twice the size and a constant."""
        return _K2 + self.sizes.astype(np.uint64) * np.uint64(2)

    def head(self, skipped: int, size: int = 8) -> Words:
        """The word so many bytes after the start."""
        return self._word(self.starts, skipped, size)

    def tail(self, left: int, size: int = 8) -> Words:
        """The word so many bytes before the end."""
        return self._word(self.starts + self.sizes, -left, size)

    def _word(self, places: npt.NDArray[np.int64], moved: int, size: int) -> Words:
        # Words at every byte, most of them not aligned: one read each, where bytes would be eight.
        words: Words = np.ndarray((len(self.data) - size + 1,), f"<u{size}", self.data.data, strides=(1,))
        return words[places + moved].astype(np.uint64, copy=False)


@dataclass(frozen=True)
class _Even(_Texts):
    """Texts of one size, one behind the other: read with a stride, several times as fast as by their places."""

    def tail(self, left: int, size: int = 8) -> Words:
        """The word so many bytes before the end."""
        return self.head(int(self.sizes[0]) - left, size)

    def _word(self, places: npt.NDArray[np.int64], moved: int, size: int) -> Words:
        stride = int(self.sizes[0])
        begin = int(places[0]) + moved
        words: Words = np.ndarray((len(places),), f"<u{size}", self.data.data, begin, (stride,))
        return words.astype(np.uint64)


def farm_fingerprint64(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]
) -> Words:
    """Fingerprints of the texts of these `sizes` that begin at `starts` in `data`, one behind the other."""
    low, high = int(sizes.min()), int(sizes.max())
    for first, last, hashed in _CLASSES:
        if first <= low and high <= last:
            return hashed((_Even if low == high else _Texts)(data, starts, sizes))
    result = np.full(len(starts), _K2, np.uint64)
    for first, last, hashed in _CLASSES:
        here = np.flatnonzero((sizes >= first) & (sizes <= last))
        if len(here):
            result[here] = hashed(_Texts(data, starts[here], sizes[here]))
    return result


def _rotated(word: Words, by: int) -> Words:
    return (word >> np.uint64(by)) | (word << np.uint64(64 - by))


def _mixed(word: Words) -> Words:
    return word ^ (word >> np.uint64(47))


def _joined(u: Words, v: Words, factor: Words) -> Words:
    return _mixed((v ^ _mixed((u ^ v) * factor)) * factor) * factor


def _empty(texts: _Texts) -> Words:
    return np.full(len(texts.starts), _K2, np.uint64)


def _to_3(texts: _Texts) -> Words:
    middle = texts.data[texts.starts + (texts.sizes >> 1)].astype(np.uint64)
    y = texts.head(0, 1) + (middle << np.uint64(8))
    z = texts.sizes.astype(np.uint64) + (texts.tail(1, 1) << np.uint64(2))
    return _mixed((y * _K2) ^ (z * _K0)) * _K2


def _to_7(texts: _Texts) -> Words:
    n = texts.sizes.astype(np.uint64)
    return _joined(n + (texts.head(0, 4) << np.uint64(3)), texts.tail(4, 4), texts.weights)


def _to_16(texts: _Texts) -> Words:
    factor = texts.weights
    a, b = texts.head(0) + _K2, texts.tail(8)
    return _joined(_rotated(b, 37) * factor + a, (_rotated(a, 25) + b) * factor, factor)


def _to_32(texts: _Texts) -> Words:
    factor = texts.weights
    a, b = texts.head(0) * _K1, texts.head(8)
    c, d = texts.tail(8) * factor, texts.tail(16) * _K2
    return _joined(_rotated(a + b, 43) + _rotated(c, 30) + d, a + _rotated(b + _K2, 18) + c, factor)


def _to_64(texts: _Texts) -> Words:
    factor = texts.weights
    a, b = texts.head(0) * _K2, texts.head(8)
    c, d = texts.tail(8) * factor, texts.tail(16) * _K2
    y = _rotated(a + b, 43) + _rotated(c, 30) + d
    z = _joined(y, a + _rotated(b + _K2, 18) + c, factor)
    e, f = texts.head(16) * factor, texts.head(24)
    g, h = (y + texts.tail(32)) * factor, (z + texts.tail(24)) * factor
    return _joined(_rotated(e + f, 43) + _rotated(g, 30) + h, e + _rotated(f + a, 18) + g, factor)


def _beyond_64(texts: _Texts) -> Words:
    n = len(texts.starts)
    seed = np.uint64(81)
    with np.errstate(over="ignore"):
        y = np.full(n, seed * _K1 + np.uint64(113))
        z = _mixed(y * _K2 + np.uint64(113)) * _K2
        x = np.full(n, seed * _K2) + texts.head(0)
    state = (x, y, z, *np.zeros((4, n), np.uint64))
    chunks = (texts.sizes - 1) // 64
    factor = np.full(n, _K1)
    one, nine = np.uint64(1), np.uint64(9)
    for chunk in range(int(chunks.max())):
        more = np.flatnonzero(chunks > chunk)  # texts that go on
        longer = _Texts(texts.data, texts.starts[more], texts.sizes[more])
        words = [longer.head(64 * chunk + 8 * i) for i in range(8)]
        stirred = _stirred(words, factor[more], one, *(part[more] for part in state))
        for part, new in zip(state, stirred, strict=True):
            part[more] = new
    x, y, z, v1, v2, w1, w2 = state
    factor = _K1 + ((z & np.uint64(0xFF)) << one)
    w1 = w1 + ((texts.sizes - 1) & 63).astype(np.uint64)
    v1 = v1 + w1
    w1 = w1 + v1
    x, y, z, v1, v2, w1, w2 = _stirred(
        [texts.tail(64 - 8 * i) for i in range(8)], factor, nine, x, y, z, v1, v2, w1, w2
    )
    return _joined(_joined(v1, w1, factor) + _mixed(y) * _K0 + z, _joined(v2, w2, factor) + x, factor)


def _stirred(
    words: list[Words], factor: Words, weight: np.uint64,
    x: Words, y: Words, z: Words, v1: Words, v2: Words, w1: Words, w2: Words,
) -> tuple[Words, ...]:  # fmt: skip
    """One round over 64 bytes."""
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


_CLASSES = (
    (0, 0, _empty),
    (1, 3, _to_3),
    (4, 7, _to_7),
    (8, 16, _to_16),
    (17, 32, _to_32),
    (33, 64, _to_64),
    (65, 2**62, _beyond_64),
)
"""Shortest and longest text, and what hashes them."""

"""Rows on which engines differ, if they do: NaN, infinities, both zeros, nulls, bounds of types, signs, times."""

import datetime as dt
from decimal import Decimal
from itertools import count
from typing import Any

NAN, INF = float("nan"), float("inf")

SCHEMA = {
    "id": "INT64", "x": "FLOAT64", "n": "INT64", "m": "INT64", "s": "STRING", "t": "STRING", "d": "NUMERIC",
    "b": "BOOL",
    "day": "DATE", "day2": "DATE", "at": "DATETIME", "ts": "TIMESTAMP", "flags": "ARRAY<BOOL>",
    "parts": "STRUCT<ok BOOL, n INT64>",
}  # fmt: skip
PLAIN = {
    "x": 1.0, "n": 1, "m": 2, "s": "a", "t": "b", "d": Decimal("1.5"), "b": True, "day": dt.date(2024, 1, 10),
    "day2": dt.date(2024, 1, 1), "at": dt.datetime(2024, 1, 10, 12), "ts": dt.datetime(2024, 1, 10, 12, tzinfo=dt.UTC),
    "flags": [True, False], "parts": {"ok": True, "n": 7},
}  # fmt: skip

VALUES: dict[str, list[Any]] = {
    "x": [NAN, INF, -INF, -0.0, 0.0, 2.5, 0.5, -2.5, 3.5, 1e300, None, 2.675, 0.1, 1e-7, 123456789.125],
    "n": [0, -7, 7, -(2**63), 2**63 - 1, 3, None, 10],
    "s": [
        "", " a", "a ", "\ta", "a\u00a0", "A", "ß", "İ", "é", "e\u0301", "a_b", "a%b", "axb", "a\\b", "a\\xb", "a\nb",
        "50%", "12", " 12 ", "1.5", "1e3", "0x1F", "abc", "nan", "true", "2024-01-05", "a,b,c", "O'Hara", '"q"',
        "日本語", "1_000", "+5", "١", None, "ΟΔΟΣ", "Ǆ",
    ],
    "d": [Decimal("0.1"), Decimal("2.5"), Decimal("-2.5"), None, Decimal("0.3")],
    "day": [
        dt.date(2024, 1, 7), dt.date(2024, 1, 8), dt.date(2023, 12, 31), dt.date(2024, 2, 29), dt.date(1969, 12, 31),
        dt.date(2021, 1, 3), None, dt.date(2024, 12, 30),
    ],
    "at": [dt.datetime(2024, 1, 10, 23, 59, 59, 999999), dt.datetime(1969, 12, 31, 23, 59, 59, 500000), None],
    "ts": [dt.datetime(2024, 1, 10, 23, 59, 59, 999999, tzinfo=dt.UTC), dt.datetime(2024, 3, 31, tzinfo=dt.UTC), None],
    "b": [False, None],
    "flags": [[], [False], [None, True]],
    "parts": [{"ok": None, "n": None}, {"ok": False, "n": -1}],
}  # fmt: skip

_NUMBER = count()
ROWS = [
    {"id": next(_NUMBER), **PLAIN},
    *({"id": next(_NUMBER), **PLAIN, column: value} for column, values in VALUES.items() for value in values),
    {"id": next(_NUMBER), **PLAIN, "s": None, "t": None},
]

NUMBERS = {
    "n": "INT64", "n9": "INT64", "k": "INT64", "p": "INT64", "q": "INT64", "x": "FLOAT64", "x2": "FLOAT64",
    "z": "FLOAT64", "d": "NUMERIC", "s": "STRING", "num": "STRING", "b": "BOOL", "day": "DATE", "at": "DATETIME",
    "ts": "TIMESTAMP",
}  # fmt: skip


def _numbers(*values: Any) -> dict[str, Any]:
    row = dict(zip(NUMBERS, values, strict=False))
    at = dt.datetime(2024, 1, *values[-1])
    return row | {"day": at.date(), "at": at, "ts": at.replace(tzinfo=dt.UTC)}


FEW = [
    _numbers(2**62, None, 4, 1, 2, 1.25, 0.5, -0.0, Decimal("1.10"), "a", "1", True, (6, 1)),
    _numbers(2**62, 3, 4, 3, 5, -2.5, 1.5, 0.0, Decimal("2.25"), "A", "1.5", False, (7, 1)),
    _numbers(5, 1, 4, 10, 7, 0.1, 2.5, NAN, None, None, "x", None, (8, 23)),
    _numbers(-3, 7, 4, 4, 1, None, -0.5, 1.0, Decimal(7), "\t", "1e2", True, (14, 3)),
]

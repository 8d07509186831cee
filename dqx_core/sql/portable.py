"""What DuckDB's functions, operators and casts are called on other engines: what is not here, dqx says on DuckDB only.

One row says one meaning: the name as DuckDB's own parse has it, the kinds of values it takes, the kind it gives,
and for each engine the words that mean the same there, in which `_1` is the first value. Rows of one name are tried in
order. Another engine is one more column of words.

A kind is one of `KINDS`; `a/b` takes either, the first one where a value has to be cast. `pattern` is a literal pattern
of RE2, `text!` a literal text that is not empty, `n>0` and `n>=0` are literal whole numbers, `...` repeats the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

KINDS = (
    "boolean",
    "small",  # a whole number of 32 bits, whose sums and products fit 64
    "integer",
    "wide",  # a whole number of more than 64 bits
    "decimal",
    "float",
    "text",
    "bytes",
    "date",
    "clock",  # DuckDB's TIMESTAMP: a reading of some clock
    "moment",  # DuckDB's TIMESTAMPTZ; its days and hours are those of UTC
    "time",
    "list",
    "struct",
    "other",
)


@dataclass(frozen=True)
class Row:
    """One meaning, and the words for it."""

    name: str
    takes: str
    gives: str
    bigquery: str

    @property
    def words(self) -> Mapping[str, str]:
        """Engine → its words."""
        return {"bigquery": self.bigquery}


_NAN, _INF = "CAST('nan' AS FLOAT64)", "CAST('inf' AS FLOAT64)"
_BIG = "CAST(_1 AS BIGNUMERIC)"
# DuckDB maps letters one by one; GoogleSQL also knows those that become two, and the Greek sigma at the end of a word.
_LOWER = "LOWER(REPLACE(REPLACE(_1, 'İ', 'i'), 'Σ', 'σ'))"
# What DuckDB trims: blanks of every width, no tab and no line break.
_BLANKS = "".join(map(chr, (0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)))
# To the even of two neighbours, where GoogleSQL rounds away from zero.
_EVEN = "IF(ABS(_1 - TRUNC(_1)) = 0.5, 2 * ROUND(_1 / 2), _1)"
_CLOCK_TEXT = "FORMAT_DATETIME('%E4Y-%m-%d %H:%M:%E*S', _1)"
_MOMENT_TEXT = "FORMAT_TIMESTAMP('%E4Y-%m-%d %H:%M:%E*S+00', _1, 'UTC')"

_WEEKDAY = "EXTRACT(DAYOFWEEK FROM _1) - 1"
_ISODOW = "MOD(EXTRACT(DAYOFWEEK FROM _1) + 5, 7) + 1"
_MICROS = "UNIX_MICROS(TIMESTAMP(_1, 'UTC'))"

PARTS: Mapping[str, tuple[tuple[str, ...], str, str, str]] = {
    # part → the names DuckDB has for it as functions, kinds taken, kind given, words
    "year": (("year",), "date/clock", "small", "EXTRACT(YEAR FROM _1)"),
    "month": (("month",), "date/clock", "small", "EXTRACT(MONTH FROM _1)"),
    "day": (("day", "dayofmonth"), "date/clock", "small", "EXTRACT(DAY FROM _1)"),
    "quarter": (("quarter",), "date/clock", "small", "EXTRACT(QUARTER FROM _1)"),
    "week": (("week", "weekofyear"), "date/clock", "small", "EXTRACT(ISOWEEK FROM _1)"),
    "isoyear": (("isoyear",), "date/clock", "small", "EXTRACT(ISOYEAR FROM _1)"),
    "yearweek": (("yearweek",), "date/clock", "small", "EXTRACT(ISOYEAR FROM _1) * 100 + EXTRACT(ISOWEEK FROM _1)"),
    "dow": (("dayofweek", "weekday"), "date/clock", "small", _WEEKDAY),
    "isodow": (("isodow",), "date/clock", "small", _ISODOW),
    "doy": (("dayofyear",), "date/clock", "small", "EXTRACT(DAYOFYEAR FROM _1)"),
    "hour": (("hour",), "clock", "small", "EXTRACT(HOUR FROM _1)"),
    "minute": (("minute",), "clock", "small", "EXTRACT(MINUTE FROM _1)"),
    "second": (("second",), "clock", "small", "EXTRACT(SECOND FROM _1)"),
    "epoch": (("epoch",), "clock", "float", f"{_MICROS} / 1000000"),
}
ALIASES: Mapping[str, str] = {
    **{f"{name}s": name for name in ("year", "month", "day", "quarter", "week", "hour", "minute", "second")},
    "dayofweek": "dow",
    "weekday": "dow",
    "dayofyear": "doy",
    "weekofyear": "week",
    "dayofmonth": "day",
}

_TRUNCATED = {
    "year": "YEAR", "quarter": "QUARTER", "month": "MONTH", "week": "ISOWEEK", "day": "DAY", "hour": "HOUR",
    "minute": "MINUTE", "second": "SECOND",
}  # fmt: skip
_OF_DAYS = ("year", "quarter", "month", "week", "day")
_ADDED = ("year", "month", "week", "day", "hour", "minute", "second")


def _of_time() -> list[Row]:
    rows = []
    for part, (names, takes, gives, words) in PARTS.items():
        rows += [Row(name, takes, gives, words) for name in (*names, f"date_part {part}")]
    for part, word in _TRUNCATED.items():
        if part in _OF_DAYS:
            rows.append(Row(f"date_trunc {part}", "date", "clock", f"DATETIME(DATE_TRUNC(_1, {word}))"))
        rows.append(Row(f"date_trunc {part}", "clock", "clock", f"DATETIME_TRUNC(_1, {word})"))
        rows.append(Row(f"date_trunc {part}", "moment", "moment", f"TIMESTAMP_TRUNC(_1, {word}, 'UTC')"))
        for name in ("date_diff", "datediff"):
            if part == "week":
                # Whole weeks of seven days, not the Mondays in between.
                rows.append(Row(f"{name} week", "date, date", "integer", "DIV(DATE_DIFF(_2, _1, DAY), 7)"))
                rows.append(Row(f"{name} week", "clock, clock", "integer", "DIV(DATETIME_DIFF(_2, _1, DAY), 7)"))
                continue
            if part in _OF_DAYS:
                rows.append(Row(f"{name} {part}", "date, date", "integer", f"DATE_DIFF(_2, _1, {word})"))
            rows.append(Row(f"{name} {part}", "clock, clock", "integer", f"DATETIME_DIFF(_2, _1, {word})"))
    rows += [Row(f"{name} day", "date, date", "integer", "DATE_DIFF(_2, _1, DAY)") for name in ("date_sub", "datesub")]
    for part in _ADDED:
        for sign, verb in (("+", "ADD"), ("-", "SUB")):
            words = f"_{verb}(_1, INTERVAL _2 {part.upper()})"
            rows.append(Row(f"{sign} {part}", "clock, small", "clock", f"DATETIME{words}"))
            if part not in ("year", "month", "week"):
                rows.append(Row(f"{sign} {part}", "moment, small", "moment", f"TIMESTAMP{words}"))
    return rows


def _each(names: str, takes: str, gives: str, words: str) -> list[Row]:
    return [Row(name, takes, gives, words) for name in names.split()]


_OPERATORS = [
    Row("-", "small", "integer", "-_1"),
    Row("-", "integer", "wide", f"-{_BIG}"),
    Row("-", "wide/decimal/float", "_1", "-_1"),
    *_each("+", "small, small", "integer", "_1 + _2"),
    *_each("-", "small, small", "integer", "_1 - _2"),
    *_each("*", "small, small", "integer", "_1 * _2"),
    *[Row(sign, "wide, wide", "wide", f"_1 {sign} _2") for sign in "+-*"],
    *[Row(sign, "decimal, decimal", "decimal", f"{_BIG} {sign} _2") for sign in "+-*"],
    # Past the greatest double GoogleSQL raises an error, and DuckDB goes on with infinity.
    Row("+", "float, float", "float", f"COALESCE(SAFE_ADD(_1, _2), SIGN(_1) * ABS(SIGN(_2)) * {_INF})"),
    Row("-", "float, float", "float", f"COALESCE(SAFE_SUBTRACT(_1, _2), SIGN(_1) * ABS(SIGN(_2)) * {_INF})"),
    Row("*", "float, float", "float", f"COALESCE(SAFE_MULTIPLY(_1, _2), SIGN(_1) * SIGN(_2) * {_INF})"),
    Row("/", "float, float", "float", "IEEE_DIVIDE(_1, _2)"),
    Row("//", "integer, integer", "integer", "DIV(_1, _2)"),
    Row("//", "wide, wide", "wide", "DIV(_1, _2)"),
    *_each("% mod", "integer, small", "small", "MOD(_1, _2)"),
    *_each("% mod", "integer, integer", "integer", "MOD(_1, _2)"),
    *_each("% mod", "wide, wide", "wide", "MOD(_1, _2)"),
    *_each("% mod", "decimal, decimal", "decimal", f"MOD({_BIG}, _2)"),
    Row("+", "date, integer", "date", "DATE_ADD(_1, INTERVAL _2 DAY)"),
    Row("+", "integer, date", "date", "DATE_ADD(_2, INTERVAL _1 DAY)"),
    Row("-", "date, integer", "date", "DATE_SUB(_1, INTERVAL _2 DAY)"),
    Row("-", "date, date", "integer", "DATE_DIFF(_1, _2, DAY)"),
    Row("&", "integer, integer", "integer", "_1 & _2"),
    Row("|", "integer, integer", "integer", "_1 | _2"),
    Row("xor", "integer, integer", "integer", "_1 ^ _2"),
    Row("~", "integer", "integer", "~_1"),
    Row("||", "text, text", "text", "CONCAT(_1, _2)"),
]

_NUMBERS = [
    Row("isnan", "float", "boolean", "IS_NAN(_1)"),
    Row("isinf", "float", "boolean", "IS_INF(_1)"),
    Row("isfinite", "float", "boolean", "NOT (IS_INF(_1) OR IS_NAN(_1))"),
    *_each("abs @", "small", "small", "ABS(_1)"),
    *_each("abs @", "integer/wide/decimal/float", "_1", "ABS(_1)"),
    Row("sign", "integer/wide/decimal", "small", "CAST(SIGN(_1) AS INT64)"),
    Row("sign", "float", "small", "IF(IS_NAN(_1), 0, CAST(SIGN(_1) AS INT64))"),
    *_each("round floor ceil ceiling trunc", "small", "float", "CAST(_1 AS FLOAT64)"),
    Row("round", "decimal/float", "_1", "ROUND(_1)"),
    Row("round", "decimal, n>=0", "decimal", "ROUND(_1, _2)"),
    # As DuckDB does it: 2.675 × 100 is 267.5 as a double, though 2.675 is a little less than it reads.
    Row(
        "round",
        "float, n>=0",
        "float",
        "COALESCE(SAFE_DIVIDE(SAFE.ROUND(SAFE_MULTIPLY(_1, POW(10.0, _2))), POW(10.0, _2)), _1)",
    ),
    Row("floor", "decimal/float", "_1", "FLOOR(_1)"),
    *_each("ceil ceiling", "decimal/float", "_1", "CEIL(_1)"),
    Row("trunc", "decimal/float", "_1", "TRUNC(_1)"),
    Row("sqrt", "float", "float", f"IF(_1 < 0, {_NAN}, SQRT(_1))"),
    Row("exp", "float", "float", f"IF(_1 > 709.782712893384, {_INF}, EXP(_1))"),
    Row("ln", "float", "float", f"CASE WHEN _1 < 0 THEN {_NAN} WHEN _1 = 0 THEN -{_INF} ELSE LN(_1) END"),
    *_each(
        "log log10", "float", "float", f"CASE WHEN _1 < 0 THEN {_NAN} WHEN _1 = 0 THEN -{_INF} ELSE LOG(_1, 10) END"
    ),
    Row("log2", "float", "float", f"CASE WHEN _1 < 0 THEN {_NAN} WHEN _1 = 0 THEN -{_INF} ELSE LOG(_1, 2) END"),
    Row("log", "n>1, float", "float", f"CASE WHEN _2 < 0 THEN {_NAN} WHEN _2 = 0 THEN -{_INF} ELSE LOG(_2, _1) END"),
    *_each("pow power ^ **", "float, n>=0", "float", f"COALESCE(SAFE.POW(_1, _2), SAFE.POW(SIGN(_1), _2) * {_INF})"),
    Row("bit_count", "integer", "small", "BIT_COUNT(_1)"),
]

_TEXTS = [
    Row("lower", "text", "text", _LOWER),
    Row("lcase", "text", "text", _LOWER),
    *_each("length len char_length character_length", "text", "small", "CHAR_LENGTH(_1)"),
    Row("strlen", "text", "small", "BYTE_LENGTH(_1)"),
    Row("octet_length", "bytes", "small", "BYTE_LENGTH(_1)"),
    *[Row(name, "text", "text", f"{name.upper()}(_1, '{_BLANKS}')") for name in ("trim", "ltrim", "rtrim")],
    *[Row(name, "text, text!", "text", f"{name.upper()}(_1, _2)") for name in ("trim", "ltrim", "rtrim")],
    *_each("substr substring", "text, n>0", "text", "SUBSTR(_1, _2)"),
    *_each("substr substring", "text, n>0, n>=0", "text", "SUBSTR(_1, _2, _3)"),
    *_each("substr substring", "text, 0, n>0", "text", "SUBSTR(_1, 1, _3 - 1)"),
    *_each("substr substring", "text, n<0", "text", "SUBSTR(_1, _2)"),
    Row("left", "text, n>=0", "text", "LEFT(_1, _2)"),
    Row("left", "text, n<0", "text", "LEFT(_1, GREATEST(CHAR_LENGTH(_1) + _2, 0))"),
    Row("right", "text, n>=0", "text", "RIGHT(_1, _2)"),
    *_each("strpos instr position", "text, text!", "small", "INSTR(_1, _2)"),
    Row("contains", "text, text!", "boolean", "INSTR(_1, _2) > 0"),
    *_each("starts_with prefix ^@", "text, text", "boolean", "STARTS_WITH(_1, _2)"),
    *_each("ends_with suffix", "text, text", "boolean", "ENDS_WITH(_1, _2)"),
    Row("replace", "text, text!, text", "text", "REPLACE(_1, _2, _3)"),
    Row("repeat", "text, n>=0", "text", "REPEAT(_1, _2)"),
    *[Row(name, "text, n>=0, text!", "text", f"{name.upper()}(_1, _2, _3)") for name in ("lpad", "rpad")],
    *_each(
        "split_part",
        "text, text!, n>0",
        "text",
        "IF(_1 IS NULL, NULL, COALESCE(SPLIT(_1, _2)[SAFE_OFFSET(_3 - 1)], ''))",
    ),
    *_each(
        "split_part",
        "text, text!, n<0",
        "text",
        "IF(_1 IS NULL, NULL, COALESCE(ARRAY_REVERSE(SPLIT(_1, _2))[SAFE_OFFSET(-1 - _3)], ''))",
    ),
    *_each("string_split str_split split string_to_array", "text, text!", "list<text>", "SPLIT(_1, _2)"),
    Row("ascii", "text", "small", "IF(_1 = '', 0, TO_CODE_POINTS(_1)[SAFE_OFFSET(0)])"),
    *_each("unicode ord", "text", "small", "IF(_1 = '', -1, TO_CODE_POINTS(_1)[SAFE_OFFSET(0)])"),
    Row("chr", "integer", "text", "CODE_POINTS_TO_STRING([_1])"),
    Row("error", "text", "null", "ERROR(_1)"),
    Row("md5", "text", "text", "TO_HEX(MD5(_1))"),
    Row("sha256", "text", "text", "TO_HEX(SHA256(_1))"),
    Row("translate", "text, text!, text!", "text", "TRANSLATE(_1, _2, _3)"),
    Row("regexp_matches", "text, pattern", "boolean", "REGEXP_CONTAINS(_1, _2)"),
    Row("regexp_replace", "text, pattern, text, 'g'", "text", "REGEXP_REPLACE(_1, _2, _3)"),
    Row("~~", "text, like", "boolean", "_1 LIKE _2"),
    Row("!~~", "text, like", "boolean", "NOT (_1 LIKE _2)"),
]

_LISTS = [
    *_each("len length array_length", "list", "integer", "ARRAY_LENGTH(_1)"),
]

_DAYS = [
    Row("dayname", "date/clock", "text", "FORMAT_DATE('%A', DATE(_1))"),
    Row("monthname", "date/clock", "text", "FORMAT_DATE('%B', DATE(_1))"),
    Row("last_day", "date/clock", "date", "LAST_DAY(DATE(_1), MONTH)"),
    Row("make_date", "integer, integer, integer", "date", "DATE(_1, _2, _3)"),
    Row("to_timestamp", "integer", "moment", "TIMESTAMP_SECONDS(_1)"),
    Row("epoch_ms", "clock", "integer", f"DIV({_MICROS}, 1000)"),
    Row("epoch_us", "clock", "integer", _MICROS),
    Row("strftime", "date, format", "text", "FORMAT_DATE(_2, _1)"),
    Row("strftime", "clock, format", "text", "FORMAT_DATETIME(_2, _1)"),
]

_CASTS = [
    # To a whole number: the bounds of its width are looked at around these words.
    Row("cast integer", "small/integer/wide/decimal", "_1", "_1"),
    Row("cast integer", "boolean", "small", "CAST(_1 AS INT64)"),
    Row("cast integer", "float", "integer", _EVEN),
    Row("cast decimal", "small/integer/wide/decimal", "decimal", _BIG),
    Row("cast float", "small/integer/wide/decimal", "float", "CAST(_1 AS FLOAT64)"),
    Row("cast float", "float", "float", "_1"),
    Row("cast boolean", "boolean", "boolean", "_1"),
    Row("cast boolean", "small/integer", "boolean", "_1 <> 0"),
    Row("cast text", "text", "text", "_1"),
    Row("cast text", "small/integer/boolean", "text", "CAST(_1 AS STRING)"),
    Row("cast text", "date", "text", "FORMAT_DATE('%E4Y-%m-%d', _1)"),
    Row("cast text", "clock", "text", _CLOCK_TEXT),
    Row("cast text", "moment", "text", _MOMENT_TEXT),
    Row("cast date", "date", "date", "_1"),
    Row("cast date", "clock", "date", "DATE(_1)"),
    Row("cast date", "moment", "date", "DATE(_1, 'UTC')"),
    Row("cast clock", "clock", "clock", "_1"),
    Row("cast clock", "date", "clock", "DATETIME(_1)"),
    Row("cast clock", "moment", "clock", "DATETIME(_1, 'UTC')"),
    Row("cast moment", "moment", "moment", "_1"),
    Row("cast moment", "date/clock", "moment", "TIMESTAMP(_1, 'UTC')"),
    Row("cast time", "clock", "time", "TIME(_1)"),
    Row("cast bytes", "bytes", "bytes", "_1"),
]

_AGGREGATES = [
    Row("count_star", "", "integer", "COUNT(*)"),
    Row("count", "any", "integer", "COUNT(_1)"),
    *_each("count_if countif", "boolean", "integer", "IF(COUNT(*) = 0, NULL, COUNTIF(_1))"),
    Row("sum", "small", "integer", "SUM(_1)"),
    Row("sum", "integer/wide", "wide", f"SUM({_BIG})"),
    Row("sum", "boolean", "wide", "SUM(CAST(_1 AS INT64))"),
    Row("sum", "decimal", "decimal", f"SUM({_BIG})"),
    Row("sum", "float", "float", "SUM(_1)"),
    *_each("avg mean", "float", "float", "AVG(_1)"),
    *_each("avg mean", "small/integer/wide/decimal", "float", f"CAST(AVG({_BIG}) AS FLOAT64)"),
    Row("max", "float", "float", "MAX(_1)"),
    Row("min", "float", "float", "COALESCE(MIN(IF(IS_NAN(_1), NULL, _1)), MIN(_1))"),
    *[
        Row(name, "small/integer/wide/decimal/text/date/clock/moment", "_1", f"{name.upper()}(_1)")
        for name in ("min", "max")
    ],
    *[
        Row(name, "float", "float", f"{words}(_1)")
        for name, words in {
            "stddev": "STDDEV_SAMP", "stddev_samp": "STDDEV_SAMP", "stddev_pop": "STDDEV_POP",
            "variance": "VAR_SAMP", "var_samp": "VAR_SAMP", "var_pop": "VAR_POP",
        }.items()
    ],
    *[Row(name, "float, float", "float", f"{name.upper()}(_1, _2)") for name in ("corr", "covar_pop", "covar_samp")],
    *_each("geomean geometric_mean", "float", "float", "EXP(AVG(LN(_1)))"),
    *[Row(name, "integer", "integer", f"{name.upper()}(_1)") for name in ("bit_and", "bit_or", "bit_xor")],
    Row("bool_and", "boolean", "boolean", "LOGICAL_AND(_1)"),
    Row("bool_or", "boolean", "boolean", "LOGICAL_OR(_1)"),
]  # fmt: skip

ROWS = (*_OPERATORS, *_NUMBERS, *_TEXTS, *_LISTS, *_of_time(), *_DAYS, *_CASTS, *_AGGREGATES)

TABLE: Mapping[str, tuple[Row, ...]] = {
    name: tuple(row for row in ROWS if row.name == name) for name in dict.fromkeys(row.name for row in ROWS)
}

AGGREGATES = frozenset(row.name for row in _AGGREGATES)

# Where no row takes a value of this kind as it is, these words make one of that kind, as DuckDB does unasked.
WIDENED: Mapping[tuple[str, str], str] = {
    ("small", "integer"): "_1",
    ("small", "wide"): _BIG,
    ("integer", "wide"): _BIG,
    ("small", "decimal"): _BIG,
    ("integer", "decimal"): _BIG,
    ("wide", "decimal"): "_1",
    ("small", "float"): "CAST(_1 AS FLOAT64)",
    ("integer", "float"): "CAST(_1 AS FLOAT64)",
    ("wide", "float"): "CAST(_1 AS FLOAT64)",
    ("decimal", "float"): "CAST(_1 AS FLOAT64)",
    ("date", "clock"): "DATETIME(_1)",
    ("date", "moment"): "TIMESTAMP(_1, 'UTC')",
    ("clock", "moment"): "TIMESTAMP(_1, 'UTC')",
}

INSTEAD: Mapping[str, str] = {
    "upper": "lower(…), which maps letters one by one on every engine",
    "ucase": "lower(…), which maps letters one by one on every engine",
    "~~~": "LIKE, or regexp_matches(…)",
    "collate": "lower(…) on both sides",
    "regexp_replace": "all matches at once: regexp_replace(text, pattern, replacement, 'g')",
    "strptime": "dates and timestamps in columns of their own",
    "try_strptime": "dates and timestamps in columns of their own",
    "median": "the metric median(column)",
    "quantile_cont": "the metric quantile(column, q)",
    "quantile_disc": "the metric quantile(column, q)",
    "approx_quantile": "the metric quantile(column, q)",
    "approx_count_distinct": "the metric approx_unique_count(column)",
    "any_value": "min(…) or max(…), which do not depend on the order of rows",
    "first": "the metric first(column, order_by=…)",
    "last": "the metric first(column, order_by=…)",
    "arg_max": "the metric first(column, order_by=…)",
    "arg_min": "the metric first(column, order_by=…)",
    "list": "count(…) or count(DISTINCT …)",
    "array_agg": "count(…) or count(DISTINCT …)",
    "listagg": "sum(length(…))",
    "age": "date_diff('day', a, b)",
    "date_sub": "date_diff, which counts the borders of days, weeks or months in between",
    "<<": "a product: n * 2",
    ">>": "an exact division: n // 2",
    "//": "floor(a / b)",
    "%": "whole numbers or decimals: CAST(x AS DECIMAL(18, 2)) % 2",
    "mod": "whole numbers or decimals: CAST(x AS DECIMAL(18, 2)) % 2",
    "row": "one comparison for each column, joined with AND",
    "cast text": "the column itself, or a comparison of numbers",
    "hash": "md5(…)",
    "fsum": "sum(…)",
    "kahan_sum": "sum(…)",
}

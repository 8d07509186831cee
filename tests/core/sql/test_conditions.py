"""What may be written as a condition or an aggregate, and what is refused as it is defined."""

import duckdb
import pyarrow as pa
import pytest

from dqx_core import DuckRelationDataSource, ResultKey
from dqx_core.errors import DefinitionError
from dqx_core.execution import execute
from dqx_core.metrics.counts import NumRows
from dqx_core.metrics.custom import CustomSql
from dqx_core.metrics.text import MatchCount
from dqx_core.planning import Scan
from dqx_core.sql.conditions import _PLAIN, aggregate, condition
from dqx_core.sql.duck import unsteady
from tests.core.cases import DAYS

TABLE = pa.table(
    {
        "t": ["50%", "50 ct"],
        "flags": [[True, False], [False]],
        "s": [{"ok": True}, {"ok": None}],
        "current_date": [1, 2],
    }
)


def measured(spec, table=TABLE):
    source = DuckRelationDataSource.from_arrow(table, "t", date_column=None)
    (state,) = execute(Scan(source, ((spec, ResultKey(DAYS[0]), "t"),))).values()
    return state.bind(spec.value).unwrap()


@pytest.mark.parametrize(
    "text",
    [
        "now() IS NULL", "random() < 0.5", "uuidv4() IS NULL", "uuidv7() IS NULL", "hash(uuid()::varchar) % 2 = 0",
        "transaction_timestamp() IS NULL", "localtimestamp IS NULL", "CURRENT_DATE > d", "today() > d",
        "txid_current() > 0", "age(d) > INTERVAL 1 YEAR", "ago(INTERVAL 1 DAY) > d", "sleep_ms(1) IS NULL",
        "write_log('x') IS NULL", "nextval('s') > 1", "current_setting('threads') = 1", "abs(random()) > 0",
        "pg_sleep(1) IS NULL", "getvariable('a') = 1",
    ],
)  # fmt: skip
def test_what_asks_the_clock_or_chance_or_acts_is_refused(text):
    with pytest.raises(DefinitionError, match="changes from run to run"):
        condition(text)
    with pytest.raises(DefinitionError, match="changes from run to run"):
        aggregate(f"COUNT(CASE WHEN {text} THEN 1 END)")


def test_every_function_that_nobody_is_asked_about_is_steady():
    connection = duckdb.connect()
    said = connection.execute(
        "SELECT DISTINCT upper(function_name) FROM duckdb_functions() WHERE stability <> 'CONSISTENT'"
    ).fetchall()

    assert not _PLAIN & {name for (name,) in said}
    assert unsteady('age("a", "b")', frozenset("ab")) is None


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("t LIKE '%#%' ESCAPE '#'", 1), ("flags[1]", 1), ("NOT flags[1]", 1),
        ("s['ok']", 1), ("(s).ok", 1), ("s.ok", 1),
        ("MAP {'k': true}['k']", 2), ('"current_date" > 1', 1), ("t NOT LIKE '%#%' ESCAPE '#'", 1),
        ("t ILIKE '50 C_'", 1),
    ],
)  # fmt: skip
def test_what_is_true_or_false_for_a_row_is_a_condition(text, rows):
    assert measured(NumRows(where=text)) == rows


@pytest.mark.parametrize("text", ["1 + 1", "'a'", "t || 'a'"])
def test_what_is_not_true_or_false_is_not_a_condition(text):
    with pytest.raises(DefinitionError, match="is not a condition"):
        condition(text)


@pytest.mark.parametrize(
    "text",
    [
        "LAG(n) OVER (ORDER BY n)",
        "SUM(n) OVER ()",
        "unnest([1, 2])",
        "MAX(unnest(flags))",
        "ROW_NUMBER() OVER (ORDER BY n)",
    ],
)
def test_an_aggregate_gives_one_number_and_not_one_for_each_row(text):
    with pytest.raises(DefinitionError, match="gives many rows"):
        CustomSql(text)


@pytest.mark.parametrize(
    "text",
    [
        "unnest([2, 2]) > 1", "UNNEST(flags)", "unlist([1]) = 1", "generate_subscripts(flags, 1) = 1",
        "regexp_split_to_table(t, ' ') = '50'", "(unnest({'a': 1})).a > 0",
    ],
)  # fmt: skip
def test_a_condition_makes_no_row_of_its_own(text):
    with pytest.raises(DefinitionError, match="gives many rows"):
        condition(text)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (condition, "COLUMNS(*) > 1"), (condition, "* > 1"), (condition, "#1 > 1"), (condition, "t.* = 'a'"),
        (aggregate, "SUM(COLUMNS('s.*'))"), (aggregate, "SUM(#1)"), (aggregate, "COUNT(COLUMNS(*))"),
    ],
)  # fmt: skip
def test_columns_are_read_by_their_names(make, text):
    with pytest.raises(DefinitionError, match="does not name its columns"):
        make(text)
    assert aggregate("COUNT(*)").sql() == "COUNT(*)"


@pytest.mark.parametrize(
    ("text", "said", "instead"),
    [
        ("hash(s) > 0", "uses hash", "md5"), ("upper(s) = 'A'", "uses upper", "lower"),
        ("s GLOB 'a*'", "uses GLOB", "LIKE"), ("TRY_CAST(s AS INT) = 1", "uses TRY_CAST of text to INTEGER", "Write"),
        ("s > 5", "a comparison of text with small", "CAST"), ("n = s", "a comparison of", "CAST"),
        ("x % 2 = 1", "uses %", "DECIMAL"), ("regexp_replace(s, 'a', 'b') = 'b'", "of the first match only", "'g'"),
        ("(n, x) = (1, 2)", "uses (a, b)", "AND"), ("day + '1 day'::INTERVAL > n", "a comparison of", "CAST"),
        ("day = 'tomorrow'", "invalid date", ""), ("m['k'] = 1", "reads the column 'm'", ""),
    ],
)  # fmt: skip
def test_what_has_no_words_of_the_same_meaning_is_refused_by_name_with_what_to_write(text, said, instead):
    schema = {"s": "STRING", "n": "INT64", "x": "FLOAT64", "day": "DATE"}

    with pytest.raises(DefinitionError) as refused:
        condition(text).said("bigquery", schema)

    assert said in str(refused.value)
    assert instead in str(refused.value)


def test_a_suite_on_such_an_engine_is_refused_before_anything_runs():
    from dqx_core import Suite, check
    from tests.core.sql.test_golden import Table

    @check(name="Rows", datasets=["rows"])
    def rows(mp, ctx):
        ctx.assert_that(mp.num_rows(where="hash(s) > 0")).where(name="hashed").is_gt(0)
        ctx.assert_that(mp.custom_sql("MEDIAN(n)")).where(name="middle").is_gt(0)

    with pytest.raises(DefinitionError) as refused:
        Suite("S", [rows]).build([Table()])

    assert "uses hash, which has no words of the same meaning on BigQuery" in str(refused.value)
    assert "Write the metric median(column)" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dayofweek(d) = 0", "(EXTRACT(DAYOFWEEK FROM `d`) - 1) = 0"),
        ("contains(s, 'NL')", "INSTR(`s`, 'NL') > 0"),
        (r"s LIKE 'a\%'", r"`s` LIKE 'a\\\\%'"),
        ("a > 1 AND s = 'x'", "(`a` > 1 AND `s` = 'x')"),
        ("x BETWEEN n AND 7", "(IF(IS_NAN(`x`) OR IS_NAN(CAST(`n` AS FLOAT64)), "
         "IS_NAN(`x`) >= IS_NAN(CAST(`n` AS FLOAT64)), `x` >= CAST(`n` AS FLOAT64)) AND `x` <= 7)"),
        ("x > 1", "(`x` > 1 OR IS_NAN(`x`))"),
    ],
)  # fmt: skip
def test_words_of_bigquery(text, said):
    schema = {"d": "DATE", "s": "STRING", "a": "INT64", "x": "FLOAT64", "n": "INT64"}

    assert condition(text).said("bigquery", schema).sql("bigquery") == said


@pytest.mark.parametrize(
    ("pattern", "rows"),
    [
        (r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+@[a-z0-9.-]+", 1), ("[*+]1", 1), ("[A-Z](?i)B", 1), (r"Ab\z", 1),
        (r"\Q+1\E", 1), (r"\Q+1", 1), ("(?<letter>A)b", 1), (r"\x{41}b", 1), ("[{,3}]", 0), (r"\+1|Ab", 2),
    ],
)  # fmt: skip
def test_what_re2_takes_is_a_pattern(pattern, rows):
    texts = pa.table({"s": ["jane+shop@mail.example", "+1", "2*2", "Ab", None]})

    assert measured(MatchCount("s", pattern), texts) == rows


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("[A-Z]{,3}", "Write {0,3}"), (r"\u0041", r"\x{0041}"), ("(?#letters)A", "no comments"),
        ("(?<!a)b", "no look-around"),
        (r"(a)\1", "no references"), ("a++", "possessive"), (r"a\Z", r"\z"), ("a)|(b", "unexpected )"),
        ("(", "missing )"),
    ],
)  # fmt: skip
def test_what_re2_refuses_or_reads_otherwise_is_refused_with_what_to_write(pattern, hint):
    with pytest.raises(DefinitionError) as refused:
        MatchCount("s", pattern)

    assert hint in str(refused.value)

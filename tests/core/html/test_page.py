"""The page as text: whole, escaped, the same for the same contents, and its colours can be read."""

import datetime as dt
import math
import re
from html.parser import HTMLParser

import matplotlib
import pyarrow as pa
import pytest

from dqx_core import DuckRelationDataSource, InMemoryMetricDB, ResultKey, VerificationSuite, check
from dqx_core.errors import DefinitionError
from dqx_core.html import Contents, collect, render, write
from dqx_core.html.contents import MetricTrend
from dqx_core.html.lines import STYLES
from tests.core.html.feed import HOSTILE

MOMENT = dt.datetime(2026, 1, 15, 6, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def page(store):
    return render(collect(store), moment=MOMENT)


class Elements(HTMLParser):
    """The elements of a page: tag and attributes."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_same_contents_give_the_same_page(store, page):
    assert render(collect(store), moment=MOMENT) == page


def test_a_style_that_somebody_set_for_their_own_charts_changes_nothing(store, page):
    with matplotlib.rc_context({"axes.grid": True, "lines.linewidth": 9, "axes.spines.left": False}):
        assert render(collect(store), moment=MOMENT) == page


def test_names_are_escaped_wherever_they_stand(page):
    assert "<script" not in page
    assert HOSTILE not in page
    assert page.count("&lt;script&gt;alert(") >= 5


def test_the_page_fetches_nothing(page):
    elements = Elements(page).found
    links = [value for _, attrs in elements for key, value in attrs.items() if key in ("src", "href", "srcset")]

    assert all(link.startswith("#") for link in links)
    assert not {tag for tag, _ in elements} & {"script", "link", "img", "iframe", "object"}
    assert "url(" not in page.replace("url(#", "")
    assert "default-src 'none'" in page


def test_ids_are_unique_and_every_link_within_the_page_leads_somewhere(page):
    elements = Elements(page).found
    ids = [attrs["id"] for _, attrs in elements if "id" in attrs]
    links = {attrs["href"][1:] for _, attrs in elements if "href" in attrs}
    named = {
        name
        for _, attrs in elements
        for key in ("aria-labelledby", "aria-describedby")
        for name in attrs.get(key, "").split()
    }

    assert len(ids) == len(set(ids))
    assert links | named <= set(ids)


def test_every_chart_has_a_title_and_says_in_words_what_it_shows(page):
    charts = re.findall(r"<svg .*?</svg>", page, re.DOTALL)

    assert len(charts) == 3 + 2
    for chart in charts:
        assert 'role="img"' in chart
        assert re.search(r"<title[^>]*>[^<]+</title>", chart)
        assert re.search(r"<desc[^>]*>From 2026-01-01 to 2026-01-14\. train: 14 values", chart)
        assert not re.search(r"#0[1-7]0[1-7]0[1-7]\b", chart), "a colour that does not follow the scheme"


def luminance(colour):
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def schemes(page):
    """The colours of each scheme: light, dark, print."""
    return [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", page, re.DOTALL)
    ]


def test_text_has_a_contrast_of_at_least_4_5_in_every_scheme_and_lines_of_3(page):
    assert len(schemes(page)) == 3
    for colours in schemes(page):
        papers = [name for name in colours if name == "panel" or name.endswith("paper")]
        assert len(papers) == 5
        for paper in papers:
            assert contrast(colours["ink"], colours[paper]) >= 4.5
            assert contrast(colours["link"], colours[paper]) >= 4.5
        for text in ("faint", "bad", "good"):
            for paper in ("paper", "panel"):
                assert contrast(colours[text], colours[paper]) >= 4.5
        for line in (*STYLES, "bad", "warn"):
            assert contrast(colours[line], colours["paper"]) >= 3


def test_writing_makes_the_folder_and_leaves_nothing_beside_the_file(store, page, tmp_path):
    file = write(collect(store), tmp_path / "new" / "report.html", moment=MOMENT)

    assert file.read_text("utf-8") == page
    assert [each.name for each in file.parent.iterdir()] == ["report.html"]


def test_a_place_that_cannot_be_written_is_said_in_one_sentence(store, tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")

    with pytest.raises(DefinitionError, match="cannot be written to"):
        write(collect(store), tmp_path / "taken" / "report.html", moment=MOMENT)


def test_values_that_cannot_be_drawn_and_metrics_of_no_dataset_are_told_all_the_same():
    at = MOMENT.date()
    lines = {"odd": {at: math.inf, at - dt.timedelta(days=1): math.nan, at - dt.timedelta(days=3): 1e300}, "none": {}}
    metrics = [MetricTrend(None, "a", lines, {at}), MetricTrend("feed", "b", lines, ())]

    page = render(Contents("store", at, at, [], metrics), moment=MOMENT)

    assert page.count("<svg") == 2
    assert "<h3>of no dataset</h3>" in page
    assert "the last inf on 2026-01-15" in page


def test_charts_are_counted_as_they_are_drawn(store):
    seen = []
    render(collect(store), moment=MOMENT, progress=lambda done, total: seen.append((done, total)))

    assert seen == [(n, 5) for n in range(1, 6)]


def test_the_newest_day_comes_first_with_what_is_wrong_by_severity(store):
    page = render(collect(store, until_date=dt.date(2026, 1, 12)), moment=MOMENT)
    top = page[page.index("<h1>") : page.index("<nav")]

    assert "✗ 2026-01-12 is not all right: 1 × P1, 1 × P2</h2>" in top
    assert top.index("2026-01-12 is not all right") < top.index("3 of 96 verdicts are bad")
    assert top.index("More rows than values") < top.index("Has values")
    assert "✓ 2026-01-14 is all right</h2>" in render(collect(store), moment=MOMENT)


def test_a_colour_means_the_same_split_in_every_chart_and_table(store):
    at = MOMENT.date()
    metrics = [
        MetricTrend("feed", metric, {label: {at: 1.0} for label in labels}, ())
        for metric, labels in (("a", ["eval"]), ("b", ["train", "eval", "all rows"]), ("c", ["holdout"]))
    ]
    page = render(Contents("store", at, at, [], metrics), moment=MOMENT)

    for figure, lines in zip(re.findall(r"<figure>.*?</figure>", page, re.DOTALL), ("2", "120", "3"), strict=True):
        assert set(re.findall(r"var\(--line-(\d)\)", figure)) == set(lines)
        assert set(re.findall(r"key line-(\d)", figure)) == set(lines)
    only_eval = render(collect(store), moment=MOMENT)
    assert set(re.findall(r'key (line-\d)"><i></i>(\w+)', only_eval)) == {("line-1", "train"), ("line-2", "eval")}


def test_a_bad_split_stands_before_a_good_one_and_a_long_condition_unfolds():
    long = ", ".join(f"country_{n}" for n in range(100))

    @check(name="Feed", datasets=["feed"])
    def countries(mp, ctx):
        known = mp.count_values("country", long.split(", "))
        ctx.assert_that(mp.num_rows() - known).where(name="Countries are known").is_zero()

    table = pa.table(
        {"yyyy_mm_dd": [MOMENT.date()] * 2, "split": ["train", "eval"], "country": ["country_1", "Atlantis"]}
    )
    db = InMemoryMetricDB()
    source = DuckRelationDataSource.from_arrow(table, "feed", dimensions={"split": "split"})
    VerificationSuite([countries], db, "Countries").run_many(
        [source], [ResultKey(MOMENT.date(), {"split": split}) for split in ("train", "eval")]
    )
    page = render(collect(db), moment=MOMENT)
    [newest] = re.findall(r'<td class="newest">.*?</td>', page, re.DOTALL)
    [assertion] = re.findall(r'<td class="assertion">.*?</td>', page, re.DOTALL)

    assert newest.index("eval</span>✗ failed, 1") < newest.index("train</span>✓ 0")
    shown, whole = re.findall(r"<code>(.*?)</code>", assertion)
    assert len(shown) < 150 < len(whole)
    assert assertion.index("<summary>") < assertion.index(whole)
    db.close()

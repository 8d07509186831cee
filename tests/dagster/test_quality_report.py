"""The report as an asset: what it tells of, where it is, and what its metadata says."""

import re

import dagster as dg
import pytest

from dqx_core.errors import DefinitionError
from dqx_dagster import MetricStore, quality_report_asset, suite_checks
from tests.dagster.scenario import GATED, PARTITIONS, SUITE, feed, key, source, span


@pytest.fixture
def world(tmp_path, instance):
    """A function that makes a code location with a report; it runs one of its assets, with its checks."""

    def build(**how):
        report = quality_report_asset(folder=tmp_path / "reports", **how)
        defs = dg.Definitions(
            assets=[feed, report],
            asset_checks=[suite_checks(suite, feed, source=source, engine=None) for suite in (SUITE, GATED)],
            resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'metrics.db'}")},
            executor=dg.in_process_executor,
        )
        whole = defs.resolve_implicit_global_asset_job_def()

        def run(asset, **what):
            job = whole.get_subset(asset_selection={asset.key})
            return job.execute_in_process(instance=instance, raise_on_error=False, **what)

        return report, run

    return build


def metadata(result, partition=None):
    [event] = [e for e in result.get_asset_materialization_events() if partition in (None, e.partition)]
    return {name: value.value for name, value in event.materialization.metadata.items()}


def test_without_partitions_it_is_of_the_last_days_that_were_judged(world, tmp_path):
    report, run = world(days=2, title="The feed")
    run(feed, tags=span(key(1, "train"), key(6, "eval")))

    told = metadata(run(report))

    page = tmp_path / "reports" / "quality_report.html"
    assert told["report"] == str(page)
    assert told["days"] == "2026-01-05 to 2026-01-06"
    assert (told["failed"], told["errors"]) == (2, 0)
    assert "P0 Gate › Not crowded: 1 of 4" in told["bad assertions"]
    assert told["newest day"] == "2026-01-06 is all right"
    assert "<h1>The feed</h1>" in page.read_text("utf-8")


def test_with_partitions_it_is_of_the_runs_days_and_says_it_of_each_partition(world, tmp_path):
    report, run = world(partitions_def=PARTITIONS, days=3, suite=GATED.name)
    run(feed, tags=span(key(1, "train"), key(6, "eval")))

    one = metadata(run(report, partition_key=key(4, "train")))
    several = run(report, tags=span(key(2, "train"), key(6, "eval")))

    assert one["days"] == "2026-01-02 to 2026-01-04"
    assert one["report"] == str(tmp_path / "reports" / "quality_report-2026-01-04.html")
    assert metadata(several, key(5, "train"))["days"] == "2026-01-02 to 2026-01-06"
    assert metadata(several, key(2, "eval")) == metadata(several, key(6, "train"))


def test_where_the_folder_is_served_the_metadata_links_to_it(world):
    report, run = world(url="https://reports.example.com/dqx/", name="feed quality".replace(" ", "_"))
    run(feed, partition_key=key(2, "train"))

    assert metadata(run(report))["report"] == "https://reports.example.com/dqx/feed_quality.html"


def test_a_failed_check_does_not_keep_the_report_from_being_written(world):
    report, run = world(partitions_def=PARTITIONS)
    assert not run(feed, partition_key=key(5, "train")).success

    assert metadata(run(report, partition_key=key(5, "train")))["failed"] == 2


@pytest.mark.parametrize(
    ("how", "what", "said"),
    [
        ({}, {}, "holds no verdicts yet"),
        ({"partitions_def": PARTITIONS}, {}, "this run names none"),
        ({"suite": "Nobody's"}, {}, "holds no verdicts"),
    ],
)
def test_where_there_is_nothing_to_tell_the_run_says_why(world, how, what, said):
    report, run = world(**how)
    [failure] = [e for e in run(report, **what).all_events if e.is_step_failure]

    assert said in failure.step_failure_data.user_failure_data.description


def test_the_newest_day_is_told_with_the_splits_of_what_is_wrong(world):
    report, run = world()
    run(feed, tags=span(key(1, "train"), key(5, "eval")))

    told = metadata(run(report))["newest day"]

    assert told.startswith("2026-01-05 is not all right\n- P0 Gate › Not crowded: train")


def test_it_lists_the_partitions_of_suites_and_whether_they_were_judged_as_they_are(tmp_path, instance):
    checks = suite_checks(GATED, feed, source=source, engine=None)
    report = quality_report_asset(folder=tmp_path, checks=[checks])
    defs = dg.Definitions(
        assets=[feed, report],
        asset_checks=[checks],
        resources={"store": MetricStore(url=f"sqlite:///{tmp_path / 'metrics.db'}")},
        executor=dg.in_process_executor,
    )
    whole = defs.resolve_implicit_global_asset_job_def()
    judged = whole.get_subset(asset_selection={feed.key})
    judged.execute_in_process(instance=instance, tags=span(key(1, "train"), key(2, "train")))
    unjudged = whole.get_subset(asset_selection={feed.key}, asset_check_selection=set())
    unjudged.execute_in_process(instance=instance, tags=span(key(2, "train"), key(3, "train")))
    whole.get_subset(asset_selection={report.key}).execute_in_process(instance=instance)
    page = (tmp_path / "quality_report.html").read_text("utf-8")

    rows = re.findall(r'<th scope="row">feed</th><td>([^<]*)</td><td[^>]*>([^<]*)</td>', page)
    assert [row for row in rows if row[1] != "not materialized"] == [
        (key(1, "train"), "judged"), (key(2, "train"), "stale"), (key(3, "train"), "never judged"),
    ]  # fmt: skip
    assert len(rows) == len(PARTITIONS.get_partition_keys())
    assert "judged before it was materialized again" in page


def test_checks_that_are_not_of_a_suite_have_no_partitions_to_list(tmp_path):
    @dg.asset_check(asset=feed)
    def other() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    with pytest.raises(DefinitionError, match="takes what suite_checks made"):
        quality_report_asset(folder=tmp_path, checks=[other])

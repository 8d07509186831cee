"""Checks across splits: when a run makes the missing split, what compares it with the others is judged too."""

import datetime as dt
from contextlib import closing

import dagster as dg
import pytest

from dqx_core import Context, MetricDB, MetricProvider, ResultKey, Status, Suite, check
from dqx_core.datasets import dataset_integrity
from dqx_core.trends import newest_executions
from dqx_dagster import dataset_asset, require_checks, reverify_job, suite_checks
from tests.dagster.scenario import span
from tests.dagster.warehouse import change, definition, location, make

SALES = definition()
DISJOINT = "integrity__no_customer_is_in_two_splits"
READY = (
    dg.AutomationCondition.missing()
    & dg.AutomationCondition.all_deps_match(~dg.AutomationCondition.missing())
    & dg.AutomationCondition.all_deps_blocking_checks_passed()
)


class Place:
    """A dataset with the checks of its integrity, a consumer that waits for them, and one behind a gate."""

    def __init__(self, folder, instance, suite=None, **options):
        make(folder)
        self.folder, self.instance = folder, instance
        sales = dataset_asset(SALES)
        self.key = sales.key
        self.suite = suite or dataset_integrity(SALES)

        @dg.asset(partitions_def=sales.partitions_def, deps=[sales], automation_condition=READY)
        def model() -> None: ...

        @dg.asset(partitions_def=sales.partitions_def, deps=[sales], required_resource_keys={"store"})
        @require_checks(self.suite, sales)
        def gated(context) -> None: ...

        again = reverify_job(self.suite, sales, name="again")
        self.model = model
        self.defs = location(folder, sales, model, gated, suite_checks(self.suite, sales, **options), jobs=[again])

    def run(self, partition=None, *, assets=("sales",), checks=True, tags=None):
        job = self.defs.resolve_implicit_global_asset_job_def()
        keys = {dg.AssetKey(name) for name in assets}
        if not checks:
            job = job.get_subset(asset_selection=keys, asset_check_selection=set())
        elif keys:
            job = job.get_subset(asset_selection=keys)
        else:
            job = job.get_subset(asset_check_selection=set(job.asset_layer.asset_graph.asset_check_keys))
        return job.execute_in_process(instance=self.instance, partition_key=partition, tags=tags, raise_on_error=False)

    def asked_for(self):
        found = dg.evaluate_automation_conditions(defs=self.defs, instance=self.instance)
        return found.get_requested_partitions(self.model.key)

    def newest(self, name=DISJOINT):
        """The newest evaluation of a check by partition: what it says, and which run said so."""
        records = self.instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(self.key, name), limit=100
        )
        found = {}
        for record in records:
            found.setdefault(record.partition, (record.status.value, record.run_id))
        return found

    def kept(self, split, day=2, name="No customer is in two splits"):
        """The newest verdict in the store, and the run that gave it."""
        wanted = ResultKey(dt.date(2026, 1, day), {"split": split})
        with closing(MetricDB(f"sqlite:///{self.folder / 'metrics.db'}")) as db:
            found = db.newest_verdicts(self.suite.name, "sales", [wanted], origins=["dagster"])[wanted]
        [(result, given)] = [(r, g) for r, g in found.items() if r.assertion == name]
        return result.status, given.execution_id


def test_the_run_that_makes_the_missing_split_judges_the_other_too_and_its_consumers_are_asked_for(tmp_path, instance):
    here = Place(tmp_path, instance)
    here.run("2026-01-02|train")
    before = here.asked_for()
    last = here.run("2026-01-02|eval")

    assert before == set()
    assert {p: said for p, said in here.newest().items() if p} == {
        "2026-01-02|train": ("SUCCEEDED", last.run_id),
        "2026-01-02|eval": ("SUCCEEDED", last.run_id),
    }
    assert here.kept("train") == here.kept("eval") == (Status.PASSED, last.run_id)
    assert here.asked_for() == {"2026-01-02|train", "2026-01-02|eval"}
    assert here.run("2026-01-02|train", assets=("gated",), checks=False).success


def test_what_it_says_of_the_other_split_is_of_what_is_there_of_it(tmp_path, instance):
    here = Place(tmp_path, instance)
    here.run("2026-01-02|train")
    [made] = instance.fetch_materializations(here.key, limit=1).records
    last = here.run("2026-01-02|eval")

    [told] = [
        each
        for each in last.get_asset_check_evaluations()
        if (each.check_name, each.partition) == (DISJOINT, "2026-01-02|train")
    ]
    assert told.target_materialization_data.storage_id == made.storage_id


def test_what_does_not_look_at_other_splits_is_not_judged_again(tmp_path, instance):
    here = Place(tmp_path, instance)
    here.run("2026-01-02|train")
    last = here.run("2026-01-02|eval")

    of_train = {e.check_name for e in last.get_asset_check_evaluations() if e.partition == "2026-01-02|train"}
    assert DISJOINT in of_train
    assert "integrity__rows_are_like_those_of_yesterday" not in of_train


@pytest.mark.parametrize("launch", ["range", "checks alone", "job"])
def test_it_is_so_in_every_launch(tmp_path, instance, launch):
    here = Place(tmp_path, instance)
    days = ("2026-01-02", "2026-01-03")
    for day in days:
        here.run(f"{day}|train")
    over = span("2026-01-02|eval", "2026-01-03|eval")
    if launch == "range":
        runs = [here.run(tags=over)]
    else:
        here.run(tags=over, checks=False)
        if launch == "job":
            runs = [here.defs.resolve_job_def("again").execute_in_process(instance=instance, tags=over)]
        else:
            runs = [here.run(tags={"dagster/partition": f"{day}|eval"}, assets=()) for day in days]

    assert all(run.success for run in runs)
    told = {partition: said for partition, (said, _) in here.newest().items() if partition}
    assert told == {f"{day}|{split}": "SUCCEEDED" for day in days for split in ("train", "eval")}
    assert here.asked_for() == {*told}


def test_a_split_that_is_made_again_has_the_other_judged_by_its_new_rows(tmp_path, instance):
    @check(name="Sizes", datasets=["sales"])
    def sizes(mp: MetricProvider, ctx: Context) -> None:
        ctx.assert_that(mp.num_rows(tags={"split": "eval"})).where(name="Eval has rows", severity="P0").is_gt(5)
        ctx.assert_that(mp.num_rows()).where(name="There are rows", severity="P0").is_positive()

    here = Place(tmp_path, instance, Suite("Sizes", [sizes]))
    for split in ("eval", "train"):
        here.run(f"2026-01-02|{split}")
    assert here.kept("train", name="Eval has rows")[0] is Status.PASSED

    change(tmp_path, "DELETE FROM raw_data.sales WHERE sold < TIMESTAMP '2026-01-03' AND id % 200 > 3")
    last = here.run("2026-01-02|eval")

    assert here.kept("train", name="Eval has rows") == (Status.FAILED, last.run_id)
    assert here.newest("sizes__eval_has_rows")["2026-01-02|train"] == ("FAILED", last.run_id)
    assert here.newest("sizes__there_are_rows")["2026-01-02|train"] != ("SUCCEEDED", last.run_id)
    assert not here.run("2026-01-02|train", assets=("gated",), checks=False).success


def test_a_verdict_on_the_other_split_stops_nothing_in_a_run_that_did_not_make_it(tmp_path, instance):
    @check(name="Shares", datasets=["sales"])
    def shares(mp: MetricProvider, ctx: Context) -> None:
        share = mp.num_rows() / mp.num_rows(tags={"split": None})
        ctx.assert_that(share).where(name="Most rows", severity="P0").is_gt(0.5)

    here = Place(tmp_path, instance, Suite("Shares", [shares]))
    here.run("2026-01-02|eval")
    last = here.run("2026-01-02|train")

    told = {p: said for p, (said, run) in here.newest("shares__most_rows").items() if run == last.run_id and p}
    assert told == {"2026-01-02|train": "SUCCEEDED", "2026-01-02|eval": "FAILED"}
    assert last.success


def test_a_check_of_many_assertions_says_all_of_them_of_the_other_split(tmp_path, instance):
    here = Place(tmp_path, instance, granularity="check")
    here.run("2026-01-02|train")
    last = here.run("2026-01-02|eval")

    assert here.newest("integrity")["2026-01-02|train"] == ("SUCCEEDED", last.run_id)
    assert here.asked_for() == {"2026-01-02|train", "2026-01-02|eval"}


def test_checks_without_partitions_keep_the_verdict_on_the_other_split(tmp_path, instance):
    here = Place(tmp_path, instance, partitioned_checks=False)
    here.run("2026-01-02|train")
    last = here.run("2026-01-02|eval")

    assert here.kept("train") == (Status.PASSED, last.run_id)
    assert here.newest()[None] == ("SUCCEEDED", last.run_id)


def test_the_execution_that_judged_a_split_whole_stays_the_one_that_speaks_of_it(tmp_path, instance):
    place = Place(tmp_path, instance)
    first = place.run("2026-01-01|train")
    place.run("2026-01-01|eval")

    with closing(MetricDB(f"sqlite:///{tmp_path / 'metrics.db'}")) as db:
        key = ResultKey(dt.date(2026, 1, 1), {"split": "train"})
        assert newest_executions(db, place.suite.name, [key]) == {key: first.run_id}

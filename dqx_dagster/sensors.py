"""Tell somebody of failed checks: Dagster's own sensors stay silent, since such a run is a success."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dagster as dg

from dqx_core.report import Severity

FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


@dataclass(frozen=True)
class FailedCheck:
    """One failed check of one partition."""

    asset: dg.AssetKey
    check: str
    partition: str | None
    severity: Severity
    """Of dqx; for checks that are not dqx's, P1 for an error and P2 for a warning."""
    message: str


@dataclass(frozen=True)
class FailedChecks:
    """What one run found wrong."""

    run_id: str
    job: str
    checks: tuple[FailedCheck, ...]

    def __str__(self) -> str:
        lines = [
            f"{c.severity} {c.asset.to_user_string()}:{c.check}"
            + (f" [{c.partition}]" if c.partition else "")
            + f": {c.message}"
            for c in self.checks
        ]
        return "\n".join([f"{len(self.checks)} checks failed in run {self.run_id} of {self.job}:", *lines])


def failed_checks_sensor(
    notify: Callable[[FailedChecks], object],
    *,
    severity: Severity | str = Severity.P1,
    name: str = "failed_checks",
    minimum_interval_seconds: int = 60,
    default_status: dg.DefaultSensorStatus = dg.DefaultSensorStatus.RUNNING,
) -> dg.SensorDefinition:
    """A sensor that calls `notify` once for each finished run in which checks failed, worst severity first.

    A run is told of once. If `notify` raises, the tick fails and the run is told of again at the next.

    Args:
        notify: Sends the message: to Slack, mail, a pager.
        severity: From which severity on a failure counts: P0 is only the worst, P3 all.
        name: The sensor's name.
        minimum_interval_seconds: How often to look.
        default_status: Whether it runs once deployed.
    """
    least = Severity(severity)

    @dg.sensor(name=name, minimum_interval_seconds=minimum_interval_seconds, default_status=default_status)
    def failed_checks(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        since, told = _read(context.cursor)
        if since is None:
            # The first tick starts from now: nobody wants last year's failures.
            context.update_cursor(_write(dt.datetime.now(dt.UTC), set()))
            return dg.SkipReason("Watching runs that finish from now on.")
        count = 0
        for record in _finished(context.instance, since):
            run = record.dagster_run
            moment = record.update_timestamp
            moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
            if run.run_id in told:
                continue
            failed = failed_checks_of(context.instance, run, least)
            if failed.checks:
                notify(failed)
                count += 1
            # Runs of the very moment may still come: those told of then are kept in mind.
            told = {*(told if moment == since else ()), run.run_id}
            since = max(since, moment)
            context.update_cursor(_write(since, told))
        return dg.SkipReason(f"{count} runs with failed checks." if count else "No new failures.")

    return failed_checks


def failed_checks_of(instance: dg.DagsterInstance, run: dg.DagsterRun, least: Severity) -> FailedChecks:
    """The failed checks of a run, from a severity on, worst first; the newest result of each partition counts."""
    newest: dict[tuple[dg.AssetKey, str, str | None], dg.AssetCheckEvaluation] = {}
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        assert entry.dagster_event is not None
        evaluation = entry.dagster_event.asset_check_evaluation_data
        newest[evaluation.asset_key, evaluation.check_name, evaluation.partition] = evaluation
    failed = [
        FailedCheck(e.asset_key, e.check_name, e.partition, _severity(e), e.description or "")
        for e in newest.values()
        if not e.passed and _severity(e) <= least
    ]
    return FailedChecks(run.run_id, run.job_name, tuple(sorted(failed, key=lambda c: (c.severity, c.check))))


def _severity(evaluation: dg.AssetCheckEvaluation) -> Severity:
    ours = evaluation.metadata.get("dqx/severity")
    if ours is not None:
        return Severity(str(ours.value))
    return Severity.P1 if evaluation.severity is dg.AssetCheckSeverity.ERROR else Severity.P2


def _finished(instance: dg.DagsterInstance, since: dt.datetime) -> Iterator[dg.RunRecord]:
    """Runs that finished at that moment or later, in order."""
    just_before = since - dt.timedelta(microseconds=1)
    records = instance.get_run_records(dg.RunsFilter(statuses=FINISHED, updated_after=just_before))
    yield from sorted(records, key=lambda record: record.update_timestamp)


def _read(cursor: str | None) -> tuple[dt.datetime | None, set[str]]:
    if cursor is None:
        return None, set()
    held = json.loads(cursor)
    return dt.datetime.fromisoformat(held["since"]), set(held["told"])


def _write(since: dt.datetime, told: set[str]) -> str:
    return json.dumps({"since": since.isoformat(), "told": sorted(told)})

"""Tell somebody of failed checks: Dagster's own sensors stay silent, since such a run is a success."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import dagster as dg

from dqx_core.harmless import harmless
from dqx_core.report import Severity
from dqx_dagster.outcomes import outcome_in

FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]

LOOK_BACK = dt.timedelta(minutes=10)
"""How far a run's end may lie before that of one which was seen earlier."""


@dataclass(frozen=True)
class FailedCheck:
    """One failed check of one partition."""

    asset: dg.AssetKey
    check: str
    partition: str | None
    severity: Severity
    """Of dqx; for checks that are not dqx's P0 if they block, else P1 for an error and P2 for a warning."""
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
            + f": {harmless(c.message)}"
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

    A run is told of once. If `notify` raises, the run is told of again at the next tick, and others are not.

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
        cursor = _read(context.cursor)
        if cursor is None:
            # The first tick starts from now: nobody wants last year's failures.
            now = dt.datetime.now(dt.UTC)
            context.update_cursor(_write(_Cursor(now, now, {})))
            return dg.SkipReason("Watching runs that finish from now on.")
        count = 0
        for ended, run in _finished(context.instance, cursor):
            failed = failed_checks_of(context.instance, run, least)
            if failed.checks:
                try:
                    notify(failed)
                except Exception:
                    # A tick that fails forgets its cursor: those it has told of would be told of again.
                    if not count:
                        raise
                    context.log.exception(f"Run {run.run_id} could not be told of; the next tick tries again.")
                    break
                count += 1
            cursor = cursor.after(run.run_id, ended)
            context.update_cursor(_write(cursor))
        return dg.SkipReason(f"{count} runs with failed checks." if count else "No new failures.")

    return failed_checks


def failed_checks_of(instance: dg.DagsterInstance, run: dg.DagsterRun, least: Severity) -> FailedChecks:
    """The failed checks of a run, from a severity on, worst first; the newest result of each partition counts."""
    newest: dict[tuple[dg.AssetKey, str, str | None], dg.AssetCheckEvaluation] = {}
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        assert entry.dagster_event is not None
        evaluation = entry.dagster_event.asset_check_evaluation_data
        newest[evaluation.asset_key, evaluation.check_name, evaluation.partition] = evaluation
    found = [(evaluation, outcome_in(evaluation)) for evaluation in newest.values()]
    failed = [
        FailedCheck(e.asset_key, e.check_name, e.partition, outcome.severity, e.description or "")
        for e, outcome in found
        if outcome.bad and outcome.severity <= least
    ]
    return FailedChecks(run.run_id, run.job_name, tuple(sorted(failed, key=lambda c: (c.severity, c.check))))


@dataclass(frozen=True)
class _Cursor:
    """Which runs were looked at: those that ended up to a moment, and by name those of the last minutes before it."""

    begun: dt.datetime
    """When the sensor began to watch."""
    since: dt.datetime
    """When the newest run that was looked at ended."""
    told: Mapping[str, dt.datetime]
    """The runs of the last minutes before `since`, each with its end."""

    @property
    def horizon(self) -> dt.datetime:
        """From here on runs may be new: they are written in another order than they end, by clocks that differ."""
        return max(self.begun, self.since - LOOK_BACK)

    def after(self, run_id: str, ended: dt.datetime) -> "_Cursor":
        """When that run was looked at too."""
        since = max(self.since, ended)
        told = {**self.told, run_id: ended}
        return _Cursor(self.begun, since, {run: end for run, end in told.items() if end >= since - LOOK_BACK})


def _finished(instance: dg.DagsterInstance, cursor: _Cursor) -> list[tuple[dt.datetime, dg.DagsterRun]]:
    """Runs that were not looked at, each with its end, in that order.

    A run is written again when it is given a tag, long after its end: what counts is the end.
    """
    just_before = cursor.horizon - dt.timedelta(microseconds=1)
    records = instance.get_run_records(dg.RunsFilter(statuses=FINISHED, updated_after=just_before))
    ended = [(_ended(record), record.dagster_run) for record in records]
    new = [(end, run) for end, run in ended if end >= cursor.horizon and run.run_id not in cursor.told]
    return sorted(new, key=lambda each: (each[0], each[1].run_id))


def _ended(record: dg.RunRecord) -> dt.datetime:
    if record.end_time is not None:
        return dt.datetime.fromtimestamp(record.end_time, dt.UTC)
    moment = record.update_timestamp
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _read(cursor: str | None) -> _Cursor | None:
    if cursor is None:
        return None
    held = json.loads(cursor)
    since = dt.datetime.fromisoformat(held["since"])
    told = held["told"]
    if "begun" not in held:  # as 0.1.0 wrote it
        return _Cursor(since, since, dict.fromkeys(told, since))
    ends = {run_id: dt.datetime.fromisoformat(end) for run_id, end in told.items()}
    return _Cursor(dt.datetime.fromisoformat(held["begun"]), since, ends)


def _write(cursor: _Cursor) -> str:
    told = {run_id: end.isoformat() for run_id, end in cursor.told.items()}
    return json.dumps({"begun": cursor.begun.isoformat(), "since": cursor.since.isoformat(), "told": told})

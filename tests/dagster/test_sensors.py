"""The sensor that tells of failed checks, which Dagster counts as a success."""

import dagster as dg
import pytest

from dqx_dagster import failed_checks_sensor
from tests.dagster.scenario import definitions, key, span


def tick(sensor, instance, cursor):
    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    sensor(context)
    return context.cursor


def test_each_run_with_failed_checks_is_told_of_once(tmp_path, instance):
    told = []
    sensor = failed_checks_sensor(told.append)
    job = definitions(tmp_path).resolve_implicit_global_asset_job_def()

    cursor = tick(sensor, instance, None)
    job.execute_in_process(instance=instance, partition_key=key(3, "train"))
    bad = job.execute_in_process(instance=instance, tags=span(key(4, "train"), key(5, "eval")))
    for _ in range(3):
        cursor = tick(sensor, instance, cursor)

    [found] = told
    assert found.run_id == bad.run_id
    assert [(c.check, c.partition, c.severity) for c in found.checks] == [
        ("feed__rows_move_below_100_percent_a_day", key(5, "train"), "P1")
    ]
    assert "is not < 1" in str(found)


def test_what_is_below_the_severity_is_not_told_of(tmp_path, instance):
    told, all_told = [], []
    job = definitions(tmp_path).resolve_implicit_global_asset_job_def()
    strict, lenient = (
        failed_checks_sensor(told.append, severity="P1"),
        failed_checks_sensor(all_told.append, severity="P3"),
    )
    cursors = [tick(sensor, instance, None) for sensor in (strict, lenient)]

    job.execute_in_process(instance=instance, partition_key=key(9, "eval"))
    for sensor, cursor in zip((strict, lenient), cursors, strict=True):
        tick(sensor, instance, cursor)

    assert told == []
    assert [c.check for c in all_told[0].checks] == ["feed__has_values"]


def test_runs_from_before_the_sensor_are_not_told_of(tmp_path, instance):
    told = []
    sensor = failed_checks_sensor(told.append)
    job = definitions(tmp_path).resolve_implicit_global_asset_job_def()
    job.execute_in_process(instance=instance, tags=span(key(4, "train"), key(5, "eval")))

    tick(sensor, instance, tick(sensor, instance, None))

    assert told == []


def test_a_message_that_could_not_be_sent_is_sent_at_the_next_tick(tmp_path, instance):
    told, broken = [], [True]

    def notify(found):
        if broken.pop() if broken else False:
            raise ConnectionError("no network")
        told.append(found)

    sensor = failed_checks_sensor(notify)
    job = definitions(tmp_path).resolve_implicit_global_asset_job_def()
    cursor = tick(sensor, instance, None)
    job.execute_in_process(instance=instance, tags=span(key(4, "train"), key(5, "eval")))

    with pytest.raises(ConnectionError):
        tick(sensor, instance, cursor)
    tick(sensor, instance, cursor)

    assert len(told) == 1

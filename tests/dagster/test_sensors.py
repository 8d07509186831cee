"""The sensor that tells of failed checks, which Dagster counts as a success."""

import contextlib
import datetime as dt
import json
import sqlite3

import dagster as dg
import pytest

from dqx_dagster import failed_checks_sensor
from tests.dagster.scenario import definitions, key, span, tick


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


def test_a_run_that_is_tagged_after_its_end_is_not_told_of_again(tmp_path, instance):
    told = []
    sensor = failed_checks_sensor(told.append)
    job = definitions(tmp_path).resolve_implicit_global_asset_job_def()
    cursor = tick(sensor, instance, None)
    first, second = (
        job.execute_in_process(instance=instance, tags=span(key(4, "train"), key(5, "eval"))) for _ in "ab"
    )
    cursor = tick(sensor, instance, cursor)

    # Dagster writes a run anew for a tag: its moment is then after the cursor's.
    instance.add_run_tags(first.run_id, {"reviewed": "yes"})
    tick(sensor, instance, cursor)

    assert [found.run_id for found in told] == [first.run_id, second.run_id]


def test_a_run_that_is_tagged_an_hour_after_its_end_is_not_told_of_again(tmp_path):
    told = []
    sensor = failed_checks_sensor(told.append)
    job = definitions(tmp_path).resolve_implicit_global_asset_job_def()
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        cursor = tick(sensor, instance, None)
        old = job.execute_in_process(instance=instance, tags=span(key(4, "train"), key(5, "eval")))
        begun = later(cursor, hours=-2)
        move(tmp_path, old.run_id, dt.timedelta(hours=-1))
        job.execute_in_process(instance=instance, partition_key=key(3, "train"))
        cursor = tick(sensor, instance, tick(sensor, instance, begun))
        instance.add_run_tags(old.run_id, {"reviewed": "yes"})
        tick(sensor, instance, cursor)

    assert [found.run_id for found in told] == [old.run_id]


def test_a_run_that_is_written_after_one_that_ended_later_is_told_of(tmp_path):
    told = []
    sensor = failed_checks_sensor(told.append)
    job = definitions(tmp_path).resolve_implicit_global_asset_job_def()
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        cursor = later(tick(sensor, instance, None), hours=-1)
        last = job.execute_in_process(instance=instance, tags=span(key(4, "train"), key(5, "eval")))
        cursor = tick(sensor, instance, cursor)
        # Another process, whose clock is two minutes behind.
        slow = job.execute_in_process(instance=instance, tags=span(key(4, "train"), key(5, "eval")))
        move(tmp_path, slow.run_id, dt.timedelta(minutes=-2))
        for _ in range(2):
            cursor = tick(sensor, instance, cursor)

    assert [found.run_id for found in told] == [last.run_id, slow.run_id]


def later(cursor, **by):
    """The cursor as if the sensor had begun at another moment."""
    held = json.loads(cursor)
    moment = (dt.datetime.fromisoformat(held["since"]) + dt.timedelta(**by)).isoformat()
    return json.dumps({**held, "begun": moment, "since": moment})


def move(folder, run_id, by):
    """Give a finished run another end, as another machine would have written it."""
    with contextlib.closing(sqlite3.connect(folder / "history/runs.db")) as storage, storage:
        [(ended, updated)] = storage.execute("SELECT end_time, update_timestamp FROM runs WHERE run_id = ?", [run_id])
        moved = (dt.datetime.fromisoformat(updated) + by).strftime("%Y-%m-%d %H:%M:%S.%f")
        storage.execute(
            "UPDATE runs SET end_time = ?, update_timestamp = ? WHERE run_id = ?",
            [ended + by.total_seconds(), moved, run_id],
        )


def test_runs_told_of_before_one_that_could_not_be_are_not_told_of_again(tmp_path, instance):
    told, broken = [], []

    def notify(found):
        if found.run_id in broken:
            raise ConnectionError("no network")
        told.append(found.run_id)

    sensor = failed_checks_sensor(notify)
    job = definitions(tmp_path).resolve_implicit_global_asset_job_def()
    cursor = tick(sensor, instance, None)
    first, second = (
        job.execute_in_process(instance=instance, tags=span(key(4, "train"), key(5, "eval"))) for _ in "ab"
    )
    broken.append(second.run_id)
    cursor = tick(sensor, instance, cursor)
    with pytest.raises(ConnectionError):  # a tick that fails keeps the cursor that it began with
        tick(sensor, instance, cursor)
    broken.clear()
    tick(sensor, instance, cursor)

    assert told == [first.run_id, second.run_id]

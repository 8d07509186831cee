"""A folder is replaced in one step, and what a crash leaves is cleaned up without touching what lives."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dqx_core.datasets.folders import _set_aside, put, workshop


def filled(folder, text):
    folder.mkdir(parents=True)
    (folder / "text").write_text(text)
    return folder


def test_a_folder_takes_the_place_of_nothing_and_of_another(tmp_path):
    place = tmp_path / "a=1" / "b=2"
    with workshop(tmp_path) as shop:
        for text in ("old", "new"):
            put(filled(shop / text / "b=2", text), place)
            assert (place / "text").read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == ["a=1"]


def test_a_reader_never_finds_the_place_empty(tmp_path):
    place = filled(tmp_path / "a=1" / "b=2", "0")
    seen, lost, done = set(), [], threading.Event()

    def read():
        while not done.is_set():
            try:
                seen.add((place / "text").read_text())
            except OSError as error:
                lost.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    with workshop(tmp_path) as shop:
        for number in range(200):
            put(filled(shop / str(number), str(number)), place)
    done.set()
    reader.join()
    assert lost == []
    assert len(seen) > 1


def test_two_writers_of_one_place_both_succeed_and_one_is_last(tmp_path):
    place, broken = tmp_path / "a=1" / "b=2", []

    def write(name):
        try:
            for number in range(50):
                with workshop(tmp_path) as shop:
                    put(filled(shop / "new", f"{name}{number}"), place)
        except OSError as error:
            broken.append(error)

    writers = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert broken == []
    assert (place / "text").read_text() in {"a49", "b49"}
    assert [path.name for path in tmp_path.iterdir()] == ["a=1"]


def test_without_an_exchange_the_old_is_set_aside_and_comes_back_after_a_crash(tmp_path):
    place = filled(tmp_path / "a=1" / "b=2", "old")
    dead = tmp_path / ".writing-dead"
    _set_aside(filled(dead / "a=1" / "b=2", "new"), place)
    assert not place.exists()
    with workshop(tmp_path):
        assert (place / "text").read_text() == "old"
        assert not dead.exists()


def test_what_was_set_aside_does_not_replace_what_came_after_it(tmp_path):
    place = filled(tmp_path / "a=1" / "b=2", "old")
    _set_aside(filled(tmp_path / ".writing-dead" / "a=1" / "b=2", "new"), place)
    filled(place, "newer")
    with workshop(tmp_path):
        assert (place / "text").read_text() == "newer"


def test_a_workshop_is_gone_after_an_error_and_its_lock_with_it(tmp_path):
    open_files = Path("/proc/self/fd")
    before = len(list(open_files.iterdir())) if open_files.is_dir() else None
    with pytest.raises(ZeroDivisionError), workshop(tmp_path):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    if before is not None:
        assert len(list(open_files.iterdir())) == before

"""Folders that are replaced whole: written beside their place, then exchanged for what is there in one step."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

_PREFIX = ".writing-"
_OLD = ".old"


@contextlib.contextmanager
def workshop(home: Path) -> Iterator[Path]:
    """A temporary folder in `home`, gone afterwards; what crashed runs left there is removed first.

    It is locked while the process lives, so no other run takes it for a leftover. The lock is the kernel's: it
    ends with the process, however that ends. Where there are no such locks, leftovers stay.
    """
    home.mkdir(parents=True, exist_ok=True)
    with locked(home):  # so that nobody sees the new folder before it is locked
        _sweep(home)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=home))
        lock = _lock(folder, wait=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def put(new: Path, place: Path) -> None:
    """Put a folder of a workshop in its place, under the same relative path, whatever is there.

    At every moment the place holds all of the old or all of the new. (Without the system's exchange of two names
    it is empty for an instant; a crash then is mended by the next run.)
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    while True:
        try:
            new.rename(place)
            return
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
        if _exchange(new, place):
            return
        _set_aside(new, place)


def _set_aside(new: Path, place: Path) -> None:
    """Move what is in the place into the workshop of `new`, under the same relative path."""
    workshop_of = next(parent for parent in new.parents if parent.name.startswith(_PREFIX))
    aside = workshop_of / _OLD / place.relative_to(workshop_of.parent)
    aside.parent.mkdir(parents=True, exist_ok=True)
    if aside.exists():
        shutil.rmtree(aside)
    with contextlib.suppress(FileNotFoundError):
        place.rename(aside)


def _sweep(home: Path) -> None:
    for leftover in home.glob(f"{_PREFIX}*"):
        lock = _lock(leftover, wait=False)
        if lock is None:
            continue  # a run that lives, or no locks here
        for old in (leftover / _OLD).glob("*/*"):
            place = home / old.relative_to(leftover / _OLD)
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                old.rename(place)
        shutil.rmtree(leftover, ignore_errors=True)
        os.close(lock)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time in a folder, where the system has locks; a lock ends with its process."""
    lock = _lock(folder, wait=True)
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _lock(folder: Path, *, wait: bool) -> int | None:
    """A descriptor that holds the lock of a folder until it is closed; None if it cannot be had."""
    try:
        import fcntl
    except ImportError:
        return None
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False if the system or the file system cannot."""
    swap = _system_exchange()
    return swap is not None and swap(os.fsencode(one), os.fsencode(other)) == 0


@cache
def _system_exchange() -> Callable[[bytes, bytes], int] | None:
    """Linux's renameat2 or macOS's renamex_np; Python offers neither."""
    if sys.platform not in {"linux", "darwin"}:
        return None
    system = ctypes.CDLL(None)
    if sys.platform == "linux" and hasattr(system, "renameat2"):
        here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
        return lambda one, other: int(system.renameat2(here, one, here, other, exchange))
    if hasattr(system, "renamex_np"):
        swap = 2  # RENAME_SWAP
        return lambda one, other: int(system.renamex_np(one, other, swap))
    return None

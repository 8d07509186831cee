"""Settings for the whole test run."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

from hypothesis import settings

# The same examples on every run and machine: a red build can be repeated, a green one means the same thing
# tomorrow. A slow machine is no failure. To search for new counterexamples: --hypothesis-profile=explore
settings.register_profile("ci", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None, max_examples=2_000)
settings.load_profile("ci")

MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30


def _takes_files(folder: Path) -> bool:
    """Whether there is room for what the tests write, and programs among it could be started."""
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return False
    return shutil.disk_usage(folder).free > ROOM and not os.statvfs(folder).f_flag & os.ST_NOEXEC


# Dagster and the metric store commit thousands of times, and a disk makes each wait: in memory the demo takes half
# as long. TMPDIR puts the files elsewhere.
if "TMPDIR" not in os.environ and _takes_files(MEMORY):
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

# Processes that tests start keep what they compile, as what pip installs has it: each would compile all of it again.
# The tests are kept as pytest compiles them, too: to rewrite their assertions is a third of collecting them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_collection_finish() -> None:
    """Set aside what is imported by now, all of which stays, so that no search for garbage goes through it."""
    gc.collect()
    gc.freeze()

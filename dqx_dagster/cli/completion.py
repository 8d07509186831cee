"""What a shell offers after a Tab: names that can be read from a folder or the store in no time."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dqx_core.errors import DqxError
from dqx_dagster.cli.store import DEFAULT_URL

if TYPE_CHECKING:
    from dqx_core.store import MetricDB


def datasets_of_root(incomplete: str) -> list[str]:
    """The materialized datasets, until where the rows are is typed."""
    root = Path(os.environ.get("DQX_ROOT", "data/datasets"))
    if "=" in incomplete or not root.is_dir():
        return []
    return sorted(each.name for each in root.iterdir() if each.is_dir() and each.name.startswith(incomplete))


def definitions(incomplete: str) -> list[str]:
    """The datasets that files define."""
    folder = Path(os.environ.get("DQX_DATASETS", "datasets"))
    files = [*folder.glob("*.yaml"), *folder.glob("*.yml")] if folder.is_dir() else []
    return sorted({file.stem for file in files if file.stem.startswith(incomplete)})


def suites_of_store(incomplete: str) -> list[str]:
    """The suites that gave verdicts."""
    return _from_store(incomplete, lambda db: {result.suite for result in db.latest_results()})


def datasets_of_store(incomplete: str) -> list[str]:
    """The datasets of which something was measured."""
    return _from_store(incomplete, lambda db: {s.dataset for s in db.series() if s.dataset is not None})


def executions_of_store(incomplete: str) -> list[str]:
    """The ids of executions."""
    return _from_store(incomplete, lambda db: {each.execution_id for each in db.executions()})


def _from_store(incomplete: str, names: Callable[[MetricDB], set[str]]) -> list[str]:
    """Names in the store of `DQX_STORE`; none where there is no store, for a shell has no use for an error."""
    from dqx_core.store import MetricDB

    url = os.environ.get("DQX_STORE", DEFAULT_URL)
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        return []
    with suppress(DqxError):
        db = MetricDB(url, auto_migrate=False)
        try:
            return sorted(name for name in names(db) if name.startswith(incomplete))
        finally:
            db.close()
    return []

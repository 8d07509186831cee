"""The verdicts that a store keeps: of an execution, and the newest of each assertion."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from dqx_core import lazily
from dqx_core.keys import ExecutionId, ResultKey
from dqx_core.report import AssertionResult

if TYPE_CHECKING:
    from dqx_core.store import results as rows
    from dqx_core.store.database import Database
    from dqx_core.store.results import Given
else:
    rows = lazily.Module("dqx_core.store.results")


class Verdicts(ABC):
    """The part of a metric store that keeps verdicts."""

    @property
    @abstractmethod
    def _database(self) -> Database: ...

    def persist_results(self, execution_id: ExecutionId, results: Iterable[AssertionResult]) -> None:
        """Keep the verdicts of an execution, all or none; one it gave before is replaced."""
        self._write_results(execution_id, list(results), dt.datetime.now(dt.UTC))

    def _write_results(
        self, execution_id: ExecutionId, results: Sequence[AssertionResult], moment: dt.datetime
    ) -> None:
        self._database.write(
            lambda c: rows.persist_results(c, execution_id, results, moment),
            f"persist {len(results):,} assertion results",
        )

    def results(self, execution_id: ExecutionId) -> list[AssertionResult]:
        """The verdicts of an execution, in the order in which they were given."""
        return self._database.read(
            lambda c: rows.results_of(c, execution_id), f"read the results of execution '{execution_id}'"
        )

    def latest_results(
        self,
        suite: str | None = None,
        *,
        check: str | None = None,
        assets: Collection[str] | None = None,
        tags: Mapping[str, str] | None = None,
        from_date: dt.date | None = None,
        until_date: dt.date | None = None,
    ) -> dict[AssertionResult, ExecutionId]:
        """The newest verdict of each suite, check, assertion, asset, window and tags, with the execution that gave it.

        A verdict that names no asset is that of none: it is told until a later one of its suite, check, assertion,
        window and tags names one.
        """
        asked = rows.Asked(suite, check, assets, tags, from_date, until_date)
        return {result: given.execution_id for result, given in self._newest_results(asked).items()}

    def assets_judged(self, suite: str, origins: Collection[str] | None = None) -> dict[tuple[str, str], str]:
        """By check and assertion of a suite the full name of the asset that the newest verdict is attached to."""
        asked = rows.Asked(suite, origins=origins)
        return self._database.read(lambda c: rows.assets_judged(c, asked), "read which assets were judged")

    def newest_verdicts(
        self,
        suite: str,
        asset: str,
        keys: Iterable[ResultKey] | None = None,
        *,
        origins: Collection[str] | None = None,
    ) -> dict[ResultKey, dict[AssertionResult, Given]]:
        """What a gate asks: for each key the newest verdict of each assertion of a suite on an asset, and who gave it.

        Every key is in it, if only with nothing: no verdict speaks of it. Verdicts that name no asset, or another one,
        do not count.

        Args:
            suite: Whose verdicts.
            asset: The full name of the asset that they are attached to.
            keys: The windows and tags; None: all that there are verdicts of.
            origins: Only verdicts of executions that were started so ("dagster", "cli", "python"): one that somebody
                gave elsewhere neither counts nor hides those that do. None: all.
        """
        found: dict[ResultKey, dict[AssertionResult, Given]] = {key: {} for key in keys or ()}
        days = None if keys is None else frozenset(key.yyyy_mm_dd for key in found)
        if days is None or days:
            asked = rows.Asked(suite, assets=(asset,), days=days, origins=origins)
            for result, given in self._newest_results(asked).items():
                held = found.setdefault(result.key, {}) if keys is None else found.get(result.key)
                if held is not None:
                    held[result] = given
        return found

    def _newest_results(self, asked: rows.Asked) -> dict[AssertionResult, Given]:
        return self._database.read(lambda c: rows.newest_results(c, asked), "read the newest results")

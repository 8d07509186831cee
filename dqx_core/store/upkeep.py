"""What a store says of itself, and what it forgets."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from dqx_core import lazily
from dqx_core.errors import DefinitionError
from dqx_core.keys import ExecutionId

if TYPE_CHECKING:
    from dqx_core.store import housekeeping, reading
    from dqx_core.store.database import Database
    from dqx_core.store.housekeeping import StoreInfo, Tally
    from dqx_core.store.versions import DatasetVersions
else:
    housekeeping, reading = (lazily.Module(f"dqx_core.store.{name}") for name in ("housekeeping", "reading"))


class Upkeep(ABC):
    """The part of a metric store that keeps house."""

    @property
    @abstractmethod
    def _database(self) -> Database: ...

    @property
    @abstractmethod
    def name(self) -> str:
        """The URL for people: its password hidden."""

    @property
    def datasets(self) -> DatasetVersions:
        """The versions of dataset definitions."""
        from dqx_core.store.versions import DatasetVersions

        return DatasetVersions(self._database)

    def info(self) -> StoreInfo:
        """What is in the store, and how large it is."""
        return self._database.read(lambda c: housekeeping.info(c, self.name), "count what it holds")

    def was_written_by(self, origin: str) -> bool:
        """Whether an execution of that origin wrote to it: "dagster", "cli", "python"."""
        return self._database.read(lambda c: housekeeping.was_written_by(c, origin), "look who wrote to it")

    def tallies(self, execution_ids: Iterable[ExecutionId]) -> dict[ExecutionId, Tally]:
        """How many numbers each of these executions measured, and how many it carried forward."""
        held = list(execution_ids)
        return self._database.read(lambda c: housekeeping.tallies(c, held), "count the numbers of executions")

    def delete_execution(self, execution_id: ExecutionId) -> bool:
        """Delete the numbers and verdicts of an execution; whether there was one.

        Copies that others carried forward stay, and go on naming it as their source.
        """
        return self._database.write(
            lambda c: housekeeping.delete_execution(c, execution_id), f"delete execution '{execution_id}'"
        )

    def expire(self, older_than: dt.datetime | dt.timedelta, keep_latest: bool = True, *, dry_run: bool = False) -> int:
        """Delete the numbers and verdicts that were written before a moment, or longer ago than a time.

        Executions are emptied a few at a time, so that others can write meanwhile. After an error, what
        was deleted is deleted, and running again deletes the rest.

        Args:
            older_than: A moment with a time zone, or an age.
            keep_latest: Whether the newest number of each metric and window stays, its newest value too, and the
                newest verdict of each assertion.
            dry_run: Delete nothing.

        Returns:
            How many numbers were deleted, or would be.
        """
        moment = dt.datetime.now(dt.UTC) - older_than if isinstance(older_than, dt.timedelta) else older_than
        if moment.tzinfo is None:
            raise DefinitionError(f"expire(older_than={moment!r}) has no time zone. Use datetime.now(timezone.utc).")
        old = self._database.read(lambda c: housekeeping.executions_before(c, moment), "list executions")
        run, work = (
            (self._database.read, housekeeping.count_expired)
            if dry_run
            else (self._database.write, housekeeping.expire)
        )
        return sum(
            run(partial(work, moment=moment, executions=some, keep_latest=keep_latest), "expire")
            for some in reading.chunks(old, 20)
        )

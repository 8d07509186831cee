"""An execution: one closed world of numbers, and what is known about the run that made it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from dqx_core.errors import DefinitionError
from dqx_core.keys import ExecutionId, ResultKey

_LONGEST_ID = 255


@dataclass(frozen=True)
class Execution:
    """One run of a suite, or of several suites under one id, as in a Dagster run."""

    execution_id: ExecutionId
    suite: str | None = None
    """The first suite that ran under this id; each result names its own."""
    keys: tuple[ResultKey, ...] = ()
    """What was judged."""
    started: dt.datetime | None = None
    """None on the way in: now. Never None on the way out."""
    finished: dt.datetime | None = None
    status: str | None = None
    data_sources: tuple[str, ...] = ()
    code_version: str | None = None
    origin: str | None = None
    """Where it was started: "dagster", "cli", "notebook", …"""
    parameters: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_execution_id(self.execution_id)
        for name in ("started", "finished"):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise DefinitionError(
                    f"Execution '{self.execution_id}' has {name}={moment!r}, which has no time zone. "
                    "Use datetime.now(timezone.utc)."
                )

    def joined(self, later: Execution) -> Self:
        """What both say of one id: keys, data sources and parameters add up, else the later word counts.

        The suite and the start stay: they are the first ones.
        """
        starts = [moment for moment in (self.started, later.started) if moment is not None]
        return type(self)(
            self.execution_id,
            self.suite or later.suite,
            tuple(dict.fromkeys(self.keys + later.keys)),
            min(starts) if starts else None,
            later.finished or self.finished,
            later.status or self.status,
            tuple(dict.fromkeys(self.data_sources + later.data_sources)),
            later.code_version or self.code_version,
            later.origin or self.origin,
            {**self.parameters, **later.parameters},
        )


def check_execution_id(execution_id: ExecutionId) -> None:
    """An id names a row and stands in an index.

    Raises:
        DefinitionError: It is empty, or longer than 255 characters.
    """
    if not execution_id or len(execution_id) > _LONGEST_ID:
        shown = repr(execution_id[:40]) + ("…" if len(execution_id) > 40 else "")
        raise DefinitionError(
            f"Execution id {shown} has {len(execution_id)} characters; it must have 1 to {_LONGEST_ID}. "
            "Use a run id or str(uuid.uuid4())."
        )

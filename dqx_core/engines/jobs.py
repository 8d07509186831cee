"""What engines that bill by the job ran: who asked, what it read, what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

TIB = 2**40


@dataclass(frozen=True)
class EngineJob:
    """A job that an engine ran to its end."""

    engine: str
    id: str
    project: str
    location: str | None
    kind: str
    """"query", "copy", "load" or "extract"."""
    bytes_estimated: int | None = None
    """By the dry run before it; None where there is none."""
    bytes_processed: int = 0
    bytes_billed: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None
    """Where its owner can look at it."""

    def cost(self, price_per_tib: float) -> float:
        """Of the bytes billed, in the currency of the price."""
        return self.bytes_billed / TIB * price_per_tib

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        return asdict(self) | {"labels": dict(self.labels)}


_labels: ContextVar[Mapping[str, str]] = ContextVar("labels", default=MappingProxyType({}))
_recorders: ContextVar[tuple[list[EngineJob], ...]] = ContextVar("recorders", default=())


@contextmanager
def recording(**labels: str) -> Iterator[list[EngineJob]]:
    """Every job that is run inside, in order; each gets the labels, and those of the recordings around.

    It holds for the thread that opened it.
    """
    jobs: list[EngineJob] = []
    outer_labels = _labels.set({**_labels.get(), **labels})
    outer_recorders = _recorders.set((*_recorders.get(), jobs))
    try:
        yield jobs
    finally:
        _recorders.reset(outer_recorders)
        _labels.reset(outer_labels)


def current_labels() -> Mapping[str, str]:
    """The labels that a job run now gets."""
    return _labels.get()


def record(job: EngineJob) -> None:
    """Tell every recording that is open."""
    for jobs in _recorders.get():
        jobs.append(job)


def as_parameters(jobs: Iterable[EngineJob]) -> dict[str, object]:
    """The jobs as parameters of an execution, each under its own name, so that those of several suites add up."""
    return {f"job {job.id}": job.to_dict() for job in jobs}


def jobs_of(parameters: Mapping[str, object]) -> list[EngineJob]:
    """The jobs among the parameters of an execution: the inverse of `as_parameters`."""
    return [
        EngineJob(**value)
        for name, value in parameters.items()
        if name.startswith("job ") and isinstance(value, dict) and value.keys() == EngineJob.__dataclass_fields__.keys()
    ]

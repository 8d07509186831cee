"""A suite as it is written: checks under a name, and the graph that they build."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from dqx_core.calendars import DAYS, Calendar
from dqx_core.checks import Check
from dqx_core.engines.base import DataSource
from dqx_core.errors import DefinitionError, ValidationError
from dqx_core.evaluation import NoRows
from dqx_core.graph import Graph, RootNode
from dqx_core.passes import prepare, prune
from dqx_core.passes.validation import warn_of_unused
from dqx_core.pausing import no_collection
from dqx_core.profiles import Profile, unmatched
from dqx_core.symbols import SymbolRegistry

Selection = Callable[[str, str], bool]


@dataclass(frozen=True)
class Suite:
    """Checks under a name: what a verification suite runs, before there is a store or an execution."""

    name: str
    checks: Sequence[Check]
    """Any sequence; kept as a tuple."""
    profiles: Sequence[Profile] = ()
    """What adjusts the verdicts of some days."""
    no_rows: NoRows = "error"
    """What to make of assertions on a window without a row, other than on `num_rows()`: an "error", or "judge" them."""

    def __post_init__(self) -> None:
        if self.no_rows not in get_args(NoRows):
            raise DefinitionError(f"Suite '{self.name}' has no_rows={self.no_rows!r}. Give 'error' or 'judge'.")
        object.__setattr__(self, "checks", tuple(self.checks))
        object.__setattr__(self, "profiles", tuple(self.profiles))
        if not self.name.strip():
            raise DefinitionError("A suite needs a name, such as VerificationSuite([sales], db, 'Sales suite').")
        for check in self.checks:
            if not isinstance(check, Check):
                raise DefinitionError(
                    f"Suite '{self.name}' was given {check!r}, which is not a check. "
                    'Decorate the function with @check(name="…", datasets=["…"]).'
                )

    def build(
        self,
        sources: Sequence[DataSource] | None = None,
        *,
        select: Selection | None = None,
        calendar: Calendar = DAYS,
        judge_unfit: bool = False,
    ) -> Graph:
        """What the checks assert, through every pass; without data unless sources are given.

        Args:
            sources: The data sources, to check names and types against.
            select: Which assertions to keep, by check and assertion name; None: all.
            calendar: Whose windows are judged, to check that there are those that assertions compare with.
            judge_unfit: Whether a suite is judged of whose assertions none can be computed from the columns of the
                sources: each is an ERROR then. A suite of which some can be is judged in any case.

        Raises:
            DefinitionError: A check cannot work; as `ValidationError` it lists every problem.
        """
        with no_collection():
            return self._built(sources, select, calendar, judge_unfit)

    def _built(
        self, sources: Sequence[DataSource] | None, select: Selection | None, calendar: Calendar, judge_unfit: bool
    ) -> Graph:
        registry = SymbolRegistry(calendar)
        nodes = [check.node(registry) for check in self.checks]
        symbols = dict(registry)
        whole = RootNode(self.name, tuple(nodes))
        if problems := list(unmatched(self.profiles, whole)):
            raise ValidationError(f"Suite '{self.name}'", problems)
        if select is None:
            warn_of_unused(Graph(whole, symbols), registry.bases)
        else:
            kept = (replace(n, assertions=tuple(a for a in n.assertions if select(n.name, a.name))) for n in nodes)
            nodes = [node for node in kept if node.assertions]
        root = RootNode(self.name, tuple(nodes))
        graph = Graph(root, symbols)
        if select is not None:
            graph = prune(graph)  # what only others use may be of data that are not there yet
        return prepare(graph, None if sources is None else by_name(sources), judge_unfit=judge_unfit)


def by_name(sources: Iterable[DataSource]) -> dict[str, DataSource]:
    """The data sources by what checks call them.

    Raises:
        DefinitionError: Two have one name.
    """
    named: dict[str, DataSource] = {}
    for source in sources:
        if source.name in named:
            raise DefinitionError(f"Two data sources are named '{source.name}'. Names tell them apart: rename one.")
        named[source.name] = source
    return named

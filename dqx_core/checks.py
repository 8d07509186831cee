"""What a user writes: `@check`, and `ctx.assert_that(expression).where(name=…).is_gt(0)`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from dqx_core.bounds import TOLERANCE, Bound, Operator
from dqx_core.errors import DefinitionError
from dqx_core.graph import AssertionNode, CheckNode, OnMissingHistory, symbols_in
from dqx_core.provider import MetricProvider
from dqx_core.report import Severity
from dqx_core.symbols import SymbolRegistry

if TYPE_CHECKING:
    import sympy as sp

    Limit: TypeAlias = sp.Expr | float

_COMPARISON = (
    "compares a metric in Python, before there is a number. Give the expression and name the condition: "
    "ctx.assert_that(mp.sum('a')).where(name='…').is_gt(3)."
)

_SEVERITIES = frozenset(Severity)

CheckFunction = Callable[[MetricProvider, "Context"], None]


@dataclass(frozen=True)
class Check:
    """A named function that makes assertions on datasets."""

    name: str
    datasets: tuple[str, ...]
    """Empty: the suite's only one."""
    function: CheckFunction

    def __call__(self, mp: MetricProvider, ctx: Context) -> None:
        self.function(mp, ctx)

    def node(self, registry: SymbolRegistry) -> CheckNode:
        """What the function asserts, as a node of the graph."""
        import sympy as sp

        context = Context(self.name)
        # Unevaluated: m - m must stay an expression of m, or a failed metric would hide behind a 0.
        with sp.evaluate(False):
            try:
                self.function(MetricProvider(registry), context)
            except TypeError as error:
                if "truth value of Relational" not in str(error):
                    raise
                raise DefinitionError(f"Check '{self.name}' {_COMPARISON}") from error
            except RecursionError as error:
                raise DefinitionError(
                    f"Check '{self.name}' nests expressions deeper than SymPy can follow. Write a long sum with one "
                    "call, such as sympy.Add(*terms)."
                ) from error
        assertions = context.finished()
        for assertion in assertions:
            for expression in (assertion.expression, *assertion.bound.limits):
                if expression.is_Number:  # most limits are
                    continue
                for symbol in symbols_in(expression):
                    registry[symbol]  # raises at a symbol that no provider of this suite made
        return CheckNode(self.name, self.datasets, assertions)


def check(
    *args: Any, name: str | None = None, datasets: Sequence[str] | None = None
) -> Callable[[CheckFunction], Check]:
    """Make a check of a function: `@check(name="Sales", datasets=["sales"])`.

    Raises:
        DefinitionError: There are no parentheses, or no name.
    """
    if args or not isinstance(name, str) or not name.strip():
        what = f" on {args[0].__name__}" if args and hasattr(args[0], "__name__") else ""
        raise DefinitionError(f'@check{what} needs a name. Write it as @check(name="Sales", datasets=["sales"]).')
    if isinstance(datasets, str):
        raise DefinitionError(
            f"Check '{name}' has datasets={datasets!r}, one text. Write a list: datasets=[{datasets!r}]."
        )

    def decorate(function: CheckFunction) -> Check:
        return Check(name, tuple(datasets or ()), function)

    return decorate


class Context:
    """Where a check says what must hold."""

    def __init__(self, check: str) -> None:
        self._check = check
        self._started: list[AssertionDraft] = []

    def assert_that(self, expression: sp.Expr | float) -> AssertionDraft:
        """Begin an assertion on an expression of metrics; go on with `.where(name=…)` and a condition."""
        draft = AssertionDraft(self._check, _expression(f"Check '{self._check}': assert_that", expression))
        self._started.append(draft)
        return draft

    def finished(self) -> tuple[AssertionNode, ...]:
        """The assertions made so far.

        Raises:
            DefinitionError: One was begun and not finished.
        """
        for draft in self._started:
            if draft.node is None:
                raise DefinitionError(
                    f"Check '{self._check}': assert_that({draft.expression}) was begun and has no condition. "
                    "Finish it, such as .where(name='…').is_positive()."
                )
        return tuple(draft.node for draft in self._started if draft.node is not None)


class AssertionDraft:
    """An assertion without a name yet."""

    def __init__(self, check: str, expression: sp.Expr) -> None:
        self.check = check
        self.expression = expression
        self.node: AssertionNode | None = None

    def where(
        self,
        *,
        name: str,
        severity: str = "P1",
        tags: Iterable[str] = frozenset(),
        on_missing_history: OnMissingHistory = "skip",
    ) -> NamedAssertion:
        """Give it a name, and how bad a failure is: P0 (worst) to P3."""
        if not isinstance(name, str) or not name.strip():
            raise DefinitionError(
                f"Check '{self.check}': an assertion needs a name, such as .where(name='Price is positive')."
            )
        if severity not in _SEVERITIES:
            raise DefinitionError(
                f"Check '{self.check}', assertion '{name}': severity {severity!r} is not one of P0, P1, P2, P3."
            )
        if on_missing_history not in ("skip", "fail"):
            raise DefinitionError(
                f"Check '{self.check}', assertion '{name}': on_missing_history={on_missing_history!r} is neither "
                "'skip' nor 'fail'."
            )
        labels = frozenset((tags,) if isinstance(tags, str) else tags)
        return NamedAssertion(self, name, Severity(severity), labels, on_missing_history)

    def __getattr__(self, wanted: str) -> NoReturn:
        if wanted.startswith("is_") or wanted == "noop":
            raise DefinitionError(
                f"Check '{self.check}': call .where(name='…') before .{wanted}(…), so that the assertion has a name."
            )
        raise AttributeError(wanted)


@dataclass(frozen=True)
class NamedAssertion:
    """An assertion that lacks only its condition."""

    draft: AssertionDraft
    name: str
    severity: Severity
    tags: frozenset[str]
    on_missing_history: OnMissingHistory

    def is_eq(self, value: Limit, tol: float = TOLERANCE) -> None:
        """|x - value| ≤ tol."""
        self._judge(Operator.EQ, [value], tol)

    def is_neq(self, value: Limit, tol: float = TOLERANCE) -> None:
        """|x - value| > tol."""
        self._judge(Operator.NEQ, [value], tol)

    def is_gt(self, value: Limit, tol: float = TOLERANCE) -> None:
        """x > value + tol."""
        self._judge(Operator.GT, [value], tol)

    def is_geq(self, value: Limit, tol: float = TOLERANCE) -> None:
        """x ≥ value - tol."""
        self._judge(Operator.GEQ, [value], tol)

    def is_lt(self, value: Limit, tol: float = TOLERANCE) -> None:
        """x < value - tol."""
        self._judge(Operator.LT, [value], tol)

    def is_leq(self, value: Limit, tol: float = TOLERANCE) -> None:
        """x ≤ value + tol."""
        self._judge(Operator.LEQ, [value], tol)

    def is_between(self, low: Limit, high: Limit, tol: float = TOLERANCE) -> None:
        """low - tol ≤ x ≤ high + tol."""
        self._judge(Operator.BETWEEN, [low, high], tol)

    def is_not_between(self, low: Limit, high: Limit, tol: float = TOLERANCE) -> None:
        """x < low - tol or x > high + tol."""
        self._judge(Operator.NOT_BETWEEN, [low, high], tol)

    def is_positive(self, tol: float = TOLERANCE) -> None:
        """x > tol."""
        self._judge(Operator.GT, [0], tol)

    def is_negative(self, tol: float = TOLERANCE) -> None:
        """x < -tol."""
        self._judge(Operator.LT, [0], tol)

    def is_zero(self, tol: float = TOLERANCE) -> None:
        """|x| ≤ tol."""
        self._judge(Operator.EQ, [0], tol)

    def noop(self) -> None:
        """Record the value, judge nothing."""
        self._judge(Operator.NOOP, [], 0.0)

    def _judge(self, operator: Operator, limits: Sequence[Limit], tolerance: float) -> None:
        who = f"Check '{self.draft.check}', assertion '{self.name}'"
        if not (isinstance(tolerance, int | float) and 0 <= tolerance < math.inf):
            raise DefinitionError(f"{who}: tol={tolerance!r} is not a number of 0 or more.")
        numbers = [v for v in limits if isinstance(v, int | float)]
        if any(not math.isfinite(v) for v in numbers):
            raise DefinitionError(
                f"{who}: the bound {operator.value.format(*limits)!r} is not finite. Give finite numbers."
            )
        if len(numbers) == 2 and numbers[0] > numbers[1]:
            raise DefinitionError(
                f"{who}: {operator.value.format(*limits)} is empty: the lower limit is above the upper. Swap them."
            )
        if self.draft.node is not None:
            raise DefinitionError(
                f"{who}: it has a condition already. Begin another assert_that for another condition."
            )
        bound = Bound(operator, tuple(_expression(f"{who}: the bound", v) for v in limits), tolerance)
        self.draft.node = AssertionNode(
            self.name, self.draft.expression, bound, self.severity, self.tags, self.on_missing_history
        )


def _expression(who: str, value: object) -> sp.Expr:
    import sympy as sp
    from sympy.core.relational import Relational

    if isinstance(value, sp.Expr):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value)
    if isinstance(value, Relational | bool) or value in (sp.true, sp.false):
        raise DefinitionError(f"{who} was given {value}: it {_COMPARISON}")
    raise DefinitionError(f"{who} takes an expression of metrics, not {value!r}.")


@lru_cache(maxsize=1024, typed=True)
def _number(value: float) -> sp.Expr:
    import sympy as sp

    return sp.sympify(value)

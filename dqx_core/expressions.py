"""Expressions over metrics: their value in full double precision, and their text.

SymPy's own evaluation rounds to a working precision (10,000,019 becomes 10,000,020 at 6 digits) and cancels
terms; here the tree is walked as it was written, with Python's integers and doubles.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from returns.result import Failure, Result, Success

from dqx_core.functions import COALESCE
from dqx_core.history import Problem, Value
from dqx_core.states import Number

if TYPE_CHECKING:
    import sympy as sp

Lookup = Callable[["sp.Symbol"], Value]
Computed = Result[Number, tuple[Problem, ...]]


def compute(expression: sp.Expr, value_of: Lookup) -> Computed:
    """The value of an expression: finite, real, rounded only where double arithmetic rounds; else every reason."""
    if expression.is_Symbol:  # most are
        value = value_of(expression)
        if isinstance(value, Success) and math.isfinite(value.unwrap()):
            return value
    problems: dict[Problem, None] = {}
    number: Any = None
    try:
        number = _walk(expression, value_of, problems)
    except ZeroDivisionError:
        problems[Problem("division by zero")] = None
    except OverflowError:
        problems[Problem("the result is too large for a double")] = None
    except ValueError as error:
        problems[Problem(str(error))] = None
    if not problems:
        if isinstance(number, complex):
            problems[Problem(f"the result is complex: {number:.6g}")] = None
        elif math.isnan(number):
            problems[Problem("the result is NaN")] = None
        elif math.isinf(number):
            problems[Problem("the result is infinite")] = None
    return Failure(tuple(problems)) if problems else Success(number)


def _walk(node: Any, value_of: Lookup, problems: dict[Problem, None]) -> Any:
    """The number of a node. Where a metric has none, its problem is noted and the result means nothing."""
    if node.is_Symbol:
        match value_of(node):
            case Success(number):
                return number
            case Failure(problem):
                problems[problem] = None
        return math.nan
    if node.is_Integer:
        return node.p
    if node.is_Rational:
        return node.p / node.q
    if node.is_Float or node.is_NumberSymbol:
        return float(node)
    kind = node.func.__name__
    if kind == COALESCE:
        return _first(node.args, value_of, problems)
    if kind == "Mul":
        return _product(node.args, value_of, problems)
    numbers = [_walk(argument, value_of, problems) for argument in node.args]
    if problems:
        return math.nan
    match kind, numbers:
        case "Add", _:
            return _sum(numbers)
        case "Pow", [base, exponent]:
            return _power(base, exponent)
        case "Abs", [x]:
            return abs(x)
        case "log", [x]:
            return _log(x)
        case "log", [x, base]:
            return _log(x) / _log(base)
        case "exp", [x]:
            return math.exp(x)
        case "Min", _:
            return min(numbers)
        case "Max", _:
            return max(numbers)
    raise ValueError(
        f"{kind} is not a function that dqx can compute; use + - * / **, Abs, sqrt, log, Min, Max or coalesce"
    )


def _sum(numbers: list[Any]) -> Any:
    total: Any = 0
    for number in numbers:
        total = total + number
    return total


def _product(arguments: Any, value_of: Lookup, problems: dict[Problem, None]) -> Any:
    """A product in which a factor b ** -1 divides: a / b is rounded once, a * (1 / b) twice."""
    over: Any = 1
    under: Any = 1
    for argument in arguments:
        if _divides(argument):
            under = under * _power(_walk(argument.base, value_of, problems), -argument.exp.p)
        elif argument.is_Rational and not argument.is_Integer:
            over, under = over * argument.p, under * argument.q
        else:
            over = over * _walk(argument, value_of, problems)
    if problems:
        return math.nan
    return over if isinstance(under, int) and under == 1 else over / under


def _power(base: Any, exponent: Any) -> Any:
    if exponent == 0.5 and not isinstance(base, complex) and base >= 0:
        return math.sqrt(base)
    return base**exponent


def _log(x: Any) -> float:
    if isinstance(x, complex) or x <= 0:
        raise ValueError(f"the logarithm of {text_of_number(x)} is not a real number")
    return math.log(x)


def _first(arguments: Any, value_of: Lookup, problems: dict[Problem, None]) -> Any:
    tried: dict[Problem, None] = {}
    for argument in arguments:
        match compute(argument, value_of):
            case Success(number):
                return number
            case Failure(reasons):
                tried |= dict.fromkeys(reasons)
    problems |= tried
    return math.nan


def text_of_number(number: Any) -> str:
    """A number for people: integers whole, others to six digits."""
    if isinstance(number, int):
        return f"{number:,}"
    return f"{number:.6g}"


_SUM, _PRODUCT, _POWER, _ATOM = range(4)


def text(expression: sp.Expr, name_of: Callable[[sp.Symbol], str]) -> str:
    """An expression as a person wrote it, with the names of its metrics."""
    return _text(expression, name_of)[0]


def _text(node: Any, name_of: Callable[[Any], str]) -> tuple[str, int]:
    def inner(argument: Any, least: int) -> str:
        written, binds = _text(argument, name_of)
        return written if binds >= least else f"({written})"

    if node.is_Symbol:
        return name_of(node), _ATOM
    if node.is_Integer:
        return str(node.p), _ATOM if node.p >= 0 else _SUM
    if node.is_Rational:
        return f"{node.p}/{node.q}", _PRODUCT
    if node.is_Float:
        number = float(node)
        return repr(number), _ATOM if number >= 0 else _SUM
    if node.is_Add:
        written = inner(node.args[0], _SUM)
        for argument in node.args[1:]:
            negative, positive = _negated(argument)
            written += f" - {inner(positive, _PRODUCT)}" if negative else f" + {inner(argument, _SUM)}"
        return written, _SUM
    if node.is_Mul:
        negative, positive = _negated(node)
        if negative:
            return f"-{inner(positive, _PRODUCT)}", _SUM
        over = [inner(a, _PRODUCT) for a in node.args if not _divides(a)]
        under = [
            inner(a.base, _POWER) if a.exp.p == -1 else f"{inner(a.base, _ATOM)}**{-a.exp}"
            for a in node.args
            if _divides(a)
        ]
        return " / ".join([" * ".join(over or ["1"]), *under]), _PRODUCT
    if node.is_Pow:
        if node.exp.is_Rational and node.exp.p == 1 and node.exp.q == 2:
            return f"sqrt({_text(node.base, name_of)[0]})", _ATOM
        if _divides(node):
            return f"1 / {inner(node.base**-node.exp, _POWER)}", _PRODUCT
        return f"{inner(node.base, _ATOM)}**{inner(node.exp, _ATOM)}", _POWER
    return f"{node.func.__name__}({', '.join(_text(a, name_of)[0] for a in node.args)})", _ATOM


def _divides(node: Any) -> bool:
    # By the integer behind it: a comparison of SymPy's makes an expression first.
    return bool(node.is_Pow and node.exp.is_Integer and node.exp.p < 0)


def _negated(node: Any) -> tuple[bool, Any]:
    """Whether a node begins with a minus, and the node without it."""
    import sympy as sp

    if node.is_Mul and node.args[0].is_Number and node.args[0].is_extended_negative:
        rest = node.args[1:] if node.args[0] == -1 else (-node.args[0], *node.args[1:])
        return True, rest[0] if len(rest) == 1 else sp.Mul(*rest, evaluate=False)
    if node.is_Number and node.is_extended_negative:
        return True, -node
    return False, node

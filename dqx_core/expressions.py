"""Expressions over metrics: their value in full double precision, and their text.

SymPy's own evaluation rounds to a working precision (10,000,019 becomes 10,000,020 at 6 digits) and cancels
terms; here the tree is walked as it was written, with Python's integers and doubles.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import is_not
from typing import TYPE_CHECKING, Any, cast

from returns.result import Failure, Result, Success

from dqx_core.functions import COALESCE
from dqx_core.history import Problem, Value
from dqx_core.numerals import shown
from dqx_core.states import Number

if TYPE_CHECKING:
    import sympy as sp

Lookup = Callable[["sp.Symbol"], Value]
Computed = Result[Number, tuple[Problem, ...]]

_TOO_LARGE = Problem("the result is too large for a double")
_NOTHING: Any = object()
"""In the place of a number that is not there."""


def compute(expression: sp.Expr, value_of: Lookup) -> Computed:
    """The value of an expression: finite, real, rounded only where double arithmetic rounds; else every reason."""
    if expression.is_Symbol:  # most are
        value = value_of(expression)
        if isinstance(value, Success) and math.isfinite(value.unwrap()):
            return value
    elif expression.is_Integer and -_LARGEST <= expression.p <= _LARGEST:  # most limits are
        return Success(expression.p)
    number, reasons = _walk(expression, value_of)
    problems = _flat(reasons) if reasons else ()
    if not problems:
        if isinstance(number, complex):
            problems = (Problem(f"the result is complex: {shown(number)}"),)
        elif isinstance(number, int):
            problems = () if -_LARGEST <= number <= _LARGEST else (_TOO_LARGE,)
        elif math.isnan(number):
            problems = (Problem("the result is NaN"),)
        elif math.isinf(number):
            problems = (Problem("the result is infinite"),)
    return Failure(problems) if problems else Success(number)


_LARGEST = int(sys.float_info.max)


_Reasons = tuple[Any, ...]
"""Problems, and tuples of these: joining them at each node would cost the square of the terms."""


def _flat(reasons: _Reasons) -> tuple[Problem, ...]:
    """Every problem once, in the order of the expression."""
    found: dict[Problem, None] = {}
    ahead: list[Any] = [reasons]
    while ahead:
        each = ahead.pop()
        if isinstance(each, Problem):
            found[each] = None
        else:
            ahead.extend(reversed(each))
    return tuple(found)


_SHALLOW = 50
"""How deep a tree is walked by calls, which cost least; what lies deeper is walked with a stack of our own."""


def _walk(expression: Any, value_of: Lookup, deep: int = 0) -> tuple[Any, _Reasons]:
    """The number of an expression, or every reason why there is none. A sum of thousands of terms is a tree as deep."""
    if (leaf := _leaf(expression, value_of)) is not None:
        return leaf
    if deep > _SHALLOW:
        return _walk_deep(expression, value_of)
    parts = _factors(expression) if expression.is_Mul else expression.args
    return _combined(expression, [_walk(part, value_of, deep + 1) for part in parts])


def _walk_deep(expression: Any, value_of: Lookup) -> tuple[Any, _Reasons]:
    """The same, leaves first, with a stack."""
    done: list[tuple[Any, _Reasons]] = []
    ahead: list[tuple[Any, tuple[Any, ...] | None]] = [(expression, None)]
    while ahead:
        node, parts = ahead.pop()
        if parts is not None:
            arguments = done[len(done) - len(parts) :]
            del done[len(done) - len(parts) :]
            done.append(_combined(node, arguments))
        elif (leaf := _leaf(node, value_of)) is not None:
            done.append(leaf)
        else:
            parts = _factors(node) if node.is_Mul else node.args
            ahead.append((node, parts))
            ahead.extend((part, None) for part in reversed(parts))
    return done[0]


def _leaf(node: Any, value_of: Lookup) -> tuple[Any, _Reasons] | None:
    """The number of a metric or a constant; None for what is made of others."""
    if node.is_Symbol:
        value = value_of(node)
        return (value.unwrap(), ()) if isinstance(value, Success) else (_NOTHING, (value.failure(),))
    if node.is_Integer:
        return node.p, ()
    if node.is_Rational or node.is_Float or node.is_NumberSymbol:
        return _tried(_constant, node)
    return None


def _constant(node: Any) -> float:
    return node.p / node.q if node.is_Rational else float(node)


def _combined(node: Any, arguments: list[tuple[Any, _Reasons]]) -> tuple[Any, _Reasons]:
    """The number of a node, from those of what it is made of."""
    kind = node.func.__name__
    if kind == COALESCE:
        return _first(arguments)
    if reasons := tuple([each for _, each in arguments if each]):
        return _NOTHING, reasons
    return _tried(_applied, kind, node, [number for number, _ in arguments])


def _tried(make: Callable[..., Any], *arguments: Any) -> tuple[Any, _Reasons]:
    try:
        return make(*arguments), ()
    except ZeroDivisionError:
        problem = Problem("division by zero")
    except OverflowError:
        problem = _TOO_LARGE
    except ValueError as error:
        problem = Problem(str(error))
    return _NOTHING, (problem,)


def _applied(kind: str, node: Any, numbers: list[Any]) -> Any:
    """What a function gives for numbers; NaN where one of them is: nothing that it is combined with makes it good."""
    if kind not in _KNOWN:
        raise ValueError(
            f"{kind} is not a function that dqx can compute; use + - * / **, Abs, sqrt, log, Min, Max or coalesce"
        )
    for number in numbers:
        if isinstance(number, float) and math.isnan(number):
            return math.nan
    match kind, numbers:
        case "Add", _:
            return _sum(numbers)
        case "Mul", _:
            return _product(node.args, numbers)
        case "Pow", [base, exponent]:
            return _power(base, exponent)
        case "log", [x]:
            return _log(x)
        case "log", [x, base]:
            return _log(x) / _log(base)
        case "exp", [x]:
            return math.exp(_real(x))
        case "Min", _:
            return min(map(_real, numbers))
        case "Max", _:
            return max(map(_real, numbers))
    return abs(numbers[0])


_KNOWN = frozenset({"Add", "Mul", "Pow", "Abs", "log", "exp", "Min", "Max"})


def _real(x: Any) -> Any:
    if isinstance(x, complex):
        raise ValueError(f"the result is complex: {shown(x)}")
    return x


def _sum(numbers: list[Any]) -> Any:
    total: Any = 0
    for number in numbers:
        total = total + number
    return total


def _factors(node: Any) -> tuple[Any, ...]:
    """What a product is made of: of b ** -n the b."""
    return tuple(argument.base if _divides(argument) else argument for argument in node.args)


def _product(arguments: Any, numbers: list[Any]) -> Any:
    """A product in which a factor b ** -1 divides: a / b is rounded once, a * (1 / b) twice."""
    over: Any = 1
    under: Any = 1
    for argument, number in zip(arguments, numbers, strict=True):
        if _divides(argument):
            under = under * _power(number, -argument.exp.p)
        elif argument.is_Rational and not argument.is_Integer:
            over, under = over * argument.p, under * argument.q
        else:
            over = over * number
    return over if isinstance(under, int) and under == 1 else over / under


_MOST_BITS = 1 << 16
"""Integers of more bits are far beyond the largest double, and cost time and memory without bound."""


def _power(base: Any, exponent: Any) -> Any:
    if exponent == 0.5 and not isinstance(base, complex) and base >= 0:
        return math.sqrt(base)
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * abs(exponent) > _MOST_BITS:
        raise OverflowError
    return base**exponent


def _log(x: Any) -> float:
    if isinstance(x, complex) or x <= 0:
        raise ValueError(f"the logarithm of {shown(x)} is not a real number")
    return math.log(x)


def _first(arguments: list[tuple[Any, _Reasons]]) -> tuple[Any, _Reasons]:
    """The first that is there; NaN where any of them is: that is a number nobody may lean on, not a missing one."""
    if any(isinstance(number, float) and math.isnan(number) for number, _ in arguments):
        return math.nan, ()
    found = next((argument for argument in arguments if not argument[1]), None)
    return found or (_NOTHING, tuple(reasons for _, reasons in arguments))


def substituted(expression: sp.Expr, symbols: Mapping[sp.Symbol, sp.Symbol]) -> sp.Expr:
    """The same expression over other symbols: SymPy's `xreplace`, for trees of any depth; not evaluated where it was.

    What holds none of the symbols stays the same object.
    """
    if expression.is_Number:  # most limits are
        return expression
    return cast("sp.Expr", _replaced(expression, symbols, 0))


def _replaced(node: Any, symbols: Mapping[Any, Any], deep: int) -> Any:
    if node.is_Symbol:
        return symbols.get(node, node)
    parts = node.args
    if not parts:
        return node
    if deep > _SHALLOW:
        return _replaced_deep(node, symbols)
    arguments = [part if part.is_Number else _replaced(part, symbols, deep + 1) for part in parts]
    return node.func(*arguments) if any(map(is_not, arguments, parts)) else node


def _replaced_deep(expression: Any, symbols: Mapping[Any, Any]) -> Any:
    """The same, with a stack."""
    done: list[Any] = []
    ahead: list[tuple[Any, bool]] = [(expression, False)]
    while ahead:
        node, ready = ahead.pop()
        parts = node.args
        if not parts:
            done.append(symbols.get(node, node) if node.is_Symbol else node)
        elif not ready:
            ahead.append((node, True))
            ahead.extend([(part, False) for part in reversed(parts)])
        else:
            arguments = done[-len(parts) :]
            del done[-len(parts) :]
            done.append(node.func(*arguments) if any(map(is_not, arguments, parts)) else node)
    return done[0]


_LOOSE, _SUM, _PRODUCT, _POWER, _ATOM = range(5)
"""How strongly what is written last binds: what binds less than its place asks for stands in brackets."""


def text(expression: sp.Expr, name_of: Callable[[sp.Symbol], str]) -> str:
    """An expression as a person wrote it, with the names of its metrics; read back, it is the same tree.

    A name with a condition or a lag stands in brackets, unless it is all there is.
    """
    if expression.is_Symbol:
        return name_of(expression)
    if expression.is_Integer:
        return str(expression.p)
    return _written(expression, _SUM, name_of, 0)


def _written(node: Any, least: int, name_of: Callable[[Any], str], deep: int) -> str:
    """A node in a place that asks for so much."""
    if node.is_Symbol:
        return name if _is_whole(name := name_of(node)) else f"({name})"
    if deep > _SHALLOW:
        return _written_deep(node, least, name_of)
    binds, parts = _parts(node, name_of)
    whole = "".join([p if isinstance(p, str) else _written(*p, name_of, deep + 1) for p in parts])
    return f"({whole})" if binds < least else whole


def _written_deep(expression: Any, least: int, name_of: Callable[[Any], str]) -> str:
    """The same, with a stack."""
    pieces: list[str] = []
    ahead: list[str | tuple[Any, int]] = [(expression, least)]
    while ahead:
        each = ahead.pop()
        if isinstance(each, str):
            pieces.append(each)
            continue
        node, least = each
        binds, parts = _parts(node, name_of)
        if binds < least:
            parts = ["(", *parts, ")"]
        ahead.extend(reversed(parts))
    return "".join(pieces)


def _parts(node: Any, name_of: Callable[[Any], str]) -> tuple[int, list[str | tuple[Any, int]]]:
    """How strongly a node binds, and what it is written of: texts, and nodes with what their place asks for."""
    if node.is_Symbol:
        name = name_of(node)
        return (_ATOM if _is_whole(name) else _LOOSE), [name]
    if node.is_Integer:
        return (_ATOM if node.p >= 0 else _SUM), [str(node.p)]
    if node.is_Rational:
        return (_PRODUCT if node.p >= 0 else _SUM), [f"{node.p}/{node.q}"]
    if node.is_Float:
        number = float(node)
        return (_ATOM if number >= 0 else _SUM), [repr(number)]
    if node.is_Add:
        first, *rest = node.args
        parts: list[str | tuple[Any, int]] = [(first, _SUM)]
        for argument in rest:
            negative, positive = _negated(argument)
            parts += [" - " if negative else " + ", (positive, _PRODUCT)]
        return _SUM, parts
    if node.is_Mul:
        if node.args[0] == -1:
            _, positive = _negated(node)
            return _SUM, ["-", (positive, _POWER)]
        return (_SUM if _negated(node)[0] else _PRODUCT), _product_parts(node.args)
    if node.is_Pow:
        if node.exp.is_Rational and node.exp.p == 1 and node.exp.q == 2:
            return _ATOM, ["sqrt(", (node.base, _SUM), ")"]
        if _inverts(node):
            return _PRODUCT, _product_parts([node])
        return _POWER, [(node.base, _ATOM), "**", (node.exp, _ATOM)]
    listed = [part for argument in node.args for part in (", ", (argument, _SUM))]
    return _ATOM, [f"{node.func.__name__}(", *listed[1:], ")"]


def _product_parts(factors: Sequence[Any]) -> list[str | tuple[Any, int]]:
    """Factors with * and those that divide with /, in their order."""
    parts: list[str | tuple[Any, int]] = []
    for factor in factors:
        if _inverts(factor):
            parts += [" / " if parts else "1 / ", (factor.base, _POWER)]
        elif parts:
            parts += [" * ", (factor, _POWER)]
        else:  # -2 * a is read as it is meant
            parts += [
                (factor, _SUM if (factor.is_Number and not factor.is_Rational) or factor.is_Integer else _PRODUCT)
            ]
    return parts


@lru_cache(maxsize=4096)
def _is_whole(name: str) -> bool:
    """Whether a name is a word, or one with its parameters in brackets and nothing after these: `average(price)`."""
    word, bracket, rest = name.partition("(")
    if not bracket or not word.isidentifier():
        return name.isidentifier()
    depth = 1
    for place, sign in enumerate(rest, 1):
        depth += (sign == "(") - (sign == ")")
        if not depth:
            return place == len(rest)
    return False


def _inverts(node: Any) -> bool:
    return bool(node.is_Pow and node.exp.is_Integer and node.exp.p == -1)


def _divides(node: Any) -> bool:
    # By the integer behind it: a comparison of SymPy's makes an expression first.
    return bool(node.is_Pow and node.exp.is_Integer and node.exp.p < 0)


def _negated(node: Any) -> tuple[bool, Any]:
    """Whether a node begins with a minus, and the node without it."""
    if node.is_Mul and node.args[0].is_Number and node.args[0].is_extended_negative:
        import sympy as sp

        rest = node.args[1:] if node.args[0] == -1 else (-node.args[0], *node.args[1:])
        return True, rest[0] if len(rest) == 1 else sp.Mul(*rest, evaluate=False)
    if node.is_Number and node.is_extended_negative:
        return True, -node
    return False, node

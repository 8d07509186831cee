"""Functions for expressions over metrics, beside + - × ÷ ** and SymPy's Abs, sqrt, log, Min and Max."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dqx_core.errors import DefinitionError

if TYPE_CHECKING:
    import sympy as sp

COALESCE = "coalesce"


def coalesce(*expressions: sp.Expr | float) -> sp.Expr:
    """The first of the expressions whose metrics all have a value: `coalesce(mp.average("price"), 0)`."""
    import sympy as sp

    if len(expressions) < 2:
        raise DefinitionError("coalesce takes an expression and at least one to fall back to, such as coalesce(m, 0).")
    return cast("sp.Expr", sp.Function(COALESCE)(*expressions))

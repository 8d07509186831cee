"""Checks as they are written in YAML: a metric, a condition; all of a dataset's together are one suite."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Iterable, Sequence
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    Self,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import BeforeValidator, Discriminator, Field, PlainValidator, Tag, create_model, model_validator

from dqx_core.checks import Check, Context, NamedAssertion
from dqx_core.datasets.base import Model
from dqx_core.datasets.values import whole
from dqx_core.errors import hint
from dqx_core.provider import ExtendedProvider, MetricProvider
from dqx_core.suite import Suite

if TYPE_CHECKING:
    import sympy as sp


class Measured(Model):
    """A metric of rows: `{kind: average, column: price}`."""

    method: ClassVar[str]

    where: str | None = None
    """A SQL condition on rows."""
    lag: Annotated[int, Field(strict=True, ge=0), BeforeValidator(whole)] = 0
    """Days before the partition; of hours, weeks and months as many of them."""
    tags: dict[str, str | None] | None = None
    """Laid over the partition's: `{split: train}` while eval is judged, `{split: null}` for all splits."""

    def symbol(self, mp: MetricProvider) -> sp.Symbol:
        """What it is in an expression."""
        parameters = {name: getattr(self, name) for name in type(self).model_fields if name != "kind"}
        symbol: sp.Symbol = getattr(mp, self.method)(**parameters)
        return symbol


class Derived(Model):
    """A metric of a metric: `{day_over_day: {kind: average, column: price}}`."""

    method: ClassVar[str]

    base: Model

    def symbol(self, mp: MetricProvider) -> sp.Symbol:
        """What it is in an expression."""
        parameters = {name: getattr(self, name) for name in type(self).model_fields if name != "base"}
        of = cast("Measured | Derived", self.base)
        symbol: sp.Symbol = getattr(mp.ext, self.method)(of.symbol(mp), **parameters)
        return symbol


def _measured(name: str) -> type[Measured]:
    """What `mp.<name>` takes, under its name."""
    kind: Any = (Literal[name], ...)
    model = create_model(
        _title(name),
        __base__=Measured,
        __doc__=getattr(MetricProvider, name).__doc__,
        kind=kind,
        **_parameters(getattr(MetricProvider, name)),
    )
    model.method = name
    return model


def _derived(name: str) -> type[Derived]:
    """What `mp.ext.<name>` takes, with its metric under its name."""
    base: Any = ("OneMetric", Field(alias=name))
    method = getattr(ExtendedProvider, name)
    model = create_model(
        f"{_title(name)}Of", __base__=Derived, __module__=__name__, __doc__=method.__doc__, base=base,
        **_parameters(method),
    )  # fmt: skip
    model.method = name
    return model


def _parameters(method: Callable[..., Any]) -> dict[str, Any]:
    """The parameters of a method as fields of a model; a list where Python takes any iterable, or a single value."""
    import sympy

    types = get_type_hints(method, localns={"sp": sympy})
    found = {}
    for parameter in inspect.signature(method).parameters.values():
        if parameter.name in {"self", "metric", "dataset", "options"}:
            continue
        kind = types[parameter.name]
        lists = [each for each in get_args(kind) if get_origin(each) is Iterable]
        default = ... if parameter.default is parameter.empty else parameter.default
        found[parameter.name] = (_listed(kind, lists[0]) if lists else _strict(kind), default)
    return found


Exactly = Field(strict=True)
"""Text is not a number, and yes is not true."""
_STRICT: dict[Any, Any] = {
    int: Annotated[int, Exactly, BeforeValidator(whole)],
    float: Annotated[float, Exactly],
    bool: Annotated[bool, Exactly],
}


def _strict(kind: Any) -> Any:
    """The type without what pydantic would make of other values."""
    if get_origin(kind) is UnionType:
        return Union[tuple(_STRICT.get(each, each) for each in get_args(kind))]  # noqa: UP007
    return _STRICT.get(kind, kind)


def _listed(kind: Any, listed: Any) -> Any:
    """A tuple of what the iterable of a union holds; a single value is a tuple of one."""
    [item] = get_args(listed)
    several: Any = tuple[item, ...]  # type: ignore[valid-type]
    if len(get_args(kind)) == 1:
        return several
    return Annotated[several, BeforeValidator(_several, json_schema_input_type=Union[item, several])]  # noqa: UP007


def _several(given: object) -> object:
    return given if isinstance(given, list | tuple) else (given,)


def _title(name: str) -> str:
    return "".join(word.title() for word in name.split("_"))


def _methods(provider: type) -> list[str]:
    return [name for name, each in vars(provider).items() if inspect.isfunction(each) and not name.startswith("_")]


MEASURED = {name: _measured(name) for name in _methods(MetricProvider) if name != "metric"}

if TYPE_CHECKING:
    AnyMeasured = Measured
else:
    AnyMeasured = Annotated[Union[(*MEASURED.values(),)], Discriminator("kind")]

DERIVED = {name: _derived(name) for name in _methods(ExtendedProvider)}


CALCULATED = ("ratio", "difference", "sum", "product")
"""Forms that calculate with several metrics."""


def _form(data: object) -> str:
    """Which form a metric is written in: the key that says it."""
    if isinstance(data, int | float) and not isinstance(data, bool):
        return "as number"
    if isinstance(data, Model):
        return type(data).form if isinstance(data, Calculated) else f"as {getattr(data, 'method', 'kind')}"
    named = [key for key in (*DERIVED, *CALCULATED) if isinstance(data, dict) and key in data]
    return f"as {named[0]}" if named else "as kind"


def _has_a_form(data: object) -> object:
    if isinstance(data, dict) and "kind" not in data and _form(data) == "as kind":
        written = next((str(key) for key in data), "")
        raise ValueError(
            f"it is none of the forms of a metric. {hint(written, ['kind', *CALCULATED, *DERIVED])} "
            "Write {kind: average, column: price}, or such around it as {day_over_day: {kind: …}}."
        )
    return data


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a number.")
    return value


# As it is written: 3 stays a whole number, of any size.
Limit = Annotated[float, PlainValidator(_number, json_schema_input_type=float)]
Pair = tuple[Limit, Limit]


class Calculated(Model):
    """What is calculated from metrics and numbers."""

    form: ClassVar[str]
    calculate: ClassVar[Callable[[Any, Any], Any]]
    """What two of the operands come to."""

    @property
    def operands(self) -> tuple[Any, ...]:
        """The metrics and numbers, in order."""
        operands: tuple[Any, ...] = getattr(self, type(self).form.removeprefix("as "))
        return operands

    def symbol(self, mp: MetricProvider) -> sp.Expr:
        """What it is in an expression."""
        first, *others = (each if isinstance(each, int | float) else each.symbol(mp) for each in self.operands)
        return functools.reduce(type(self).calculate, others, first)

    @model_validator(mode="after")
    def _speaks_of_a_metric(self) -> Self:
        if all(isinstance(each, int | float) for each in self.operands):
            raise ValueError("it holds numbers alone. Put a metric in it, such as {kind: num_rows}.")
        return self


class Ratio(Calculated):
    """One metric divided by another: `{ratio: [{kind: null_count, column: email}, {kind: num_rows}]}`."""

    form: ClassVar[str] = "as ratio"
    calculate: ClassVar[Callable[[Any, Any], Any]] = operator.truediv
    ratio: tuple[Operand, Operand]

    @model_validator(mode="after")
    def _by_something(self) -> Self:
        if self.ratio[1] == 0:
            raise ValueError("nothing is divided by 0.")
        return self


class Difference(Calculated):
    """One metric less another: `{difference: [{kind: sum, column: paid}, {kind: sum, column: due}]}`."""

    form: ClassVar[str] = "as difference"
    calculate: ClassVar[Callable[[Any, Any], Any]] = operator.sub
    difference: tuple[Operand, Operand]


class Sum(Calculated):
    """Metrics together: `{sum: [{kind: null_count, column: email}, {kind: null_count, column: phone}]}`."""

    form: ClassVar[str] = "as sum"
    calculate: ClassVar[Callable[[Any, Any], Any]] = operator.add
    sum: Annotated[tuple[Operand, ...], Field(min_length=2)]


class Product(Calculated):
    """Metrics times one another, or times a number: `{product: [100, {ratio: […]}]}`."""

    form: ClassVar[str] = "as product"
    calculate: ClassVar[Callable[[Any, Any], Any]] = operator.mul
    product: Annotated[tuple[Operand, ...], Field(min_length=2)]


def _forms(*more: Any) -> Any:
    derived = [Annotated[model, Tag(f"as {name}")] for name, model in DERIVED.items()]
    union: Any = Union[(*derived, *more, Annotated[AnyMeasured, Tag("as kind")])]
    return Annotated[union, Discriminator(_form), BeforeValidator(_has_a_form)]


if TYPE_CHECKING:
    OneMetric = Measured | Derived
    AnyMetric = OneMetric | Calculated
    Operand = AnyMetric | Limit
else:
    _calculated = [Annotated[model, Tag(model.form)] for model in (Ratio, Difference, Sum, Product)]
    OneMetric = _forms()
    AnyMetric = _forms(*_calculated)
    Operand = _forms(Annotated[Limit, Tag("as number")], *_calculated)

_models: list[type[Model]] = [*DERIVED.values(), Ratio, Difference, Sum, Product]
for _model in _models:
    _model.model_rebuild(
        _types_namespace={"OneMetric": OneMetric, "Operand": Operand, "Annotated": Annotated, "Field": Field}
    )


class WrittenCheck(Model):
    """One condition on one metric."""

    name: str = Field(min_length=1, description="A sentence, such as: Average price is positive.")
    severity: Literal["P0", "P1", "P2", "P3"] = Field(
        default="P1", description="P0 stops what is downstream, P1 is an error, P2 and P3 are warnings."
    )
    metric: AnyMetric = Field(
        description="{kind: average, column: price}; {day_over_day: {kind: …}}; or {ratio: [{…}, {…}]}, and so "
        "difference, sum and product, of metrics and numbers."
    )
    is_eq: Limit | None = None
    is_neq: Limit | None = None
    is_gt: Limit | None = None
    is_geq: Limit | None = None
    is_lt: Limit | None = None
    is_leq: Limit | None = None
    is_between: Pair | None = None
    is_not_between: Pair | None = None
    is_positive: Literal[True] | None = None
    is_negative: Literal[True] | None = None
    is_zero: Literal[True] | None = None
    noop: Literal[True] | None = Field(default=None, description="Record the value, judge nothing.")
    tol: float | None = Field(default=None, ge=0, strict=True, description="How far beyond its limit a value may be.")
    tags: tuple[str, ...] = ()
    on_missing_history: Literal["skip", "fail"] = Field(
        default="skip", description="What to do when an earlier day that it compares with does not exist."
    )

    @property
    def conditions(self) -> list[str]:
        """The conditions that are given."""
        names = [name for name in type(self).model_fields if name.startswith("is_") or name == "noop"]
        return [name for name in names if getattr(self, name) is not None]

    @model_validator(mode="after")
    def _has_one_condition(self) -> Self:
        match self.conditions:
            case []:
                raise ValueError("it has no condition. Add one, such as is_positive: true or is_lt: 0.5.")
            case [_, _, *_] as several:
                raise ValueError(f"it has {len(several)} conditions: {', '.join(several)}. Write a check for each.")
        return self

    def judge(self, mp: MetricProvider, ctx: Context) -> None:
        """Say it to the context, as a check in Python does."""
        draft = ctx.assert_that(self.metric.symbol(mp))
        named: NamedAssertion = draft.where(
            name=self.name, severity=self.severity, tags=self.tags, on_missing_history=self.on_missing_history
        )
        [condition] = self.conditions
        limit = getattr(self, condition)
        limits = () if limit is True else limit if isinstance(limit, tuple) else (limit,)
        tolerance = {} if self.tol is None or condition == "noop" else {"tol": self.tol}
        getattr(named, condition)(*limits, **tolerance)


def suite_of(dataset: str, checks: Sequence[WrittenCheck]) -> Suite:
    """The suite of a dataset's written checks: one check with the dataset's name, an assertion for each."""

    def judge(mp: MetricProvider, ctx: Context) -> None:
        for check in checks:
            check.judge(mp, ctx)

    return Suite(f"{dataset} checks", (Check(dataset, (dataset,), judge),))

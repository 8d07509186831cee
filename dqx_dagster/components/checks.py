"""Checks as they are written in YAML: a metric, a condition; all of a dataset's together are one suite."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, Union, get_args, get_origin, get_type_hints

from pydantic import BeforeValidator, Discriminator, Field, PlainValidator, Tag, create_model, model_validator

from dqx_core.checks import Check, Context, NamedAssertion
from dqx_core.datasets.base import Model
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
    lag: int = Field(default=0, ge=0)
    """Days before the partition."""
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

    base: Measured

    def symbol(self, mp: MetricProvider) -> sp.Symbol:
        """What it is in an expression."""
        parameters = {name: getattr(self, name) for name in type(self).model_fields if name != "base"}
        symbol: sp.Symbol = getattr(mp.ext, self.method)(self.base.symbol(mp), **parameters)
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
    base: Any = (AnyMeasured, Field(alias=name))
    method = getattr(ExtendedProvider, name)
    model = create_model(
        f"{_title(name)}Of", __base__=Derived, __doc__=method.__doc__, base=base, **_parameters(method)
    )
    model.method = name
    return model


def _parameters(method: Callable[..., Any]) -> dict[str, Any]:
    """The parameters of a method as fields of a model; a list where Python takes any iterable."""
    import sympy

    types = get_type_hints(method, localns={"sp": sympy})
    found = {}
    for parameter in inspect.signature(method).parameters.values():
        if parameter.name in {"self", "metric", "dataset", "options"}:
            continue
        kind = types[parameter.name]
        [items] = [get_args(each) for each in get_args(kind) if get_origin(each) is Iterable] or [()]
        default = ... if parameter.default is parameter.empty else parameter.default
        found[parameter.name] = (tuple[items[0], ...] if items else kind, default)  # type: ignore[valid-type]
    return found


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


def _form(data: object) -> str:
    """Which form a metric is written in: the key that says it."""
    named = [key for key in (*DERIVED, "ratio") if isinstance(data, dict) and key in data]
    return f"as {named[0]}" if named else "as kind"


def _has_a_form(data: object) -> object:
    if isinstance(data, dict) and "kind" not in data and _form(data) == "as kind":
        written = next((str(key) for key in data), "")
        raise ValueError(
            f"it is none of the forms of a metric. {hint(written, ['kind', 'ratio', *DERIVED])} "
            "Write {kind: average, column: price}, or such around it as {day_over_day: {kind: …}}."
        )
    return data


def _forms(*more: Any) -> Any:
    derived = [Annotated[model, Tag(f"as {name}")] for name, model in DERIVED.items()]
    union: Any = Union[(*derived, *more, Annotated[AnyMeasured, Tag("as kind")])]
    return Annotated[union, Discriminator(_form), BeforeValidator(_has_a_form)]


if TYPE_CHECKING:
    Part = Measured | Derived
else:
    Part = _forms()


class Ratio(Model):
    """One metric divided by another: `{ratio: [{kind: null_count, column: email}, {kind: num_rows}]}`."""

    ratio: tuple[Part, Part]

    def symbol(self, mp: MetricProvider) -> sp.Expr:
        """What it is in an expression."""
        return self.ratio[0].symbol(mp) / self.ratio[1].symbol(mp)


if TYPE_CHECKING:
    AnyMetric = Part | Ratio
else:
    AnyMetric = _forms(Annotated[Ratio, Tag("as ratio")])


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a number.")
    return value


# As it is written: 3 stays a whole number, of any size.
Limit = Annotated[float, PlainValidator(_number, json_schema_input_type=float)]
Pair = tuple[Limit, Limit]


class WrittenCheck(Model):
    """One condition on one metric."""

    name: str = Field(min_length=1, description="A sentence, such as: Average price is positive.")
    severity: Literal["P0", "P1", "P2", "P3"] = Field(
        default="P1", description="P0 stops what is downstream, P1 is an error, P2 and P3 are warnings."
    )
    metric: AnyMetric = Field(
        description="{kind: average, column: price}; {day_over_day: {kind: …}}; or {ratio: [{…}, {…}]}."
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
    tol: float | None = Field(default=None, ge=0, description="How far beyond its limit a value may be.")
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

"""Contents as one HTML file: no script, nothing fetched, readable by eye, by keyboard and by a screen reader."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from returns.result import Success

from dqx_core.errors import DefinitionError, MissingLibraryError
from dqx_core.html.axis import At, Slot, at_of, ordered
from dqx_core.html.charts import chart, number
from dqx_core.html.contents import Contents, MetricTrend, Told, Trend, label_of
from dqx_core.html.newest import BAD
from dqx_core.report import AssertionResult, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment

Progress = Callable[[int, int], object]
"""Told how many charts are drawn, of how many."""

MOST_ROWS = 20
"""Bad verdicts shown of an assertion; the matrix and the store know the others."""
MOST_EXECUTIONS = 50
MOST_TAGS = 6
"""Newest verdicts shown of an assertion, bad ones first."""
LONGEST_CONDITION = 140
"""Characters of a condition that a table shows; the rest unfolds."""


def render(
    contents: Contents,
    *,
    title: str = "Data quality",
    moment: dt.datetime | None = None,
    progress: Progress | None = None,
) -> str:
    """The page as text.

    Args:
        contents: What it tells.
        title: Its heading.
        moment: When it was made; None: now.
        progress: Told after each chart.

    Raises:
        MissingLibraryError: Jinja or Matplotlib is not installed.
    """
    total = sum(len(suite.failing) for suite in contents.suites) + len(contents.metrics)
    done = 0

    environment = _environment()
    from markupsafe import Markup  # comes with Jinja

    def counted(drawn: str) -> Markup:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)
        return Markup(drawn)  # its words are escaped by ElementTree

    return environment.get_template("report.html.jinja").render(
        contents=contents,
        unit=_unit([suite.cells for suite in contents.suites]),
        title=title,
        moment=moment or dt.datetime.now(dt.UTC),
        version=_version(),
        most_rows=MOST_ROWS,
        most_executions=MOST_EXECUTIONS,
        longest_condition=LONGEST_CONDITION,
        most_tags=MOST_TAGS,
        assertion_chart=lambda name, trend: counted(_of_assertion(name, trend, contents.styles)),
        metric_chart=lambda name, metric: counted(_of_metric(name, metric, contents.styles)),
        style=Markup((Path(__file__).parent / "templates" / "report.css").read_text("utf-8")),
    )


def write(
    contents: Contents,
    path: str | Path,
    *,
    title: str = "Data quality",
    moment: dt.datetime | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write the page to a file, whole or not at all; its folder is made.

    Raises:
        DefinitionError: The file cannot be written there.
        MissingLibraryError: Jinja or Matplotlib is not installed.
    """
    page = render(contents, title=title, moment=moment, progress=progress)
    file = Path(path)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(page, "utf-8")
        beside.replace(file)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise DefinitionError(f"The report cannot be written to {file}: {error.strerror or error}.") from error
    return file


def _of_assertion(name: str, trend: Trend, styles: Mapping[str, str]) -> str:
    return chart(
        name,
        trend.lines,
        title=f"{trend.check} › {trend.assertion}: {trend.newest.expression} by {_unit(trend.lines.values())}",
        styles=styles,
        limits=trend.limits,
        bad=[(told.at, told.label) for told in trend.bad],
    )


def _of_metric(name: str, metric: MetricTrend, styles: Mapping[str, str]) -> str:
    return chart(
        name,
        metric.lines,
        title=f"{metric.metric} of {metric.dataset or 'no dataset'} by {_unit(metric.lines.values())}",
        styles=styles,
        incidents=ordered(metric.incidents),
        width=4.0,
        height=1.5,
    )


def _unit(keyed: Iterable[Iterable[At | tuple[At, str]]]) -> str:
    """What the axis counts: days, or windows where there are others."""
    places = (each[0] if isinstance(each, tuple) else each for some in keyed for each in some)
    return "window" if any(isinstance(at, Slot) for at in places) else "day"


def _environment() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise MissingLibraryError("Writing the report", "Jinja", "report") from error
    environment = Environment(
        loader=PackageLoader("dqx_core.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "label": label_of,
        "pretty": lambda value: json.dumps(value, indent=2, ensure_ascii=False),
        "value": _value,
        "mark": _mark,
        "brief": _brief,
        "bad": _bad_of,
        "at": at_of,
        "in_order": lambda trend: list(map(str, ordered(told.at for told in trend.bad))),
        "shortened": lambda days: (
            ", ".join(days[-8:]) + (f" and {len(days) - 8} earlier ones" if len(days) > 8 else "")
        ),
    }
    environment.globals |= {"Status": Status}
    return environment


def _value(result: Any) -> str:
    """A result's number, or why there is none."""
    if isinstance(result, Success):
        return number(result.unwrap())
    reasons = result.failure()
    return reasons if isinstance(reasons, str) else "; ".join(reasons)


def _mark(results: Sequence[AssertionResult]) -> tuple[str, str]:
    """How a cell of the matrix is coloured, and what it says."""
    counts = {status: sum(result.status is status for result in results) for status in Status}
    if counts[Status.FAILED] or counts[Status.ERROR]:
        said = [f"{counts[s]} {word}" for s, word in ((Status.FAILED, "failed"), (Status.ERROR, "errors")) if counts[s]]
        return "bad", f"✗ {', '.join(said)}"
    skipped = f", {counts[Status.SKIPPED]} skipped" if counts[Status.SKIPPED] else ""
    if counts[Status.PASSED]:
        return "good", f"✓ {counts[Status.PASSED]}{skipped}"
    return "skipped", f"– {counts[Status.SKIPPED]} skipped"


def _brief(told: Told) -> str:
    """A verdict in a few words: whether it passed, and the number."""
    result = told.result
    match result.status:
        case Status.SKIPPED:
            return f"– skipped, {result.message}"
        case Status.ERROR:
            return f"✗ error: {_value(result.metric)}"
    return f"{'✓' if result.status is Status.PASSED else '✗ failed,'} {_value(result.metric)}"


def _bad_of(results: Sequence[AssertionResult]) -> AssertionResult | None:
    """The worst of a cell; None if it is fine."""
    return min((r for r in results if r.status in BAD), key=lambda r: r.severity, default=None)


def _version() -> str:
    try:
        return version("dqx-dagster")
    except PackageNotFoundError:
        return "from a source tree"

"""Trends as SVG, drawn by Matplotlib: lines by split, the limits of an assertion, and what was bad."""

from __future__ import annotations

import datetime as dt
import io
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from dqx_core.errors import MissingLibraryError
from dqx_core.html.limits import Limits
from dqx_core.html.lines import STYLES, Style, styles_of
from dqx_core.html.svg import accessible
from dqx_core.numerals import shown, told_apart

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dqx_core.html.contents import Line

INKS = {"ink": "#010101", "faint": "#020202", "bad": "#030303"} | {name: style.ink for name, style in STYLES.items()}
"""The page's colours and what stands for them while Matplotlib draws: the page says what they are, by day and night."""

FEW = 31
"""Up to so many days each of them is marked."""


def chart(
    name: str,
    lines: Mapping[str, Line],
    *,
    title: str,
    styles: Mapping[str, str] | None = None,
    limits: Mapping[dt.date, Limits] | None = None,
    bad: Collection[tuple[dt.date, str]] = (),
    incidents: Collection[dt.date] = (),
    height: float = 2.1,
    width: float = 6.4,
) -> str:
    """Lines over days as an SVG element with a title and a description; days without a value are gaps.

    Args:
        name: What tells it from the page's other charts.
        lines: By label, in the order of the legend.
        title: What it shows, for those who cannot see it.
        styles: Which line each label has, where other charts of the page show other labels.
        limits: Where the condition draws the line, by day; the wrong side is shaded.
        bad: Days and labels to be crossed.
        incidents: Days to be marked through the whole height.
        height: In inches of 72 points, which are the pixels of the SVG.
        width: The same.

    Raises:
        MissingLibraryError: Matplotlib is not installed.
    """
    figure_class, context = _matplotlib()
    settings = {
        "svg.fonttype": "none", "svg.hashsalt": name, "path.simplify": False, "font.size": 10,
        "axes.edgecolor": INKS["faint"], "axes.labelcolor": INKS["ink"],
        "xtick.color": INKS["faint"], "ytick.color": INKS["faint"],
        "xtick.labelcolor": INKS["ink"], "ytick.labelcolor": INKS["ink"],
    }  # fmt: skip
    days = sorted({day for line in lines.values() for day in line} | set(incidents) | {day for day, _ in bad})
    # From the defaults, whatever style is set here: the same store gives the same page everywhere.
    with context(["default", settings]):
        figure = figure_class(figsize=(width, height))
        axes = figure.subplots()
        figure.patch.set_visible(False)
        axes.patch.set_visible(False)
        axes.spines[["top", "right"]].set_visible(False)
        for label, line in lines.items():
            _line(axes, STYLES[(styles or styles_of(lines))[label]], label, line, bad)
        if limits:
            _limits(axes, limits)
        for day in incidents:
            axes.axvspan(_number(day) - 0.5, _number(day) + 0.5, color=INKS["bad"], alpha=0.16, linewidth=0)
        longest = _ticks(axes, days, most=7 if width > 5 else 5)
        # Room for the words, in points; measuring them as Matplotlib's own layouts do takes as long as the drawing.
        across, down = width * 72, height * 72
        figure.subplots_adjust(
            left=(7 * longest + 8) / across, right=1 - 10 / across, bottom=20 / down, top=1 - 6 / down
        )
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return accessible(drawn.getvalue(), name, title, described(lines, days, limits, bad, incidents), INKS)


def described(
    lines: Mapping[str, Line],
    days: Sequence[dt.date],
    limits: Mapping[dt.date, Limits] | None,
    bad: Collection[tuple[dt.date, str]],
    incidents: Collection[dt.date],
) -> str:
    """What a chart shows, in words."""
    told = [f"From {days[0]} to {days[-1]}." if days else "No values."]
    for label, line in lines.items():
        if line:
            newest = max(line)
            least, most, last = told_apart([min(line.values()), max(line.values()), line[newest]])
            told.append(f"{label}: {len(line)} values from {least} to {most}, the last {last} on {newest}.")
    if limits:
        newest_limits = limits[max(limits)]
        known = [(word, value) for word, value in (("at least", newest_limits.low), ("at most", newest_limits.high))
                 if value is not None]  # fmt: skip
        ends = [f"{word} {shown}" for (word, _), shown in zip(known, told_apart([v for _, v in known]), strict=True)]
        told.append(f"Bound: {'not ' if newest_limits.inside_is_wrong else ''}{' and '.join(ends)}.")
    if crossed := sorted({day for day, _ in bad} | set(incidents)):
        more = f" and {len(crossed) - 10} more days" if len(crossed) > 10 else ""
        told.append(f"Bad on {', '.join(map(str, crossed[:10]))}{more}.")
    return " ".join(told)


def number(value: float | None) -> str:
    """A number for people; a dash for none."""
    return "–" if value is None else shown(value)


def _line(axes: Axes, style: Style, label: str, line: Line, bad: Collection[tuple[dt.date, str]]) -> None:
    """One label's values; a day that is missing interrupts the line, and a day between two gaps still shows."""
    finite = {day: value for day, value in line.items() if math.isfinite(value)}
    if finite:
        first, last = min(finite), max(finite)
        days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
        lonely = [day for day in finite if not {day - _DAY, day + _DAY} & finite.keys()]
        axes.plot(
            [_number(day) for day in days],
            [finite.get(day, math.nan) for day in days],
            color=style.ink,
            linestyle=style.dash,
            linewidth=1.6,
            marker=style.marker,
            markersize=3,
            markevery=[n for n, day in enumerate(days) if day in finite and (len(days) <= FEW or day in lonely)],
        )
    crossed = [day for day, of in bad if of == label and day in finite]
    if crossed:
        axes.plot(
            [_number(day) for day in crossed], [finite[day] for day in crossed],
            color=INKS["bad"], linestyle="none", marker="X", markersize=7, markeredgewidth=0, zorder=5,
        )  # fmt: skip


def _limits(axes: Axes, limits: Mapping[dt.date, Limits]) -> None:
    """The limits as dashed steps, a day wide each, and the wrong side shaded."""
    days = sorted(limits)
    low_end, high_end = axes.get_ylim()
    ends = [value for limit in limits.values() for value in (limit.low, limit.high) if value is not None]
    room = 0.08 * ((max(high_end, *ends) - min(low_end, *ends)) or 1.0)
    low_end, high_end = min(low_end, min(ends) - room), max(high_end, max(ends) + room)
    # Where nothing changes from day to day a long step says the same as many short ones.
    turns = [day for n, day in enumerate(days) if n == 0 or limits[day] != limits[days[n - 1]]]
    ends_of = [*turns[1:], days[-1] + _DAY]
    x = [edge - 0.5 for start, end in zip(turns, ends_of, strict=True) for edge in (_number(start), _number(end))]

    def steps(of: str) -> list[float]:
        values = [getattr(limits[day], of) for day in turns]
        return [math.nan if value is None else value for value in values for _ in range(2)]

    lows, highs = steps("low"), steps("high")
    for steps_of in [lows] if lows == highs else [lows, highs]:
        if not all(map(math.isnan, steps_of)):
            axes.plot(x, steps_of, color=INKS["bad"], linestyle=(0, (4, 3)), linewidth=1.2)
    shade: dict[str, Any] = {"color": INKS["bad"], "alpha": 0.1, "linewidth": 0}
    if any(limit.inside_is_wrong for limit in limits.values()):
        axes.fill_between(x, lows, highs, **shade)
    else:
        axes.fill_between(x, [math.nan if math.isnan(v) else low_end for v in lows], lows, **shade)
        axes.fill_between(x, highs, [math.nan if math.isnan(v) else high_end for v in highs], **shade)
    axes.set_ylim(low_end, high_end)


def _ticks(axes: Axes, days: Sequence[dt.date], *, most: int) -> int:
    """Marks on both axes; the number of characters of the longest at the side."""
    from matplotlib.ticker import MaxNLocator

    low, high = axes.get_ylim()
    values = [value for value in MaxNLocator(4).tick_values(low, high) if low <= value <= high]
    texts = told_apart([float(f"{value:.12g}") for value in values])
    axes.set_yticks(values, texts)
    if days:
        first, last = days[0], days[-1]
        step = max(1, math.ceil(((last - first).days + 1) / most))
        # Backwards, so that the newest day has its mark.
        shown = [last - dt.timedelta(days=n) for n in range(0, (last - first).days + 1, step)]
        crosses_years = first.year != last.year
        axes.set_xticks(
            [_number(day) for day in shown],
            [day.strftime("%Y-%m-%d" if crosses_years else "%m-%d") for day in shown],
        )
        axes.set_xlim(_number(first) - 0.6, _number(last) + 0.6)
    return max(map(len, texts), default=1)


_DAY = dt.timedelta(days=1)


def _number(day: dt.date) -> float:
    return float(day.toordinal())


def _matplotlib() -> tuple[type[Figure], Callable[..., AbstractContextManager[None]]]:
    try:
        from matplotlib import style
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingLibraryError("Drawing charts", "Matplotlib", "report") from error
    return Figure, style.context

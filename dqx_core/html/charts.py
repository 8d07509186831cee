"""Trends as SVG, drawn by Matplotlib: lines by split, the limits of an assertion, and what was bad."""

from __future__ import annotations

import datetime as dt
import io
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from dqx_core.errors import MissingLibraryError
from dqx_core.html.axis import At, day_of, left, middle, order, ordered, right
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
"""Up to so many windows each of them is marked."""


def chart(
    name: str,
    lines: Mapping[str, Line],
    *,
    title: str,
    styles: Mapping[str, str] | None = None,
    limits: Mapping[At, Limits] | None = None,
    bad: Collection[tuple[At, str]] = (),
    incidents: Collection[At] = (),
    height: float = 2.1,
    width: float = 6.4,
) -> str:
    """Lines over windows of time as an SVG element with a title and a description; those without a value are gaps.

    Args:
        name: What tells it from the page's other charts.
        lines: By label, in the order of the legend.
        title: What it shows, for those who cannot see it.
        styles: Which line each label has, where other charts of the page show other labels.
        limits: Where the condition draws the line, by window; the wrong side is shaded.
        bad: Windows and labels to be crossed.
        incidents: Windows to be marked through the whole height.
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
    windows = ordered({at for line in lines.values() for at in line} | set(incidents) | {at for at, _ in bad})
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
        for at in incidents:
            axes.axvspan(left(at), right(at), color=INKS["bad"], alpha=0.16, linewidth=0)
        longest = _ticks(axes, windows, most=7 if width > 5 else 5)
        # Room for the words, in points; measuring them as Matplotlib's own layouts do takes as long as the drawing.
        across, down = width * 72, height * 72
        figure.subplots_adjust(
            left=(7 * longest + 8) / across, right=1 - 10 / across, bottom=20 / down, top=1 - 6 / down
        )
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return accessible(drawn.getvalue(), name, title, described(lines, windows, limits, bad, incidents), INKS)


def described(
    lines: Mapping[str, Line],
    windows: Sequence[At],
    limits: Mapping[At, Limits] | None,
    bad: Collection[tuple[At, str]],
    incidents: Collection[At],
) -> str:
    """What a chart shows, in words."""
    told = [f"From {windows[0]} to {windows[-1]}." if windows else "No values."]
    for label, line in lines.items():
        if line:
            newest = max(line, key=order)
            least, most, last = told_apart([min(line.values()), max(line.values()), line[newest]])
            told.append(f"{label}: {len(line)} values from {least} to {most}, the last {last} on {newest}.")
    if limits:
        newest_limits = limits[max(limits, key=order)]
        known = [(word, value) for word, value in (("at least", newest_limits.low), ("at most", newest_limits.high))
                 if value is not None]  # fmt: skip
        ends = [f"{word} {shown}" for (word, _), shown in zip(known, told_apart([v for _, v in known]), strict=True)]
        told.append(f"Bound: {'not ' if newest_limits.inside_is_wrong else ''}{' and '.join(ends)}.")
    if crossed := ordered({at for at, _ in bad} | set(incidents)):
        more = f" and {len(crossed) - 10} more" if len(crossed) > 10 else ""
        told.append(f"Bad on {', '.join(map(str, crossed[:10]))}{more}.")
    return " ".join(told)


def number(value: float | None) -> str:
    """A number for people; a dash for none."""
    return "–" if value is None else shown(value)


def _line(axes: Axes, style: Style, label: str, line: Line, bad: Collection[tuple[At, str]]) -> None:
    """One label's values; a window that is missing interrupts the line, and one between two gaps still shows."""
    finite = ordered(at for at, value in line.items() if math.isfinite(value))
    if finite:
        xs, ys, marked = [], [], []
        for n, at in enumerate(finite):
            apart = n > 0 and right(finite[n - 1]) < left(at) - _NEXT
            if apart:
                xs.append((right(finite[n - 1]) + left(at)) / 2)
                ys.append(math.nan)
            lonely = (n == 0 or apart) and (n + 1 == len(finite) or right(at) < left(finite[n + 1]) - _NEXT)
            if len(finite) <= FEW or lonely:
                marked.append(len(xs))
            xs.append(middle(at))
            ys.append(line[at])
        axes.plot(
            xs,
            ys,
            color=style.ink,
            linestyle=style.dash,
            linewidth=1.6,
            marker=style.marker,
            markersize=3,
            markevery=marked,
        )
    crossed = [at for at, of in bad if of == label and at in line and math.isfinite(line[at])]
    if crossed:
        axes.plot(
            [middle(at) for at in crossed], [line[at] for at in crossed],
            color=INKS["bad"], linestyle="none", marker="X", markersize=7, markeredgewidth=0, zorder=5,
        )  # fmt: skip


def _limits(axes: Axes, limits: Mapping[At, Limits]) -> None:
    """The limits as dashed steps, a window wide each, and the wrong side shaded."""
    windows = ordered(limits)
    low_end, high_end = axes.get_ylim()
    ends = [value for limit in limits.values() for value in (limit.low, limit.high) if value is not None]
    room = 0.08 * ((max(high_end, *ends) - min(low_end, *ends)) or 1.0)
    low_end, high_end = min(low_end, min(ends) - room), max(high_end, max(ends) + room)
    # Where nothing changes from one to the next a long step says the same as many short ones.
    turns = [at for n, at in enumerate(windows) if n == 0 or limits[at] != limits[windows[n - 1]]]
    ends_of = [*map(left, turns[1:]), right(windows[-1])]
    x = [edge for start, end in zip(turns, ends_of, strict=True) for edge in (left(start), end)]

    def steps(of: str) -> list[float]:
        values = [getattr(limits[at], of) for at in turns]
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


def _ticks(axes: Axes, windows: Sequence[At], *, most: int) -> int:
    """Marks on both axes; the number of characters of the longest at the side."""
    from matplotlib.ticker import MaxNLocator

    low, high = axes.get_ylim()
    values = [value for value in MaxNLocator(4).tick_values(low, high) if low <= value <= high]
    texts = told_apart([float(f"{value:.12g}") for value in values])
    axes.set_yticks(values, texts)
    if windows:
        first, last = windows[0], windows[-1]
        crosses_years = day_of(first).year != day_of(last).year
        whole = all(isinstance(at, dt.date) for at in windows)
        names = [str(at)[0 if crosses_years else 5 :].removesuffix(" UTC") for at in windows]
        widest = max(map(len, names))
        # Backwards, so that the newest has its mark; of days those without a value as well.
        if whole:
            step = max(1, math.ceil(((day_of(last) - day_of(first)).days + 1) / most))
            shown = [at for at in windows if not (day_of(last) - day_of(at)).days % step]
        else:
            room = max(2, most * 6 // max(6, widest))
            shown = list(windows)[:: -max(1, math.ceil(len(windows) / room))]
        axes.set_xticks([middle(at) for at in shown], [names[windows.index(at)] for at in shown])
        edge = 0.1 * (right(last) - left(last))
        axes.set_xlim(left(first) - edge, right(last) + edge)
    return max(map(len, texts), default=1)


_NEXT = 0.5 / 86400
"""Half a second, in days: what begins so soon after another one follows it."""


def _matplotlib() -> tuple[type[Figure], Callable[..., AbstractContextManager[None]]]:
    try:
        from matplotlib import style
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingLibraryError("Drawing charts", "Matplotlib", "report") from error
    return Figure, style.context

"""Charts are drawn to scale: the bound, what was bad and the gaps are where the numbers are."""

import datetime as dt
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqx_core.html.charts import chart
from dqx_core.html.limits import Limits


def day(number):
    return dt.date(2026, 1, number)


def paths(svg, colour):
    """The lines of a colour: style, and points."""
    for element in svg.iter("path"):
        style = element.get("style", "")
        if f"stroke: var(--{colour})" in style and "fill: none" in style:
            numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", element.get("d"))]
            yield style, element.get("d"), list(zip(numbers[::2], numbers[1::2], strict=True))


def drawn(lines, **how):
    return ElementTree.fromstring(chart("c", lines, title="A title", **how))


def value_at(y, points, line):
    """The value that a height stands for, by the lowest and the highest point of a line; heights count downwards."""
    y_low, y_high = max(y for _, y in points), min(y for _, y in points)
    low, high = min(line.values()), max(line.values())
    return low + (y - y_low) * (high - low) / (y_high - y_low)


@settings(max_examples=15)
@given(
    values=st.lists(st.integers(-1000, 1000), min_size=3, max_size=12, unique=True),
    limit=st.integers(-1500, 1500),
)
def test_the_bound_is_drawn_at_its_value_and_a_bad_day_is_crossed_at_its_own(values, limit):
    line = {day(n): float(value) for n, value in enumerate(values, start=1)}
    svg = drawn({"train": line}, limits={at: Limits(high=limit) for at in line}, bad=[(day(2), "train")])

    [(_, _, points)] = paths(svg, "line-1")
    [(style, _, bound)] = paths(svg, "bad")
    assert len(points) == len(values)
    assert "stroke-dasharray" in style
    span = max(values) - min(values)
    room = max(span, abs(limit - min(values)), abs(limit - max(values))) / 50  # the SVG's tenth of a pixel, and a bit
    assert {round(y, 1) for _, y in bound} == {bound[0][1]}
    assert value_at(bound[0][1], points, line) == pytest.approx(limit, abs=room)
    *_, cross = (use for use in svg.iter("use") if use.get("style", "").startswith("fill: var(--bad)"))
    assert (float(cross.get("x")), float(cross.get("y"))) == pytest.approx(points[1], abs=0.2)


def test_a_bound_that_moves_is_drawn_as_steps():
    line = {day(n): 5.0 * n for n in range(1, 5)}
    [(_, _, bound)] = paths(drawn({"a": line}, limits={at: Limits(low=v) for at, v in line.items()}), "bad")

    assert len({y for _, y in bound}) == 4


def test_a_day_without_a_value_interrupts_the_line_and_a_lonely_day_is_marked():
    line = {day(n): float(n) for n in range(1, 29)} | {dt.date(2026, 2, n): 1.0 for n in (3, 10, 11, 12)}
    svg = drawn({"train": line})
    [(_, path, _)] = paths(svg, "line-1")
    marks = [use for use in svg.iter("use") if "var(--line-1)" in use.get("style", "")]

    assert path.count("M") >= 2
    assert len(marks) == 1, "of more than a month only days between two gaps are marked"


def test_an_equal_chart_has_equal_bytes_and_another_name_other_ids():
    line = {"train": {day(1): 1.0, day(2): 2.0}}

    assert chart("a", line, title="t") == chart("a", line, title="t")
    ids = [set(re.findall(r'id="([^"]+)"', chart(name, line, title="t"))) for name in ("a", "b")]
    assert not ids[0] & ids[1]

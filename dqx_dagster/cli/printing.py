"""How commands print: tables for people, JSON and CSV for programs, one paragraph for an error."""

from __future__ import annotations

import datetime as dt
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import IO, TextIO
from uuid import UUID

from returns.result import Failure, Success
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from dqx_core.harmless import harmless
from dqx_core.numerals import shown, told_apart


class SafeConsole(Console):
    """A console on which nothing of what is printed commands the terminal or the CI that reads along."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control or text == "\n" else harmless(text, lines=True), style, control)


out = SafeConsole()
err = SafeConsole(stderr=True)

_BARS = "▁▂▃▄▅▆▇█"


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str | None = None,
    console: Console | None = None,
) -> None:
    """A table; numbers stand to the right.

    No word is broken: into a file a table is as wide as it wants to be; on a terminal it wraps between words, and
    where even that does not fit, each row is a block of its own, a line a column.
    """
    console = console or out
    listed = [list(row) for row in rows]
    # As text, not markup: a name or a reason may hold [brackets].
    columns_of = [_told_apart([row[n] for row in listed]) for n in range(len(columns))]
    cells = [list(row) for row in zip(*columns_of, strict=True)]
    heads = [Text.from_markup(column) for column in columns]
    texts = [[head, *(row[n] for row in cells)] for n, head in enumerate(heads)]
    longest = [max(cell_len(line) for each in column for line in each.plain.split("\n")) for column in texts]
    least = [max((cell_len(word) for each in column for word in each.plain.split()), default=1) for column in texts]
    # The usual three spaces between columns, or two where only that keeps words whole.
    gap = next((gap for gap in (3, 2) if sum(least) + _between(least, gap) <= console.width), None)
    if not console.is_terminal:
        widths, gap = longest, 3
    elif gap is None:
        _blocks(heads, cells, title, console)
        return
    else:
        widths = _shrunk(longest, least, console.width - _between(least, gap))
    made = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, gap - 2))
    for index, (head, width) in enumerate(zip(heads, widths, strict=True)):
        numeric = any(isinstance(row[index], int | float) for row in listed)
        made.add_column(head, justify="right" if numeric else "left", overflow="fold", width=width)
    for row in cells:
        made.add_row(*row)
    if console.is_terminal:
        console.print(made)
    else:
        SafeConsole(file=console.file, width=max(sum(widths) + _between(widths, gap), console.width)).print(made)


def _told_apart(values: Sequence[object]) -> list[Text]:
    """A column as text: two numbers of it that differ do not look alike."""
    inner = [value.unwrap() if isinstance(value, Success) else value for value in values]
    doubles = [value for value in inner if isinstance(value, float)]
    shown_as = dict(zip(doubles, told_apart(doubles), strict=True)) if doubles else {}
    return [Text(harmless(shown_as[value] if isinstance(value, float) else cell(value), lines=True)) for value in inner]


def _shrunk(longest: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths that fit into the room, taken from the widest columns first, and none less than its longest word."""
    widths = [max(low, min(high, room)) for high, low in zip(longest, least, strict=True)]
    while sum(widths) > room:
        widest = max((n for n in range(len(widths)) if widths[n] > least[n]), key=lambda n: widths[n])
        widths[widest] -= 1
    return widths


def _between(columns: Sequence[object], gap: int) -> int:
    """What stands between the columns of a table and beside them."""
    return gap * (len(columns) - 1) + 2


def _blocks(columns: Sequence[Text], rows: Sequence[Sequence[Text]], title: str | None, console: Console) -> None:
    """Rows as blocks of lines; what is empty is left out."""
    heads = [" ".join(column.plain.split()) for column in columns]
    widest = max(map(cell_len, heads), default=0)
    if title is not None:
        console.print(title, style="italic", highlight=False, soft_wrap=True)
    for row in rows:
        console.print()
        for head, value in zip(heads, row, strict=True):
            if value.plain:
                line = Text(f"{head}{' ' * (widest - cell_len(head))}  ", "bold")
                line.append(value.plain, "not bold")
                # A word that no line holds is left to the terminal, which copies it whole.
                console.print(line, soft_wrap=any(cell_len(word) > console.width for word in line.plain.split()))
    console.print()


def cell(value: object) -> str:
    """A value for people: numbers to six digits, nothing for None."""
    match value:
        case None:
            return ""
        case Success(inner) | Failure(inner):
            return cell(inner)
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return shown(value)
        case Mapping():
            return ", ".join(f"{key}={inner}" for key, inner in value.items())
    return str(value)


def print_json(value: object) -> None:
    """A value as JSON on standard output: NaN and infinities as text, a failed number as {"error": reason}."""
    out.file.write(json.dumps(plain(value), indent=2, ensure_ascii=not _holds_all(out.file)) + "\n")


def degrade(*streams: TextIO) -> None:
    """A sign that the encoding of a stream does not have becomes a question mark, and stops nothing."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper) and not _holds_all(stream):
            stream.reconfigure(errors="replace")


def _holds_all(stream: IO[str]) -> bool:
    """Whether a stream can be written every sign; one that has no encoding is in memory."""
    encoding = getattr(stream, "encoding", None)
    return not isinstance(encoding, str) or encoding.lower().replace("-", "").replace("_", "").startswith("utf")


def plain(value: object) -> object:
    """What JSON can hold of a value."""
    match value:
        case Success(inner):
            return plain(inner)
        case Failure(reason):
            return {"error": plain(reason)}
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else repr(value)
        case dt.date() | dt.datetime():
            return value.isoformat()
        case UUID() | Path():
            return str(value)
        case Mapping():
            return {str(key): plain(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(inner) for inner in value]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return str(value)


def sparkline(values: Sequence[float | None]) -> str:
    """A line of bars, one a value, from the smallest to the largest; a dot where there is none."""
    known = [v for v in values if v is not None and math.isfinite(v)]
    if not known:
        return "·" * len(values)
    low, high = min(known), max(known)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BARS[round((v - low) * scale)] if v is not None and math.isfinite(v) else "·" for v in values)

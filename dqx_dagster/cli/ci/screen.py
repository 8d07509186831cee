"""What a gate says on a terminal: checks × partitions, then a line per problem, then what moved, then the result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.text import Text

from dqx_dagster.cli.ci.verdicts import Exit, Gate, Outcome, Verdict
from dqx_dagster.cli.ci.words import RESULT, grouped, moved, numbers_moved

SIGNS = {
    Outcome.PASSED: ("✓", "green"),
    Outcome.FAILED: ("✗", "bold red"),
    Outcome.ERROR: ("!", "bold red"),
    Outcome.NO_RESULT: ("?", "yellow"),
    Outcome.SKIPPED: ("-", "yellow"),
}
LEGEND = "✓ passed  ✗ failed  ! could not be computed  ? no result  - skipped"
_NARROWEST = 24
"""Columns that the name of a check gets at least."""
_MOST = 60
"""Lines of problems that are shown."""


def show(gate: Gate, console: Console) -> None:
    """Print all of it."""
    for asset in dict.fromkeys(verdict.asset for verdict in gate.verdicts):
        of_asset = [verdict for verdict in gate.verdicts if verdict.asset == asset]
        for line in table(asset, of_asset, gate, console.width):
            console.print(line, highlight=False, no_wrap=True, overflow="crop", crop=True)
    console.print(Text(f"\n{LEGEND}{_splits(gate)}", "dim"), soft_wrap=True)
    for trouble in gate.troubles:
        where = f" {trouble.partitions}" if trouble.partitions else ""
        console.print(Text(f"broke  {trouble.step}{where}: {trouble.message}", style="bold red"), soft_wrap=True)
    told = list(grouped(gate))
    if told:
        console.print()
    for verdicts in told[:_MOST]:
        console.print(_line(gate, verdicts), highlight=False, soft_wrap=True)
    if len(told) > _MOST:
        console.print(f"… and {len(told) - _MOST:,} more; --json has them all.")
    if gate.comparison is not None:
        _show_comparison(gate, console)
    for note in gate.notes:
        console.print(Text(f"Note: {note}", style="yellow"), soft_wrap=True)
    style = "bold green" if gate.exit_code is Exit.PASSED else "bold red"
    console.print(
        Text(
            f"\n{RESULT[gate.exit_code]}: {gate.headline} ({gate.seconds:.1f} s, exit code {int(gate.exit_code)})",
            style,
        ),
        soft_wrap=True,
    )


def table(asset: str, verdicts: Sequence[Verdict], gate: Gate, width: int) -> Iterator[Text]:
    """Checks × partitions, in blocks that fit the width: a column for each date, and in it a sign for each split."""
    columns = _columns([p for p in gate.partitions if any(v.partition == p for v in verdicts)])
    if any(verdict.partition is None for verdict in verdicts):
        columns = {"": [None], **columns}
    checks = list(dict.fromkeys(verdict.check for verdict in verdicts))
    cells = {(verdict.check, verdict.partition): verdict for verdict in verdicts}
    name_width = max(_NARROWEST, min(max(map(len, [*checks, asset])), width // 2))
    for number, block in enumerate(_blocks(list(columns), columns, width - name_width - 5)):
        header = Text(_short(asset, name_width).ljust(name_width + 5) if not number else " " * (name_width + 5), "bold")
        for name in block:
            header.append(name.ljust(_width(name, columns[name]) + 1), "dim")
        yield Text("")
        header.rstrip()
        yield header
        for check in checks:
            of_check = [verdict for verdict in verdicts if verdict.check == check]
            line = Text(_short(check, name_width).ljust(name_width + 1))
            line.append(f"{of_check[0].severity}  ", "dim")
            for name in block:
                for partition in columns[name]:
                    cell = cells.get((check, partition))
                    line.append(*(SIGNS[cell.outcome] if cell is not None else (" ", "")))
                line.append(" " * (_width(name, columns[name]) + 1 - len(columns[name])))
            line.rstrip()
            yield line


def _columns(partitions: Iterable[str]) -> dict[str, list[str | None]]:
    """The partitions by the first part of their key: of date and split, by the date."""
    found: dict[str, list[str | None]] = {}
    for partition in partitions:
        found.setdefault(partition.split("|")[0], []).append(partition)
    if len({name[:5] for name in found}) == 1 and all(len(name) == 10 for name in found) and len(found) > 1:
        first, *rest = found.items()  # of days in one year the first is written out
        return dict([first, *((name[5:], parts) for name, parts in rest)])
    return found


def _splits(gate: Gate) -> str:
    """What the signs of one column stand for."""
    splits = list(dict.fromkeys(partition.partition("|")[2] for partition in gate.partitions))
    return f"\nThe signs of a column are, in this order: {', '.join(splits)}" if len(splits) > 1 else ""


def _width(name: str, parts: Sequence[object]) -> int:
    return max(len(name), len(parts))


def _blocks(names: Sequence[str], columns: dict[str, list[str | None]], width: int) -> Iterator[list[str]]:
    block: list[str] = []
    for name in names:
        if block and sum(_width(n, columns[n]) + 1 for n in [*block, name]) > width:
            yield block
            block = []
        block.append(name)
    if block:
        yield block


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _line(gate: Gate, verdicts: Sequence[Verdict]) -> Text:
    """One problem: where, how bad, what, with its numbers."""
    first = verdicts[0]
    sign, style = SIGNS[first.outcome]
    line = Text(f"{sign} ", style)
    line.append(f"{first.severity} ", "bold" if gate.counts(first) else "dim")
    where = f"{first.partition} " if first.partition else ""
    line.append(f"{where}{first.asset} › {first.title}: {first.message}")
    if len(verdicts) > 1:
        line.append(f" (and {len(verdicts) - 1} more partition{'s' if len(verdicts) > 2 else ''})", "dim")
    return line


def _show_comparison(gate: Gate, console: Console) -> None:
    comparison = gate.comparison
    assert comparison is not None
    console.print(Text(f"\n{numbers_moved(comparison)}"), soft_wrap=True)
    shown = list(moved(comparison))
    for line, too_far in shown[:_MOST]:
        console.print(Text(line, "bold red" if too_far else ""), soft_wrap=True)
    if len(shown) > _MOST:
        console.print(f"… and {len(shown) - _MOST:,} more; --json has them all.")

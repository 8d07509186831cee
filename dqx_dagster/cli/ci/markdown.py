"""A gate as Markdown, for a job summary or a comment on a pull request: the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dqx_core.harmless import harmless
from dqx_dagster.cli.ci.screen import LEGEND, SIGNS
from dqx_dagster.cli.ci.verdicts import Comparison, Exit, Gate
from dqx_dagster.cli.ci.words import RESULT, by_size, grouped, kind, numbers_moved, size, values_of

_MOST = 50
"""Rows of a table: GitHub takes comments of 65,536 characters."""


def markdown(gate: Gate) -> str:
    """The result, the problems, what moved, then all checks folded away."""
    return "\n".join(_lines(gate)) + "\n"


def _lines(gate: Gate) -> Iterator[str]:
    sign = "✅" if gate.exit_code is Exit.PASSED else "❌"
    yield f"## {sign} dqx ci: {RESULT[gate.exit_code]}"
    yield ""
    days = f", {gate.partitions[0]} to {gate.partitions[-1]}" if len(gate.partitions) > 1 else ""
    days = days or "".join(f", {partition}" for partition in gate.partitions)
    location = harmless(gate.location).replace("`", "")
    yield f"`{location}`{_escape(days)}: {gate.headline}. Failures count from {gate.fail_on} on."
    if gate.troubles:
        yield ""
        yield from _table(["broke", "partitions", "why"], [(t.step, t.partitions, t.message) for t in gate.troubles])
    problems = list(grouped(gate))
    if problems:
        yield ""
        rows = [
            (
                SIGNS[first.outcome][0],
                str(first.severity) if gate.counts(first) else f"({first.severity})",
                (first.partition or "") + (f" +{len(verdicts) - 1}" if len(verdicts) > 1 else ""),
                f"{first.asset} › {first.title}",
                first.message,
            )
            for first, verdicts in ((each[0], each) for each in problems)
        ]
        yield from _table(["", "severity", "partition", "check", "what"], rows)
    if gate.comparison is not None:
        yield from _comparison(gate.comparison)
    yield ""
    yield "<details><summary>All checks</summary>"
    yield ""
    yield from _all(gate)
    yield ""
    yield f"{LEGEND}"
    yield ""
    yield "</details>"
    for note in gate.notes:
        yield ""
        yield f"> {_escape(note)}"


def _comparison(comparison: Comparison) -> Iterator[str]:
    yield ""
    yield f"### What moved\n\n{_escape(numbers_moved(comparison))}"
    if comparison.changes:
        yield ""
        rows = [
            (
                "⚠️" if comparison.beyond(change) else kind(change),
                f"{change.after_date or change.before_date} {' '.join(change.tags.values())}",
                f"{change.dataset}.{change.metric}" if change.dataset else change.metric,
                *values_of(change),
                size(change),
            )
            for change in by_size(comparison)
        ]
        yield from _table(["", "partition", "metric", "before", "after", "change"], rows)


def _all(gate: Gate) -> Iterator[str]:
    """Each check with how many partitions it passed, and a sign for each."""
    rows = []
    for asset, check in dict.fromkeys((verdict.asset, verdict.check) for verdict in gate.verdicts):
        found = [verdict for verdict in gate.verdicts if (verdict.asset, verdict.check) == (asset, check)]
        signs = "".join(SIGNS[verdict.outcome][0] for verdict in found)
        rows.append((asset, found[0].title, str(found[0].severity), signs))
    yield from _table(["asset", "check", "severity", "partitions"], rows, most=len(rows))


def _table(names: Sequence[str], rows: Sequence[Iterable[str]], *, most: int = _MOST) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in rows[:most]:
        yield f"| {' | '.join(map(_escape, row))} |"
    if len(rows) > most:
        yield ""
        yield f"… and {len(rows) - most:,} more."


def _escape(text: str) -> str:
    """Text that stays itself in a cell."""
    text = harmless(text)
    for sign in "\\`*_[]<>|":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())

"""How a gate's findings are put into words, the same in every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from returns.result import Success

from dqx_core.numerals import told_apart
from dqx_core.retrieval import MetricChange
from dqx_dagster.cli.ci.verdicts import Comparison, Exit, Gate, Verdict
from dqx_dagster.cli.printing import cell

RESULT = {
    Exit.PASSED: "Passed",
    Exit.FAILED: "Failed",
    Exit.BROKEN: "Broken",
    Exit.NO_RESULT: "Not all checks gave a result",
}


def grouped(gate: Gate) -> Iterator[Sequence[Verdict]]:
    """The problems in their order, each alone; what a check does not say of several partitions is one problem."""
    silent: dict[tuple[str, str, str], list[Verdict]] = {}
    for verdict in gate.problems:
        if verdict.silent:
            silent.setdefault((verdict.asset, verdict.check, verdict.outcome), []).append(verdict)
        else:
            yield [verdict]
    yield from silent.values()


def numbers_moved(comparison: Comparison) -> str:
    """What became of the numbers, in a sentence."""
    kinds = {"moved": 0, "new": 0, "gone": 0}
    for change in comparison.changes:
        kinds[kind(change)] += 1
    told = ", ".join(f"{count:,} {what}" for what, count in kinds.items() if count) or "none moved"
    tolerance = ""
    if comparison.max_change is not None:
        tolerance = f"; {len(comparison.too_far):,} by more than {comparison.max_change * 100:.4g} %"
    without = ""
    if comparison.without:
        named = ", ".join(comparison.without[:5]) + (" …" if len(comparison.without) > 5 else "")
        without = f" The baseline says nothing of {len(comparison.without)} partitions: {named}."
    return f"Against {comparison.baseline}: {comparison.same:,} numbers the same, {told}{tolerance}.{without}"


def values_of(change: MetricChange) -> tuple[str, str]:
    """Before and after, as text: what moved does not look as if it had not."""
    both = [change.before, change.after]
    numbers = [value.unwrap() for value in both if isinstance(value, Success)]
    told = iter(told_apart(numbers))
    before, after = (next(told) if isinstance(value, Success) else cell(value) for value in both)
    return before, after


def kind(change: MetricChange) -> str:
    """Moved, new or gone."""
    if change.before is None:
        return "new"
    return "gone" if change.after is None else "moved"


def size(change: MetricChange) -> str:
    """By how much a number moved: as a share, where there is one."""
    if change.relative is not None:
        return f"{change.relative:+.1%}"
    return "" if kind(change) == "moved" else kind(change)


def by_size(comparison: Comparison) -> list[MetricChange]:
    """What moved, the furthest first; then what is gone, then what is new."""
    order = ["moved", "gone", "new"]
    return sorted(
        comparison.changes,
        key=lambda c: (
            not comparison.beyond(c),
            order.index(kind(c)),
            -abs(c.relative if c.relative is not None else 9e9),
        ),
    )


def moved(comparison: Comparison) -> Iterator[tuple[str, bool]]:
    """Each number that moved in a line, and whether it moved too far."""
    for change in by_size(comparison):
        tags = "|".join(change.tags.values())
        where = f"{change.after_date or change.before_date}{f'|{tags}' if tags else ''}"
        dataset = f"{change.dataset}." if change.dataset else ""
        values = " → ".join(value or "—" for value in values_of(change))
        yield f"{where} {dataset}{change.metric}: {values} {size(change)}".rstrip(), comparison.beyond(change)

"""How well roles are suggested for public tables whose roles are documented: `python -m benchmarks roles`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks._pages import put_results
from benchmarks.role_schemas import Table, held_out, tuned
from dqx_core.datasets.roles import suggest_columns

REPORT = Path(__file__).with_suffix(".md")

SPLITS: Mapping[str, Callable[[], list[Table]]] = {"tuned on": tuned, "held out": held_out}


@dataclass(frozen=True)
class Found:
    """How the suggestions compare with what is documented."""

    documented: int
    right: int
    wrong: tuple[str, ...]
    """Answers that are another column, or for a role that the page gives no column."""
    missed: tuple[str, ...]


def judged(known: Sequence[Table]) -> Found:
    """Suggestions beside the truth, over all tables."""
    right, wrong, missed = 0, [], []
    for table in known:
        for role, suggestion in suggest_columns(
            {f"raw_data.{table.name}": table.columns}, f"raw_data.{table.name}"
        ).items():
            said, truth = suggestion.best and suggestion.best.column, table.roles.get(role)
            right += said is not None and said == truth
            if said is not None and said != truth:
                wrong.append(f"{table.name}: {role} is {truth or 'nothing'}, not {said}")
            elif truth is not None and said is None:
                missed.append(f"{table.name}: {role} is {truth}")
    return Found(sum(len(table.roles) for table in known), right, tuple(wrong), tuple(missed))


def main() -> None:
    """Measure, print and write the report."""
    lines = ["| tables | | documented roles | right | wrong | precision | recall |", "|---|---|---|---|---|---|---|"]
    for split, make in SPLITS.items():
        known = make()
        found = judged(known)
        answers = found.right + len(found.wrong)
        lines.append(
            f"| {split} | {len(known)} | {found.documented} | {found.right} | {len(found.wrong)} "
            f"| {100 * found.right / answers:.1f} % | {100 * found.right / found.documented:.1f} % |"
        )
        print(*(f"wrong: {each}" for each in found.wrong), *(f"missed: {each}" for each in found.missed), sep="\n")
    put_results(REPORT, "\n".join(lines))


if __name__ == "__main__":
    main()

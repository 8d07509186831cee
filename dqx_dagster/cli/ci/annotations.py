"""A gate as GitHub's workflow commands: problems shown at the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from dqx_core.harmless import harmless
from dqx_dagster.cli.ci.verdicts import Gate
from dqx_dagster.cli.ci.words import RESULT, grouped

_MOST = 10
"""GitHub shows ten errors and ten warnings of a step."""


def workflow_commands(gate: Gate) -> Iterator[str]:
    """A line for each problem, the worst first: errors for what counts, warnings for the rest."""
    for trouble in gate.troubles[:_MOST]:
        text = f"{trouble.step} {trouble.partitions}: {trouble.message}".replace(" :", ":")
        yield _command("error", {"title": "dqx ci: broken"}, text)
    problems = list(grouped(gate))
    counting = [each for each in problems if gate.counts(each[0]) or gate.missing(each[0])]
    others = [each for each in problems if each not in counting]
    room = max(1, _MOST - len(gate.troubles))
    for level, found in (("error", counting), ("warning", others)):
        for number, verdicts in enumerate(found[:room], start=1):
            first = verdicts[0]
            file = first.code.file if first.code else gate.code
            place = {"file": file, "line": str(first.code.line if first.code else 1)} if file else {}
            more = f" (and {len(verdicts) - 1} more partitions)" if len(verdicts) > 1 else ""
            left = f" And {len(found) - room} more problems." if number == room and len(found) > room else ""
            where = f"{first.partition} " if first.partition else ""
            title = {"title": f"{first.severity} {where}{first.asset} › {first.title}"}
            yield _command(level, {**place, **title}, f"{first.message}{more}{left}")
    if gate.comparison is not None and gate.comparison.too_far:
        yield _command("error", {"title": f"dqx ci: {RESULT[gate.exit_code]}"}, gate.headline)


def _command(level: str, properties: dict[str, str], message: str) -> str:
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {shown}::{_data(message)}"


def _data(text: str) -> str:
    return harmless(text, lines=True).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

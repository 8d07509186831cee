"""Print the tests that a run skipped, and fail if one of them is not on the list of those that may be.

`python .ci/skipped.py REPORT LIST`: the report is pytest's `--junitxml`. A line of the list is a test, with `*` for
what differs, and after blanks the reason why it may be skipped.
"""

import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from xml.etree import ElementTree


def skipped(report: Path) -> Iterator[tuple[str, str]]:
    """Each test that was skipped, and what it gave as the reason; a failure that was expected is none."""
    for case in ElementTree.parse(report).iter("testcase"):
        for found in case.findall("skipped"):
            if found.get("type") != "pytest.xfail":
                module, name = case.get("classname", ""), case.get("name", "")
                yield "::".join(filter(None, (module, name))), found.get("message", "")


def allowed(names: Path) -> list[str]:
    """The patterns of the list. A line without a reason allows nothing."""
    lines = (line.split(maxsplit=1) for line in names.read_text("utf-8").splitlines() if not line.startswith("#"))
    return [line[0] for line in lines if len(line) > 1]


def main(report: Path, names: Path) -> int:
    """Exit code 1 where a test that is promised was skipped, or nothing tells what ran."""
    if not report.exists():
        print("There is no report of the tests: nothing tells what was skipped.")
        return 1
    patterns, promised = allowed(names), 0
    for test, reason in skipped(report):
        may = any(fnmatchcase(test, pattern.replace("[", "[[]")) for pattern in patterns)
        promised += not may
        print(f"{'Skipped, as it may be' if may else 'SKIPPED, BUT PROMISED'}: {test}: {reason}")
    return min(promised, 1)


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))

"""Every promise of docs/promises names the tests that hold it, and each of them is there."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs" / "promises").glob("*.md"))


def promises(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each promise, `- text`, with the tests below it, lines of two spaces and a test in backquotes."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("- "):
            found.append((line.removeprefix("- "), []))
        elif line.startswith("  - `") and line.endswith("`") and found:
            found[-1][1].append(line.removeprefix("  - `").removesuffix("`"))
        elif line.startswith("  ") and found and not found[-1][1]:
            found[-1] = (f"{found[-1][0]} {line.strip()}", [])
        elif line.startswith((" ", "*")):
            raise ValueError(f"neither a promise nor a test: {line!r}")
    yield from found


@cache
def names_in(path: str) -> frozenset[str]:
    """The tests of a file, those of a class as `Class::test`; found without importing it."""
    file = ROOT / path
    if not path.startswith("tests/") or not file.is_file():
        return frozenset()
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    body = ast.parse(file.read_text("utf-8")).body
    names = [node.name for node in body if isinstance(node, functions)]
    for made in (node for node in body if isinstance(node, ast.ClassDef) and node.name.startswith("Test")):
        names += [f"{made.name}::{node.name}" for node in made.body if isinstance(node, functions)]
    return frozenset(name for name in names if name.rpartition("::")[2].startswith("test_"))


def broken(text: str) -> list[str]:
    """What is wrong with a page of promises."""
    wrong = []
    for promise, named in promises(text):
        if not named:
            wrong.append(f"no test holds: {promise}")
        for test in named:
            path, _, name = test.partition("::")
            if name not in names_in(path):
                wrong.append(f"there is no test {test}, named for: {promise}")
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_promise_has_tests_that_are_there(page):
    text = page.read_text("utf-8")
    assert list(promises(text))
    assert broken(text) == []


def test_a_promise_without_a_test_and_a_test_that_is_not_there_are_found():
    here = "tests/test_promises.py"
    kept = f"# A page\n\n## A heading\n\n- It keeps\n  its word.\n  - `{here}::{tested}`\n"
    assert list(promises(kept)) == [("It keeps its word.", [f"{here}::{tested}"])]
    assert broken(kept) == []
    assert broken("- Nobody holds it.\n") == ["no test holds: Nobody holds it."]
    for wrong in (f"{here}::test_nothing", f"{here}::broken", "tests/test_nowhere.py::test_x", "definitions.py::defs"):
        assert broken(f"- It.\n  - `{wrong}`\n") == [f"there is no test {wrong}, named for: It."]
    with pytest.raises(ValueError, match="neither a promise nor a test"):
        broken("- It.\n  - `tests/a.py::test_a`\n  and more\n")


tested = "test_a_promise_without_a_test_and_a_test_that_is_not_there_are_found"

"""The README's example runs as printed, and prints what it says."""

import re
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def block(language):
    return re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)[1]


def test_the_example_prints_what_the_readme_says(capsys):
    exec(compile(block("python"), "README.md", "exec"), {"__name__": "readme"})

    assert capsys.readouterr().out == block("text")


def test_every_file_the_readme_links_to_is_there():
    root = Path(__file__).parents[1]
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]

    assert links
    assert [link for link in links if not (root / link.partition("#")[0]).exists()] == []


def test_the_readme_stays_short():
    assert len(README.splitlines()) < 200

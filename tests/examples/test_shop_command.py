"""The shop's command: makes it once, says which days are bad, and refuses in one sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests import forked

ROOT = Path(__file__).parents[2]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return forked.run([sys.executable, "-m", "examples.shop", *arguments], cwd=ROOT)


def test_the_command_makes_the_shop_once_and_says_which_days_are_bad(tmp_path):
    file = tmp_path / "shop.duckdb"
    arguments = ("--days", "10", "--rows-per-day", "50", "--seed", "3", "--database", str(file))

    first, second = command(*arguments), command(*arguments)

    assert first.returncode == second.returncode == 0
    assert "Made the shop" in first.stdout
    assert "2024-01-10" in first.stdout
    assert "60 % of the emails are null" in " ".join(first.stdout.split())
    assert "Nothing to write" in second.stdout
    assert file.exists()


def test_the_command_refuses_in_one_sentence(tmp_path):
    (tmp_path / "notes.txt").write_text("not a database")

    refused = command("--database", str(tmp_path / "notes.txt"))

    assert refused.returncode == 2
    assert "notes.txt" in "".join(refused.stderr.replace("│", "").split())  # the box breaks long paths
    assert "Traceback" not in refused.stderr
    assert (tmp_path / "notes.txt").read_text() == "not a database"


def test_a_day_that_is_none_is_refused():
    assert "'yesterday' is not a day such as 2024-01-31" in " ".join(command("--start", "yesterday").stderr.split())


def test_help_teaches():
    text = command("--help").stdout

    for word in ("raw_data.transactions", "--rows-per-day", "--no-incidents", "python -m examples.shop"):
        assert word in text

"""The script that a person runs on the real service says on the local one what docs/bigquery.md says it should."""

import os
import re
import sys

import pytest

from tests import forked
from tests.bigquery.test_killed import Process
from tests.examples.conftest import ROOT


@pytest.mark.slow
def test_the_live_script_prints_what_the_page_expects(tmp_path):
    page = (ROOT / "docs/bigquery.md").read_text("utf-8")
    expected = re.search(r"```text\n(ok .*?)```", page, re.DOTALL)[1]
    server = Process("--credentials", tmp_path / "key.json")
    try:
        words = [sys.executable, "-m", "benchmarks.bigquery_live", "--project", "local"]
        done = forked.run(words, cwd=ROOT, env={**os.environ, **server.variables})
    finally:
        server.kill()
    assert done.stdout == expected, done.stderr
    assert re.fullmatch(r"\d+ jobs, \d+ MiB billed\n", done.stderr)

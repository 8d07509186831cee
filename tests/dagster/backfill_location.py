"""The feed as a code location in a file, for a daemon to load; its metric store is in $DQX_TEST_FOLDER."""

import os
from pathlib import Path

from tests.dagster.scenario import definitions

defs = definitions(Path(os.environ["DQX_TEST_FOLDER"]), metrics=True)

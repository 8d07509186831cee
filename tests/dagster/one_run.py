"""One run of the feed over a range, in a process of its own: `python -m tests.dagster.one_run FOLDER FIRST LAST`.

DAGSTER_HOME says which instance; the run's id is printed. It waits until a file `go` is in the folder.
"""

import sys
import time
from pathlib import Path

import dagster as dg

from tests.dagster.scenario import definitions, span

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    job = definitions(folder).resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.get() as instance:
        deadline = time.monotonic() + 30
        while not (folder / "go").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        result = job.execute_in_process(instance=instance, tags=span(sys.argv[2], sys.argv[3]), raise_on_error=False)
        print(result.run_id)
        sys.exit(0 if result.success else 1)
